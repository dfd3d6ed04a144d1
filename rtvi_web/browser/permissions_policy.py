"""What the server of a page, or the page around a frame, allows it at all (MDN: Permissions Policy)."""

from __future__ import annotations

from rtvi_web.browser import _js


def allows(feature: str) -> bool:
    """Whether the page may use a feature, such as ``"microphone"``; also if the browser does not tell.

    Raises:
        NotInBrowserError: this is not a page.
    """
    document = _js.api("document")
    policy = getattr(document, "permissionsPolicy", None) or getattr(document, "featurePolicy", None)
    return policy is None or bool(policy.allowsFeature(feature))

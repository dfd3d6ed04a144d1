"""What a request's headers allow: which form of a file the browser takes, and whether it has the file already."""

FORMS = ("br", "gzip", "identity")
"""The forms of a file, the smallest first."""


def best_form(accept_encoding: str) -> str:
    """The form that an ``Accept-Encoding`` header likes best, of several the smallest; else ``"identity"``."""
    weights = dict(_weight(part) for part in accept_encoding.lower().split(",") if part.strip())
    likes = {form: weights.get(form, weights.get("*", 0.0)) for form in FORMS}
    best = max(likes.values())
    return next(form for form in FORMS if likes[form] == best) if best > 0 else "identity"


def _weight(part: str) -> tuple[str, float]:
    """One coding and its weight; what cannot be read has none."""
    coding, _, parameters = part.partition(";")
    name, _, value = parameters.partition("=")
    try:
        weight = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return coding.strip(), weight if weight <= 1 else 0.0  # "nan" is none either


def is_known(etag: str, if_none_match: str) -> bool:
    """Whether an ``If-None-Match`` header names the ETag. One that a proxy has made weak counts as well."""
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in known or "*" in known

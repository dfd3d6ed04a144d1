"""What a request's headers allow: which form of a file the browser takes, and whether it has the file already."""

FORMS = ("br", "gzip", "identity")
"""The forms of a file, the smallest first."""


def best_form(accept_encoding: str) -> str:
    """The smallest form that an ``Accept-Encoding`` header takes; ``"identity"`` if it takes none of ours."""
    weights = dict(_weight(part) for part in accept_encoding.lower().split(",") if part.strip())
    others = weights.get("*", 0.0)
    return next((form for form in FORMS if weights.get(form, others) > 0), "identity")


def _weight(part: str) -> tuple[str, float]:
    """One coding and its weight; what cannot be read has none."""
    coding, _, parameters = part.partition(";")
    name, _, value = parameters.partition("=")
    try:
        weight = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return coding.strip(), weight


def is_known(etag: str, if_none_match: str) -> bool:
    """Whether an ``If-None-Match`` header names the ETag. One that a proxy has made weak counts as well."""
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in known or "*" in known

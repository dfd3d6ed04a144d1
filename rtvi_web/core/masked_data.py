"""What recordings show of messages: everything but keys, tokens and passwords."""

from __future__ import annotations

import json
import re
from typing import Any

from rtvi_web.core.foreign_json import read_json
from rtvi_web.core.masking import MASK, masked_url

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_SECRET = frozenset(("apikey", "authorization", "bearer", "cookie", "credential", "credentials", "jwt", "passphrase"))
_SECRET |= {"passwd", "password", "pwd", "secret", "secrets", "signature", "token"}
"""A name with one of these words names a secret."""
_PAIRS = ("name", "key", "header")
"""What names the ``value`` beside it, as options of a configuration do: ``{"name": "api_key", "value": "…"}``."""
_URL = re.compile(r"\b(?:https?|wss?)://[^\s\"'<>]++", re.IGNORECASE)
_KEY = re.compile(
    r"\b(?:(?:sk|pk|rk|ek|gsk|hf|xai|glpat|github_pat|gh[opsu]|xox[abprs])[-_][\w-]{8,}+"  # of known services
    r"|AIza[\w-]{20,}+|AKIA[A-Z0-9]{12,}+"
    r"|eyJ[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]++)?)"  # a JSON Web Token
)
_NAMED = re.compile(
    r"((?:api[-_ ]?key|authorization|bearer|passphrase|password|secret|token)[\"']?\s{0,4}[=:]\s{0,4}[\"']?"
    r"(?:(?:bearer|basic)\s{1,4})?)[^\s\"'&,;…]{3,}+|(\bbearer\s{1,4})(?=[^\s\d]{0,64}\d)[\w.~+/=-]{8,}+",
    re.IGNORECASE,
)


def masked_data(data: Any, secrets: tuple[str, ...] = ()) -> Any:
    """JSON without the values of keys, tokens and passwords, in place of which ``…`` stands.

    These are recognised by their name, by the name beside them, by the forms of known services, by their place in an
    address, or because they are ``secrets``. Masking what is masked changes nothing.

    Args:
        data: what was read from JSON.
        secrets: texts that must not be shown anywhere.
    """
    if isinstance(data, str):
        return _masked_text(data, secrets)
    if isinstance(data, list):
        return [masked_data(value, secrets) for value in data]
    if isinstance(data, dict):
        names_secret = any(isinstance(data.get(name), str) and names_secret_value(data[name]) for name in _PAIRS)
        return {
            name: _hidden(value)
            if names_secret_value(name) or (names_secret and name == "value")
            else masked_data(value, secrets)
            for name, value in data.items()
        }
    return data


def names_secret_value(name: str) -> bool:
    """Whether a value of this name is a key, a token or a password: ``api_key``, ``x-auth-token``, ``clientSecret``."""
    words = [word.lower() for word in _WORDS.findall(name)]
    return not _SECRET.isdisjoint(words) or (len(words) > 1 and words[-1] in ("key", "keys"))


def _hidden(value: Any) -> Any:
    """A secret value: its shape stays."""
    if isinstance(value, list):
        return [_hidden(each) for each in value]
    if isinstance(value, dict):
        return {name: _hidden(each) for name, each in value.items()}
    return value if value is None or value == "" or isinstance(value, bool) else MASK


def _masked_text(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    if text[:1] in ("{", "["):  # Arguments of functions are JSON in JSON.
        try:
            inner = read_json(text)
        except ValueError:
            pass
        else:
            masked = masked_data(inner, secrets)
            return text if masked == inner else json.dumps(masked, ensure_ascii=False)
    text = _URL.sub(lambda found: masked_url(found.group()), text)
    text = _KEY.sub(MASK, text)
    return _NAMED.sub(lambda found: f"{found.group(1) or found.group(2)}{MASK}", text)

"""The RTVI envelope on its way out: ``{"label": "rtvi-ai", "type": …, "id": …, "data": …}``."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from rtvi_web._version import __version__

LABEL = "rtvi-ai"
PROTOCOL_VERSION = "2.2.0"
"""The RTVI version announced in ``client-ready``."""


def new_id() -> str:
    """A fresh message id: 8 hexadecimal digits, as the JavaScript client makes them."""
    return os.urandom(4).hex()


def encode(type: str, data: Any, id: str) -> str:
    """The JSON text of an outgoing message; its characters are written as they are, which is shorter.

    Raises:
        TypeError, ValueError: ``data`` cannot be written as JSON (NaN and infinity cannot).
    """
    return json.dumps({"label": LABEL, "type": type, "data": data, "id": id}, allow_nan=False, ensure_ascii=False)


def client_ready() -> dict[str, Any]:
    """The data of ``client-ready``: the protocol's version, and what this client is."""
    about = {
        "library": "rtvi_web",
        "library_version": __version__,
        "platform": sys.platform,
        "platform_version": ".".join(map(str, sys.version_info[:3])),
    }
    return {"version": PROTOCOL_VERSION, "about": about}

"""The widget of a face's cell. It needs anywidget, which notebooks of all three kinds speak."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


class Cell(anywidget.AnyWidget):
    """A frame, and the messages between its page and the kernel; see ``cell.js``."""

    _esm = Path(__file__).with_name("cell.js").read_text(encoding="utf-8")
    title = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int().tag(sync=True)

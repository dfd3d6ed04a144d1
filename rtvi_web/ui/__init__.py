"""Widgets for pages: plain elements that follow a client. Each works on its own.

::

    from rtvi_web import ui

    ui.connection_badge(client, into="#state")
    ui.mic_button(client, into="#controls")
    picker = ui.device_select(client, "mic", into="#mics")
    ...
    picker.close()

``into`` is a CSS selector or an element. Each function returns a :class:`Widget`: its ``element`` is what was added to
the page, and its ``close()`` removes it. A widget can be made at any time; it shows the present state first, then every
change.

The widgets bring their style sheet with them, which works under any Content-Security-Policy. It is in a cascade layer,
so every rule of the page overrides it. It reads these variables of the page: ``--rtvi-accent``, ``--rtvi-on-accent``,
``--rtvi-ink``, ``--rtvi-soft``, ``--rtvi-surface``, ``--rtvi-tint``, ``--rtvi-line``, ``--rtvi-good``, ``--rtvi-warn``,
``--rtvi-bad``, ``--rtvi-radius``.
"""

from rtvi_web.ui.bot_audio import bot_audio
from rtvi_web.ui.buttons import cam_button, mic_button, screen_button
from rtvi_web.ui.connection_badge import connection_badge
from rtvi_web.ui.device_select import device_select
from rtvi_web.ui.level_meter import level_meter
from rtvi_web.ui.transcript import transcript
from rtvi_web.ui.voice_visualizer import voice_visualizer
from rtvi_web.ui.widget import Widget

__all__ = [
    "Widget",
    "bot_audio",
    "cam_button",
    "connection_badge",
    "device_select",
    "level_meter",
    "mic_button",
    "screen_button",
    "transcript",
    "voice_visualizer",
]

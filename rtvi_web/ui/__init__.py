"""Widgets for pages: plain elements that follow a client, each of which works alone.

::

    from rtvi_web import ui

    ui.connection_badge(client, into="#state")
    ui.mic_button(client, into="#controls")
    picker = ui.device_select(client, "mic", into="#mics")
    ...
    picker.close()

``into`` is a CSS selector or an element. Each returns a :class:`Widget`, which has the ``element`` that was added, and
``close()``, which takes away all that was. Make them when you like: they show how things stand, not only what changes.

Their style sheet comes with them, under any Content-Security-Policy. It is in a cascade layer, so that every rule of
the page wins over it, and takes these variables from the page: ``--rtvi-accent``, ``--rtvi-on-accent``, ``--rtvi-ink``,
``--rtvi-soft``, ``--rtvi-surface``, ``--rtvi-tint``, ``--rtvi-line``, ``--rtvi-good``, ``--rtvi-warn``, ``--rtvi-bad``,
``--rtvi-radius``.
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

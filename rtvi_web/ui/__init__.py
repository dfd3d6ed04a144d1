"""Widgets for pages: plain elements that follow a client. Each works on its own.

:func:`console` composes them to a whole face of a bot, and :func:`launcher` puts that behind a floating button::

    from rtvi_web import ui

    ui.console(client, into="main")

Or one by one::

    ui.connection_badge(client, into="#state")
    ui.mic_button(client, into="#controls")
    picker = ui.device_select(client, "mic", into="#mics")
    ...
    picker.close()

``into`` is a CSS selector or an element, also one inside a shadow root. Each function returns a :class:`Widget`: its
``element`` is what was added to the page, and its ``close()`` removes it. A widget can be made at any time; it shows
the present state first, then every change.

The widgets bring their style sheet with them, which works under any Content-Security-Policy. It is in a cascade layer,
so every rule of the page overrides it. It reads these variables of the page: ``--rtvi-accent``, ``--rtvi-on-accent``,
``--rtvi-ink``, ``--rtvi-soft``, ``--rtvi-surface``, ``--rtvi-tint``, ``--rtvi-line``, ``--rtvi-good``, ``--rtvi-warn``,
``--rtvi-bad``, ``--rtvi-radius``, and ``--rtvi-font`` (the console's).
"""

from typing import TYPE_CHECKING

from rtvi_web.ui.bot_audio import bot_audio
from rtvi_web.ui.buttons import cam_button, mic_button, screen_button
from rtvi_web.ui.connection_badge import connection_badge
from rtvi_web.ui.device_select import device_select
from rtvi_web.ui.level_meter import level_meter
from rtvi_web.ui.transcript import transcript
from rtvi_web.ui.voice_visualizer import voice_visualizer
from rtvi_web.ui.widget import Widget

if TYPE_CHECKING:
    from rtvi_web.ui.face import (
        ProblemCard,
        composer,
        console,
        launcher,
        problem_card,
        push_to_talk,
        realtime_settings,
        start_button,
        transport_badge,
    )

__all__ = [
    "ProblemCard",
    "Widget",
    "bot_audio",
    "cam_button",
    "composer",
    "connection_badge",
    "console",
    "device_select",
    "launcher",
    "level_meter",
    "mic_button",
    "problem_card",
    "push_to_talk",
    "realtime_settings",
    "screen_button",
    "start_button",
    "transcript",
    "transport_badge",
    "voice_visualizer",
]


def __getattr__(name: str) -> object:
    """Import the parts of the console when they are first used: a page with a few widgets does not wait for them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rtvi_web.ui import face

    return getattr(face, name)


def __dir__() -> list[str]:
    return __all__

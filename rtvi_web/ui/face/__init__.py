"""The console, and the parts that came with it. :mod:`rtvi_web.ui` imports them when a page first uses one."""

from rtvi_web.ui.face.composer import composer
from rtvi_web.ui.face.console import console
from rtvi_web.ui.face.launcher import launcher
from rtvi_web.ui.face.problem_card import ProblemCard, problem_card
from rtvi_web.ui.face.push_to_talk import push_to_talk
from rtvi_web.ui.face.realtime_settings import realtime_settings
from rtvi_web.ui.face.start_button import start_button
from rtvi_web.ui.face.transport_badge import transport_badge

__all__ = [
    "ProblemCard",
    "composer",
    "console",
    "launcher",
    "problem_card",
    "push_to_talk",
    "realtime_settings",
    "start_button",
    "transport_badge",
]

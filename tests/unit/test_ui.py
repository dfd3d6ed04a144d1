"""The widgets, where there is no page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rtvi_web import NotInBrowserError, RTVIClient, ui
from rtvi_web.realtime import RealtimeClient
from rtvi_web.testing import ScriptedRealtimeTransport, ScriptedTransport

WIDGETS = sorted(set(ui.__all__) - {"Widget", "ProblemCard"})
OF_ONE_CLIENT = {"cam_button", "screen_button"}


def rtvi_client() -> RTVIClient:
    return RTVIClient(transport=ScriptedTransport())


def realtime_client() -> RealtimeClient:
    return RealtimeClient(transport=ScriptedRealtimeTransport())


@pytest.mark.parametrize(
    ("name", "make_client"),
    [
        *((name, rtvi_client) for name in WIDGETS if name != "realtime_settings"),
        *((name, realtime_client) for name in WIDGETS if name not in OF_ONE_CLIENT),
    ],
)
def test_a_widget_without_a_page_says_what_it_needs(name: str, make_client: Callable[[], Any]) -> None:
    widget = getattr(ui, name)
    arguments = ("mic",) if widget is ui.device_select else ()
    with pytest.raises(NotInBrowserError, match="document exists only in a web page's main thread"):
        widget(make_client(), *arguments, into="#place")

"""The widgets, where there is no page."""

from __future__ import annotations

import pytest

from rtvi_web import NotInBrowserError, RTVIClient, ui
from rtvi_web.testing import ScriptedTransport


@pytest.mark.parametrize("name", sorted(set(ui.__all__) - {"Widget"}))
def test_a_widget_without_a_page_says_what_it_needs(name: str) -> None:
    client = RTVIClient(transport=ScriptedTransport())
    widget = getattr(ui, name)
    arguments = ("mic",) if widget is ui.device_select else ()
    with pytest.raises(NotInBrowserError, match="document exists only in a web page's main thread"):
        widget(client, *arguments, into="#place")

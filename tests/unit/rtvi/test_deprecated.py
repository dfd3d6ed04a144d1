"""The names that older documents use: each warns, in the user's own line, and works."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from sessions import STARTED, URL, Run, Transport, ready, turns

import rtvi_web
from rtvi_web import AlreadyStartedError, ClientParams, InvalidArgumentError, RTVIClient, RTVIEvent, TextData
from rtvi_web.core.emitter import Emitter
from rtvi_web.core.event_members import EventMembers
from rtvi_web.rtvi.protocol.events import EVENTS, RENAMED
from rtvi_web.testing import expect, handshake, say

pytestmark = pytest.mark.usefixtures("tidy")

CONFIG = [{"service": "tts", "options": [{"name": "voice", "value": "x"}]}]

PACKAGE: Any = rtvi_web  # type checkers don't know the deprecated names


def warned(use: Callable[[], Any], says: str) -> Any:
    """What a deprecated name gives; it must have warned once, about the line that uses it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = use()
    [warning] = caught
    assert warning.category is DeprecationWarning
    assert says in str(warning.message)
    assert warning.filename == __file__  # Python shows deprecations in a page's own lines only
    return result


class TestConstructor:
    @pytest.mark.parametrize(
        ("name", "value", "now", "kept"),
        [
            ("base_url", URL, "base_url", URL),
            ("services", {"llm": "together"}, "services", {"llm": "together"}),
            ("config", [{"service": "tts", "options": [{"name": "voice", "value": "x"}]}], "config", CONFIG),
            ("custom_headers", {"X-Key": "k"}, "headers", {"X-Key": "k"}),
            ("custom_headers", [("X-Key", "k")], "headers", {"X-Key": "k"}),
            ("custom_body_params", {"a": 1}, "request_data", {"a": 1}),
        ],
    )
    async def test_what_belongs_into_params_now(self, name: str, value: Any, now: str, kept: Any) -> None:
        client = warned(lambda: RTVIClient(transport=Transport(), **{name: value}), f"params={{'{now}'")
        assert client.params == ClientParams.of({now: kept})

    async def test_what_params_say_wins(self) -> None:
        params = {
            "base_url": URL,
            "services": {"llm": "a"},
            "config": [],
            "headers": {"X": "a"},
            "request_data": {"a": 1},
        }
        with pytest.warns(DeprecationWarning, match="params="):
            client = RTVIClient(
                transport=Transport(),
                params=params,
                base_url="http://old.test",
                services={"llm": "b", "tts": "c"},
                config=CONFIG,
                custom_headers={"X": "b", "Y": "c"},
                custom_body_params={"a": 2, "b": 3},
            )
        assert client.params == ClientParams(
            base_url=URL,
            services={"llm": "a", "tts": "c"},
            config=[],
            headers={"X": "a", "Y": "c"},
            request_data={"a": 1, "b": 3},
        )

    async def test_all_of_it_is_sent(self) -> None:
        transport = Transport(*handshake(), start=[STARTED])
        with pytest.warns(DeprecationWarning, match="params="):
            client = RTVIClient(
                transport=transport,
                base_url=URL,
                services={"llm": "together"},
                config=CONFIG,
                custom_headers={"X-Key": "k"},
                custom_body_params={"room": 1},
            )
        await client.connect()
        [request] = transport.http.requests
        assert request.url == f"{URL}/connect"
        assert request.headers["X-Key"] == "k"
        assert request.body == {
            "services": {"llm": "together"},
            "config": CONFIG,
            "room": 1,
            "rtvi_client_version": rtvi_web.__version__,
        }
        await client.disconnect()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"config": "x"}, r"params\.config must be a list"),
            ({"custom_headers": {"X": 1}}, r"params\.headers must be a dict of texts"),
            ({"services": ["llm"]}, r"params\.services must be a dict"),
        ],
    )
    async def test_nonsense(self, options: Any, message: str) -> None:
        with pytest.warns(DeprecationWarning, match="params="), pytest.raises(InvalidArgumentError, match=message):
            RTVIClient(transport=Transport(), **options)


class TestMembers:
    async def test_start(self) -> None:
        run = Run(Transport(*handshake("0.3.0")))
        with pytest.warns(DeprecationWarning, match=r"start\(\) is deprecated: it is connect\(\) now") as caught:
            data = await run.client.start()
        assert [warning.filename for warning in caught] == [__file__]
        assert data.version == "0.3.0"
        await run.client.disconnect()

    async def test_get_bot_config(self) -> None:
        run = await ready(expect("get-config"), say("config", {"config": CONFIG}, answers=True))
        with pytest.warns(
            DeprecationWarning, match=r"get_bot_config\(\) is deprecated: it is get_config\(\)"
        ) as caught:
            assert await run.client.get_bot_config() == CONFIG
        assert [warning.filename for warning in caught] == [__file__]
        await run.client.disconnect()

    async def test_config_and_services(self) -> None:
        client = RTVIClient(transport=Transport(), params={"config": CONFIG, "services": {"llm": "a"}})
        assert warned(lambda: client.config, "get_config()") == CONFIG
        assert warned(lambda: client.services, "params.services") == {"llm": "a"}
        warned(lambda: setattr(client, "services", {"llm": "b"}), "params.services")
        assert client.params.services == {"llm": "b"}

    async def test_services_are_settled_once_a_bot_is_asked_for(self) -> None:
        run = Run(Transport(*handshake(), start=[STARTED]), params={"base_url": URL})
        refused: list[str] = []

        def change(state: str) -> None:
            try:
                warned(lambda: setattr(run.client, "services", {"llm": state}), "params.services")
            except AlreadyStartedError:
                refused.append(state)

        run.client.on(RTVIEvent.TRANSPORT_STATE_CHANGED, change)
        await run.client.connect()
        await run.client.disconnect()
        assert refused == ["authenticating", "connecting", "connected", "ready"]
        assert run.client.params.services == {"llm": "disconnected"}


class TestEvents:
    @pytest.mark.parametrize(
        ("old", "now"), [("configUpdated", "config"), ("trackedStopped", "trackStopped"), ("botText", "botLlmText")]
    )
    async def test_names(self, old: str, now: str) -> None:
        emitter = Emitter(EVENTS, RENAMED)
        client = EventMembers(emitter)
        got: list[Any] = []
        stop = warned(lambda: client.on(old, lambda *args: got.append(args)), f"is now called {now!r}")
        warned(lambda: client.on(old)(print), now)
        warned(lambda: client.off(old, print), now)
        warned(lambda: client.once(old, lambda *args: got.append(args)), now)
        queue = warned(lambda: client.events(old), now)
        emitter.emit(EVENTS[now], [])
        assert got == [([],), ([],)]
        assert [event async for event, _ in _closed(queue)] == [now]
        stop()
        assert not emitter.listens(now)

    async def test_waiting_for_one(self) -> None:
        run = await ready(expect("send-text"), say("bot-llm-text", {"text": "hi"}))
        run.client.send_text("go")
        with pytest.warns(DeprecationWarning, match="'botLlmText'") as caught:
            assert (await run.client.wait_for("botText")).text == "hi"
        assert [warning.filename for warning in caught] == [__file__]
        await run.client.disconnect()

    @pytest.mark.parametrize(
        ("old", "now"),
        [
            ("ConfigUpdated", RTVIEvent.CONFIG),
            ("CONFIG_UPDATED", RTVIEvent.CONFIG),
            ("TrackedStopped", RTVIEvent.TRACK_STOPPED),
            ("TRACKED_STOPPED", RTVIEvent.TRACK_STOPPED),
            ("BotText", RTVIEvent.BOT_LLM_TEXT),
            ("BOT_TEXT", RTVIEvent.BOT_LLM_TEXT),
        ],
    )
    def test_members(self, old: str, now: Any) -> None:
        assert warned(lambda: getattr(RTVIEvent, old), "is now RTVIEvent.") is now

    @pytest.mark.parametrize(
        ("name", "now", "argument"),
        [
            ("on_config_updated", "config", CONFIG),
            ("onConfigUpdated", "config", CONFIG),
            ("on_tracked_stopped", "trackStopped", "a track"),
            ("onBotText", "botLlmText", TextData(text="Hi")),
        ],
    )
    async def test_callbacks(self, name: str, now: str, argument: object) -> None:
        got: list[object] = []
        transport = Transport()
        warned(lambda: RTVIClient(transport=transport, callbacks={name: got.append}), f"is now called {now!r}")
        transport.host.fire(EVENTS[now], argument)
        assert got == [argument]

    async def test_config_updated_fires(self) -> None:
        """JavaScript declares it and never emits it."""
        got: list[Any] = []
        with pytest.warns(DeprecationWarning, match="'config'"):
            run = await ready(
                expect("update-config"),
                say("config", {"config": CONFIG}, answers=True),
                callbacks={"on_config_updated": got.append},
            )
        await run.client.update_config(CONFIG)
        await turns(2)
        assert got == [CONFIG]
        await run.client.disconnect()


def _closed(queue: Any) -> Any:
    queue.close()
    return queue


class TestVoiceClient:
    @pytest.mark.parametrize(
        ("name", "transport"), [("VoiceClient", "SmallWebRTCTransport"), ("DailyVoiceClient", "DailyTransport")]
    )
    async def test_classes(self, name: str, transport: str) -> None:
        cls = warned(lambda: getattr(rtvi_web, name), "it is rtvi_web.RTVIClient now")
        client = warned(lambda: cls(transport=Transport()), f"{name} is deprecated: it is RTVIClient now")
        assert isinstance(client, RTVIClient)
        assert type(warned(lambda: cls(enable_mic=False), name).transport).__name__ == transport

    def test_voice_event(self) -> None:
        assert warned(lambda: rtvi_web.VoiceEvent, "it is rtvi_web.RTVIEvent now") is RTVIEvent

    async def test_its_options_warn_in_the_users_line_too(self) -> None:
        with pytest.warns(DeprecationWarning, match="now") as caught:
            PACKAGE.VoiceClient(transport=Transport(), base_url=URL, callbacks={"onBotText": print})
        assert {warning.filename for warning in caught} == {__file__}
        assert len(caught) == 4

    def test_no_other_old_name(self) -> None:
        with pytest.raises(AttributeError, match="VoiceError"):
            rtvi_web.VoiceError  # noqa: B018

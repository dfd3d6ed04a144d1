"""Which room a session joins, who in it is the bot, and what Daily's refusals mean."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web import DisconnectedError, DisconnectReason, InvalidArgumentError, TransportStartError
from rtvi_web.browser.daily import Person, PersonTrack
from rtvi_web.transports import DailyTransport
from rtvi_web.transports.daily.address import BOTS, TOKENS, URLS, room_address
from rtvi_web.transports.daily.ends import ENDS, ended, not_joined
from rtvi_web.transports.daily.room import SILENT_BOT, Room

URL = "https://example.daily.co/room"
RTVI = '{"label": "rtvi-ai", "type": "user-started-speaking"}'


def person(id: str, *tracks: PersonTrack, name: str = "", kind: str = "") -> Person:
    return Person(id, name, local=False, kind=kind, tracks={track: f"{track} of {id}" for track in tracks})


class TestAddress:
    @given(st.sampled_from(URLS), st.sampled_from(TOKENS), st.sampled_from(BOTS))
    def test_every_spelling(self, url: str, token: str, bot: str) -> None:
        assert room_address({url: URL, token: "t", bot: "Pip", "sessionId": "1"}, {}) == (URL, "t", "Pip")

    def test_a_public_room_has_no_token(self) -> None:
        assert room_address({"dailyRoom": URL, "dailyToken": None}, {}) == (URL, None, None)
        assert room_address({"dailyRoom": URL}, {"token": "of another room"}) == (URL, None, None)

    def test_a_null_is_passed_over_where_another_spelling_has_the_room(self) -> None:
        assert room_address({"room_url": None, "dailyRoom": URL, "token": None, "dailyToken": "t"}, {})[:2] == (
            URL,
            "t",
        )

    def test_an_empty_text_is_a_null(self) -> None:
        assert room_address({"room_url": "", "dailyRoom": URL, "token": "", "dailyToken": "t"}, {})[:2] == (URL, "t")

    def test_an_address_may_be_written_in_capitals(self) -> None:
        assert room_address({"room_url": URL.upper()}, {}).url == URL.upper()

    def test_the_options_have_the_room_if_the_answer_has_none(self) -> None:
        assert room_address({}, {"url": URL, "token": "t"})[:2] == (URL, "t")
        assert room_address({"token": "new"}, {"url": URL, "token": "old"})[:2] == (URL, "new")
        assert room_address({"url": URL + "/2", "token": "new"}, {"url": URL, "token": "old"})[0] == URL + "/2"

    @pytest.mark.parametrize(
        ("bundle", "words"),
        [
            ({}, r"There is no Daily room to join\. Give"),
            ({"dailyRoom": None, "dailyToken": None}, r"dailyRoom = null.*may have been started.*createDailyRoom"),
            ({"room_url": "", "token": ""}, r'room_url = "".*createDailyRoom'),
            ({"sessionId": "1", "webrtcUrl": "/x"}, r"answer has sessionId, webrtcUrl"),
            ({"url": "wss://livekit.test/x?token=secret"}, r"this one is wss://livekit\.test"),
            ({"room_url": 3}, "this one is 3"),
            ({"room_url": "room"}, "this one is room"),
            ({"room_url": URL, "token": {}}, "The token of a Daily room is a text; this one is a dict"),
        ],
    )
    def test_no_room(self, bundle: dict[str, Any], words: str) -> None:
        with pytest.raises(TransportStartError, match=words) as caught:
            room_address(bundle, {})
        assert caught.value.phase == "link"
        assert "secret" not in str(caught.value)

    def test_a_null_is_not_replaced_by_the_options(self) -> None:
        """The server was asked for a room and made none; the bot is not in the room of the options."""
        with pytest.raises(TransportStartError, match="null"):
            room_address({"dailyRoom": None}, {"url": URL})


class TestTheBot:
    def test_is_the_first_who_is_heard(self) -> None:
        room = Room(None)
        room.update(person("silent"), 0)
        room.update(person("shown", "video"), 0)
        room.update(person("1", "audio"), 1)
        room.update(person("2", "audio"), 1)
        found = room.bot(1)
        assert found
        assert found.id == "1"

    def test_is_the_first_who_stays_if_none_is_heard(self) -> None:
        room = Room(None)
        assert room.wait(0) is None
        room.update(person("1"), 1)
        room.update(person("2"), 2)
        assert room.bot(2) is None
        assert room.wait(2) == SILENT_BOT - 1
        found = room.bot(1 + SILENT_BOT)
        assert found == person("1")
        room.remove("1")
        assert room.bot(1 + SILENT_BOT) is None
        assert room.bot(2 + SILENT_BOT) == person("2")

    def test_is_who_speaks_rtvi(self) -> None:
        room = Room(None)
        room.update(person("1", "audio"), 0)
        room.update(person("2"), 0)
        for text in ("", "[]", '{"type": "bot-ready"}', '{"label": "rtvi-ai"}', RTVI.replace("user-", "client-")):
            room.said("1", text)
        room.said("2", RTVI)
        room.said("1", RTVI)
        assert room.bot(0) == person("2")
        room.remove("2")
        assert room.bot(0) == person("1", "audio")

    @pytest.mark.parametrize("named", ["2", "Pip"])
    def test_is_the_one_that_the_server_names(self, named: str) -> None:
        room = Room(named)
        room.update(person("1", "audio"), 0)
        room.said("1", RTVI)
        assert (room.bot(60), room.wait(60)) == (None, None)
        assert room.stalled == f"the bot {named!r} has not joined the Daily room, which has '1' in it"
        room.update(person("2", name="Pip"), 60)
        assert room.bot(60) == person("2", name="Pip")

    @pytest.mark.parametrize("kind", ["sip-dial-in", "pstn-dial-out", "remote-media-player"])
    def test_is_no_telephone(self, kind: str) -> None:
        room = Room(None)
        room.update(person("1", "audio", kind=kind), 0)
        assert (room.bot(60), room.wait(60)) == (None, None)

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 9)), max_size=20))
    def test_comes_without_another_change_within_the_wait(self, steps: list[tuple[str, bool, int]]) -> None:
        room, now = Room(None), 0.0
        for id, stays, after in steps:
            now += after
            room.update(person(id), now) if stays else room.remove(id)
        wait = room.wait(now)
        assert (wait is None) is (not room.people)
        if wait is not None:
            assert room.bot(now + wait)
            assert (room.bot(now) is None) is (wait > 0)

    def test_a_track_that_is_the_same_stays_the_same_object(self) -> None:
        """Each look at a track of JavaScript's makes another proxy, which is equal to the others."""
        room, old = Room(None), person("1", "audio")
        room.update(old, 0)
        before = room.update(Person("1", "", local=False, kind="", tracks={"audio": "".join("audio of 1")}), 0)
        assert before is old
        now = room.find("1")
        assert now
        assert now.tracks["audio"] is old.tracks["audio"]
        room.update(person("1", "video"), 0)
        assert room.people == [person("1", "video")]


class TestEnds:
    @pytest.mark.parametrize("type", [*ENDS, "from-the-future", ""])
    def test_each_has_a_reason_and_daily_s_own_words(self, type: str) -> None:
        for error, kind in (
            (not_joined(type, "Because."), TransportStartError),
            (ended(type, "Because."), DisconnectedError),
        ):
            assert isinstance(error, kind)
            assert isinstance(error.reason, DisconnectReason)
            assert error.code == (type or None)
            assert error.message.endswith(" Daily says: Because.")
        assert "says" not in ended(type, "").message

    def test_a_call_machine_that_is_not_loaded(self) -> None:
        says = "Failed to load call object bundle https://c.daily.co/x: EvalError: blocked by Content Security Policy"
        assert "avoidEval" in not_joined("connection-error", says).message
        assert "avoidEval" not in not_joined("connection-error", "Timed out.").message


class TestOptions:
    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"options": "x"}, "must be a dict of daily-js' factory options; it is 'x'"),
            ({"options": {"userName": "Ada"}, "call_object": object()}, "not both"),
            ({"options": {"audioSource": 3}}, "audioSource is a MediaStreamTrack, a device's id or a bool, not 3"),
            ({"level_interval": 0}, "level_interval"),
        ],
    )
    def test_what_cannot_work(self, given: dict[str, Any], words: str) -> None:
        with pytest.raises(InvalidArgumentError, match=words):
            DailyTransport(**given)

    def test_sources_that_are_off_are_not_carried(self) -> None:
        transport = DailyTransport({"audioSource": False, "videoSource": True})
        assert transport.media.carries == {"cam", "screen", "speaker"}

    def test_nothing_is_known_before_connecting(self) -> None:
        transport = DailyTransport()
        assert (transport.max_message_size, transport.expiry, transport.bot.id) == (4096, None, "bot")
        assert transport.bot_tracks == (None, None, None)
        with pytest.raises(DisconnectedError):
            transport.send("{}")

    def test_outside_a_page(self) -> None:
        from rtvi_web import NotInBrowserError, RTVIClient

        async def connect() -> None:
            await RTVIClient(transport=DailyTransport()).connect()

        with pytest.raises(NotInBrowserError):
            asyncio.run(connect())

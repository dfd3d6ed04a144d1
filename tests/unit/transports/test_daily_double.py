"""What stands in for Daily's call machine in the tests talks as the pinned daily-js does, and so do we."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
sys.path.insert(0, str(TESTS / "servers" / "daily"))

from daily_files import HERE, daily_js  # noqa: E402

from rtvi_web.browser import daily  # noqa: E402
from rtvi_web.transports.daily.ends import ENDS, LOBBY  # noqa: E402

pytestmark = pytest.mark.build

LIBRARY = (daily_js() / "dist" / "daily.js").read_text()
TYPES = (daily_js() / "index.d.ts").read_text()
MACHINE = (HERE / "call-machine-object-bundle.js").read_text()
ROOM = (HERE / "room.js").read_text()
FACADE = Path(daily.__file__).read_text()


def union(name: str) -> set[str]:
    """The words of a type of index.d.ts."""
    [body] = re.findall(rf"export type {name} =(.*?);", TYPES, re.DOTALL)
    return set(re.findall(r"'([^']+)'", body))


def words(pattern: str, text: str) -> set[str]:
    found = set(re.findall(pattern, text))
    assert found
    return found


def is_word_of_daily(word: str) -> bool:
    return f'"{word}"' in LIBRARY


def test_the_version() -> None:
    [version] = words(r"daily-js (\d+\.\d+\.\d+)", MACHINE)
    assert is_word_of_daily(version)


def test_daily_js_sends_the_actions_that_are_answered() -> None:
    for action in words(r'case "([^"]+)"', MACHINE):
        assert re.search(rf'action:"{action}"|="{action}"', LIBRARY), action


def test_daily_js_takes_the_messages_that_are_posted() -> None:
    posted = words(r'action: "([^"]+)"', MACHINE + ROOM) | words(r'tell\("([^"]+)"', ROOM)
    taken = posted - {"call-machine-initialized"}
    assert taken <= union("DailyEvent")
    for action in posted:
        assert re.search(rf'case"{action}"|="{action}"', LIBRARY), action


def test_the_words_of_the_channel() -> None:
    for word in ("iframe-call-message", "daily-custom-track", "module", "embedded"):
        assert f'"{word}"' in MACHINE
        assert is_word_of_daily(word)
    for member in ("callClientId", "callbackStamp", "audioTrack", "videoTrack", "screenMediaStream", "pendingTrack"):
        assert member in MACHINE
        assert re.search(rf"\b{member}\b", LIBRARY), member


def test_the_members_that_are_used() -> None:
    [interface] = re.findall(r"export interface DailyCall \{(.*?)\n\}", TYPES, re.DOTALL)
    declared = words(r"\n  (\w+)(?:<|\()", interface)
    assert set(daily.METHODS) <= declared
    called = words(r"_call\.(\w+)\(", FACADE) | words(r'(?:_ask\(|_js\.call\(self\._call, )"(\w+)"', FACADE)
    assert called | set(words(r'"(setLocal\w+)"', FACADE)) == set(daily.METHODS)
    for name in daily.GLOBALS:
        assert f"globalThis.{name}" in LIBRARY


def test_the_members_of_daily_js_that_no_type_declares() -> None:
    assert "_maxAppMessageSize" in FACADE
    assert "this._maxAppMessageSize" in LIBRARY


def test_the_events_that_are_heard() -> None:
    heard = words(r'_on\("([^"]+)"', FACADE) | {
        "participant-joined",
        "participant-updated",
        "track-started",
        "track-stopped",
    }
    assert heard <= union("DailyEvent")


def test_every_fatal_error_has_a_reason() -> None:
    assert set(ENDS) - {LOBBY} == union("DailyFatalErrorType")
    assert LOBBY in TYPES


def test_the_sources_and_the_kinds_of_participants() -> None:
    from rtvi_web.transports.daily import room

    kinds = words(r'"((?:sip|pstn|remote)-[\w-]+)"', Path(room.__file__).read_text())
    assert kinds == union("DailyParticipantTypeValues") - {"unknown"}
    for word in ("audioSource", "videoSource", "screenVideo", "joined-meeting", "mediaStream"):
        assert f'"{word}"' in FACADE
        assert word in TYPES or is_word_of_daily(word)

"""The pure core: what a frame of text leads to, and which state may follow which."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from rtvi_web import BotReadyData, FunctionCallData, RTVIEvent, TransportState
from rtvi_web.rtvi.protocol.envelope import LABEL, encode, new_id
from rtvi_web.rtvi.protocol.inbound import REMEMBERED_CALLS, MessageReader
from rtvi_web.rtvi.protocol.messages import MalformedMessageError, decode
from rtvi_web.rtvi.protocol.outcomes import (
    Answered,
    BotBecameReady,
    CallAnnounced,
    FatalError,
    Fire,
    ForHelpers,
    Outcome,
    Refused,
)
from rtvi_web.rtvi.protocol.state import STARTABLE, TRANSITIONS, StateMachine


def frame(type: str, data: Any = None, id: str | None = None) -> str:
    return json.dumps({"label": LABEL, "type": type, "data": data, "id": id})


def outcomes(text: str, session: MessageReader | None = None) -> list[Outcome]:
    """What a frame leads to, without the whole message that events bring for helpers."""
    found = (session or MessageReader()).receive(text)
    return [outcome._replace(message=None) if isinstance(outcome, Fire) else outcome for outcome in found]


def events(text: str) -> list[str]:
    return [outcome.event if isinstance(outcome, Fire) else type(outcome).__name__ for outcome in outcomes(text)]


class TestNonsense:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "Invalid JSON"),
            ("hello", "Invalid JSON"),
            ('{"label": "rtvi-ai"', "Invalid JSON"),
            ("[]", "valid dictionary|object"),
            ("null", "valid dictionary|object"),
            ('"rtvi-ai"', "valid dictionary|object"),
            ('{"label": "rtvi-ai"}', "type: Field required"),
            ('{"label": "rtvi-ai", "type": 5}', "type: Input should be a valid string"),
            ('{"label": "rtvi-ai", "type": "bot-ready", "id": 5}', "id: Input should be a valid string"),
            ('{"label": 1, "type": "bot-ready"}', "label: Input should be a valid string"),
            ('{"label": "other", "type": "bot-ready"}', "label: 'other' is not 'rtvi-ai'"),
            ("[" * 100_000, "recursion|JSON"),
        ],
        ids=lambda value: ascii(value[:24]),
    )
    def test_frames_that_are_no_message(self, text: str, reason: str) -> None:
        [fire] = outcomes(text)
        assert isinstance(fire, Fire)
        assert fire.event is RTVIEvent.INVALID_MESSAGE
        with pytest.raises(MalformedMessageError, match=reason) as raised:
            decode(text)
        assert fire.args == ((text[:2000], str(raised.value)),)

    @pytest.mark.parametrize(
        ("type", "data", "reason"),
        [
            ("bot-llm-text", None, "data.text: Field required"),
            ("bot-llm-text", "hi", "data: Input should be an object"),
            ("bot-llm-text", [1], "data: Input should be an object"),
            ("bot-ready", [1], "data: Input should be an object"),
            ("config", None, "data.config: Field required"),
            ("user-transcription", {"text": "x", "final": "perhaps"}, "data.final: Input should be a valid boolean"),
            ("llm-function-call", {"function_name": "f"}, "data.tool_call_id: Field required"),
            (
                "llm-function-call",
                {"tool_call_id": "1", "args": 5},
                "data.args.dict[str,any]: Input should be an object",
            ),
            ("llm-function-call", {"tool_call_id": "1", "args": "{"}, "data.args.dict[str,any]: Input should be"),
            ("metrics", 5, "data: Input should be an object"),
            ("server-response", [1], "data: Input should be an object"),
        ],
    )
    def test_known_messages_with_the_wrong_data(self, type: str, data: Any, reason: str) -> None:
        [fire] = outcomes(frame(type, data))
        assert isinstance(fire, Fire)
        assert fire.event is RTVIEvent.INVALID_MESSAGE
        assert fire.args[0].reason.startswith(reason)
        fired, refused = outcomes(frame(type, data, "7"))
        assert isinstance(fired, Fire)
        assert (fired, refused) == (
            fire._replace(args=fired.args),
            Refused("7", f"The bot's answer is invalid: {fire.args[0].reason}"),
        )

    @pytest.mark.parametrize(
        ("data", "error", "fatal"),
        [
            ("text", "text", False),
            ([], "[]", False),
            (None, "unknown error", False),
            ({"error": None, "fatal": True}, "unknown error", True),
            ({"error": {"code": 5}, "fatal": True}, '{"code": 5}', True),
            ({"message": 5, "fatal": "perhaps"}, "5", False),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("type", ["error", "error-response"])
    def test_an_error_is_one_whatever_it_looks_like(self, type: str, data: Any, error: str, fatal: bool) -> None:
        found = outcomes(frame(type, data, "7"))
        [fire] = [outcome for outcome in found if isinstance(outcome, Fire)]
        assert (fire.args[0].data.error, fire.args[0].data.fatal) == (error, fatal)
        assert (FatalError(error) in found) == (fatal and type == "error")
        assert (Refused("7", error) in found) == (type == "error-response")

    @pytest.mark.parametrize(
        ("data", "version"),
        [
            ({"version": 2.2}, "2.2"),
            ({"version": None, "about": "x"}, ""),
            ({"version": {}, "config": "x", "capabilities": []}, ""),
        ],
        ids=str,
    )
    def test_a_bot_is_ready_whatever_else_it_says(self, data: Any, version: str) -> None:
        ready, fire = outcomes(frame("bot-ready", data, "1"))
        assert ready == BotBecameReady(BotReadyData(version=version))
        assert fire == Fire(RTVIEvent.BOT_READY, (BotReadyData(version=version),))

    def test_services_are_described_by_either_name(self) -> None:
        answered, _ = outcomes(frame("config-available", {"config": [{"service": "llm"}, {"name": "tts"}]}, "7"))
        assert isinstance(answered, Answered)
        assert [service.name for service in answered.value.config] == ["llm", "tts"]

    def test_arguments_may_be_json_in_a_text(self) -> None:
        data = {"function_name": "f", "tool_call_id": "1", "args": '{"a": [1]}'}
        _, announced = outcomes(frame("llm-function-call", data))
        assert isinstance(announced, CallAnnounced)
        assert announced.data.arguments == {"a": [1]}


class TestOutcomes:
    def test_unknown_types_are_for_helpers_alone(self) -> None:
        text = frame("no-such-type", {"a": 1}, "7")
        assert outcomes(text) == [ForHelpers(json.loads(text))]

    def test_events_bring_the_whole_message_for_helpers(self) -> None:
        text = frame("bot-llm-text", {"text": "a"})
        [fire] = MessageReader().receive(text, whole=True)
        assert isinstance(fire, Fire)
        assert fire.message == json.loads(text)

    def test_a_configuration_answers_a_request_and_is_an_event(self) -> None:
        config = [{"service": "llm", "options": [{"name": "model", "value": "m"}]}]
        assert outcomes(frame("config", {"config": config}, "7")) == [
            Answered("7", config),
            Fire(RTVIEvent.CONFIG, (config,)),
        ]
        assert outcomes(frame("config", {"config": config})) == [Fire(RTVIEvent.CONFIG, (config,))]

    def test_descriptions_answer_a_request(self) -> None:
        answered, fire = outcomes(frame("actions-available", {"actions": [{"service": "a", "action": "b"}]}, "7"))
        assert isinstance(answered, Answered)
        assert answered.value.actions[0].action == "b"
        assert fire == Fire(RTVIEvent.ACTIONS_AVAILABLE, (answered.value,))

    def test_action_responses_only_answer(self) -> None:
        [answered] = outcomes(frame("action-response", {"result": {"a": 1}}, "7"))
        assert isinstance(answered, Answered)
        assert (answered.id, answered.value.id, answered.value.data.result) == ("7", "7", {"a": 1})

    @pytest.mark.parametrize(
        ("error", "type"),
        [
            ("Unsupported type get-config", "get-config"),
            ("Unsupported type 'update-config'", "update-config"),
            ("Action tts:say not registered", None),
            ("Unsupported type: get-config", "get-config"),
            ('Unsupported type "get-config".', "get-config"),
            ("Exception: Unsupported type x", None),
            ("Unsupported type for option temperature", None),
            ("Unsupported type", None),
        ],
    )
    def test_what_the_bot_does_not_know(self, error: str, type: str | None) -> None:
        assert outcomes(frame("error-response", {"error": error}, "7"))[0] == Refused("7", error, type)

    def test_bot_ready_settles_connect_before_handlers_hear_of_it(self) -> None:
        data = BotReadyData(version="2.2.0")
        assert outcomes(frame("bot-ready", {"version": "2.2.0"}, "1")) == [
            BotBecameReady(data),
            Fire(RTVIEvent.BOT_READY, (data,)),
        ]

    @pytest.mark.parametrize("data", [{"text": "ignored"}, None])
    def test_events_without_a_payload_have_no_arguments(self, data: Any) -> None:
        assert outcomes(frame("bot-started-speaking", data)) == [
            Fire(RTVIEvent.BOT_STARTED_SPEAKING, ())  # type: ignore[arg-type]  # mypy takes Event[Any] for one argument
        ]

    @pytest.mark.parametrize("data", [None, 0, False, "", [], {"a": None}])
    def test_server_messages_come_as_they_are(self, data: Any) -> None:
        assert outcomes(frame("server-message", data)) == [Fire(RTVIEvent.SERVER_MESSAGE, (data,))]

    @pytest.mark.parametrize(
        ("data", "value"),
        [({"t": "x", "d": {"a": 1}}, {"a": 1}), ({"t": "x", "d": 0}, 0), ({"t": "x"}, None), (None, None)],
    )
    def test_answers(self, data: Any, value: Any) -> None:
        assert outcomes(frame("server-response", data, "7")) == [Answered("7", value)]

    def test_refusals_settle_the_request_before_handlers_hear_of_it(self) -> None:
        refused, fire = outcomes(frame("error-response", {"error": "no"}, "7"))
        assert refused == Refused("7", "no")
        assert isinstance(fire, Fire)
        assert fire.event is RTVIEvent.MESSAGE_ERROR
        assert (fire.args[0].id, fire.args[0].data.error) == ("7", "no")

    def test_errors(self) -> None:
        assert events(frame("error", {"error": "soft"})) == ["error"]
        assert events(frame("error", {"error": "soft", "fatal": False})) == ["error"]
        assert events(frame("error", None)) == ["error"]
        fire, fatal = outcomes(frame("error", {"error": "hard", "fatal": True}))
        assert isinstance(fire, Fire)
        assert fatal == FatalError("hard")

    def test_errors_that_say_message(self) -> None:
        assert outcomes(frame("error", {"message": "hard", "fatal": True}))[1] == FatalError("hard")


class TestFunctionCalls:
    OLD = frame("llm-function-call", {"function_name": "f", "tool_call_id": "1", "args": {"a": 1}})
    NEW = frame("llm-function-call-in-progress", {"function_name": "f", "tool_call_id": "1", "arguments": {"a": 1}})

    def announced(self, *texts: str) -> list[FunctionCallData]:
        found = [outcome for text in texts for outcome in outcomes(text)]
        return [outcome.data for outcome in found if isinstance(outcome, CallAnnounced)]

    @pytest.mark.parametrize("text", [OLD, NEW])
    def test_two_messages_tell_the_same(self, text: str) -> None:
        [call] = self.announced(text)
        assert (call.function_name, call.tool_call_id, call.arguments) == ("f", "1", {"a": 1})

    def test_each_is_claimed_once(self) -> None:
        session = MessageReader()
        assert [session.claim(id) for id in ("1", "2", "1", "2", "3")] == [True, True, False, False, True]
        assert [session.claim("") for _ in range(2)] == [True, True], "what has no id is a call each time"

    def test_only_the_older_message_says_that_the_page_must_answer(self) -> None:
        for text, only_here in ((self.OLD, True), (self.NEW, False)):
            assert [o.only_here for o in outcomes(text) if isinstance(o, CallAnnounced)] == [only_here]

    def test_calls_without_a_name_are_left_alone(self) -> None:
        nameless = frame("llm-function-call-in-progress", {"tool_call_id": "1"})
        assert self.announced(nameless) == []
        assert len(self.announced(nameless, self.OLD)) == 1  # the name may come with the older message

    @pytest.mark.parametrize("type", ["llm-function-call-started", "llm-function-call-stopped"])
    def test_beginning_and_end_announce_nothing(self, type: str) -> None:
        assert self.announced(frame(type, {"function_name": "f", "tool_call_id": "1"})) == []

    def test_memory_is_bounded(self) -> None:
        session = MessageReader()
        for number in range(3 * REMEMBERED_CALLS):
            assert session.claim(str(number))
            assert not session.claim(str(number))
        remembered = range(2 * REMEMBERED_CALLS, 3 * REMEMBERED_CALLS)
        assert not any(session.claim(str(number)) for number in remembered)
        assert all(session.claim(str(number)) for number in range(2 * REMEMBERED_CALLS))


class TestEncoding:
    def test_the_envelope(self) -> None:
        assert json.loads(encode("send-text", {"content": "é"}, "7")) == {
            "label": "rtvi-ai",
            "type": "send-text",
            "data": {"content": "é"},
            "id": "7",
        }

    @pytest.mark.parametrize("data", [float("nan"), float("inf"), {1, 2}, b"x", object()])
    def test_data_that_json_cannot_hold_is_refused(self, data: Any) -> None:
        with pytest.raises((TypeError, ValueError)):
            encode("client-message", {"d": data}, "7")

    def test_ids(self) -> None:
        ids = {new_id() for _ in range(100)}
        assert len(ids) == 100
        assert all(len(id) == 8 and int(id, 16) >= 0 for id in ids)


class TestStates:
    @pytest.mark.parametrize(("here", "there"), list(itertools.product(TransportState, repeat=2)))
    def test_every_transition_is_allowed_or_refused_and_changes_nothing(
        self, here: TransportState, there: TransportState
    ) -> None:
        machine = StateMachine()
        machine.state = here
        if here is there:
            assert machine.move(there) is False
        elif there in TRANSITIONS[here]:
            assert machine.move(there) is True
            assert machine.state is there
        else:
            with pytest.raises(ValueError, match=f"from '{here.value}' to '{there.value}'"):
                machine.move(there)
            assert machine.state is here

    def test_sessions_begin_disconnected(self) -> None:
        assert StateMachine().state is TransportState.DISCONNECTED

    def test_every_state_can_be_reached_and_left_and_leads_home(self) -> None:
        assert set(TRANSITIONS) == set(TransportState) == {to for states in TRANSITIONS.values() for to in states}
        for state in set(TransportState) - STARTABLE - {TransportState.DISCONNECTING}:
            assert TransportState.DISCONNECTING in TRANSITIONS[state]
        assert TRANSITIONS[TransportState.DISCONNECTING] == {TransportState.DISCONNECTED}

    @pytest.mark.parametrize(
        "path",
        [
            "disconnected initializing initialized authenticating connecting connected ready disconnecting",
            "disconnected initializing initialized connecting connected ready",
            "disconnected initializing initialized authenticating error initializing",
            "authenticating connecting disconnecting disconnected error initializing",
            "ready reconnecting ready reconnecting disconnecting disconnected",
        ],
    )
    def test_the_ways_that_sessions_go(self, path: str) -> None:
        machine = StateMachine()
        first, *rest = map(TransportState, path.split())
        machine.state = first
        assert all(machine.move(state) for state in rest)

    def test_there_is_no_short_cut(self) -> None:
        for state in set(TransportState) - {TransportState.CONNECTED, TransportState.RECONNECTING}:
            assert TransportState.READY not in TRANSITIONS[state]

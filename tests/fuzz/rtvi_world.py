"""Random episodes of RTVIClient: the steps, and what must hold."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from rtvi_bot import Bot
from sessions import URL, Run, turns
from world import SETTLED_WITHIN, Fault, World

from rtvi_web import ConnectPhase, LinkLoss, Reconnect, RTVIEvent, TransportState
from rtvi_web.errors import DisconnectedError, TransportStartError

S = TransportState
IN_SESSION = {S.CONNECTED, S.READY, S.RECONNECTING}
BEFORE = {S.DISCONNECTED, S.ERROR}
"""States in which nothing is open."""
LEGAL = {
    S.DISCONNECTED: {S.INITIALIZING, S.AUTHENTICATING, S.CONNECTING, S.ERROR},
    S.INITIALIZING: {S.INITIALIZED, S.DISCONNECTING},
    S.INITIALIZED: {S.AUTHENTICATING, S.CONNECTING, S.DISCONNECTING},
    S.AUTHENTICATING: {S.AUTHENTICATED, S.CONNECTING, S.DISCONNECTING, S.ERROR},
    S.AUTHENTICATED: {S.AUTHENTICATING, S.CONNECTING, S.DISCONNECTING},
    S.CONNECTING: {S.CONNECTED, S.DISCONNECTING},
    S.CONNECTED: {S.READY, S.DISCONNECTING},
    S.READY: {S.RECONNECTING, S.DISCONNECTING},
    S.RECONNECTING: {S.READY, S.DISCONNECTING},
    S.DISCONNECTING: {S.DISCONNECTED},
    S.ERROR: {S.INITIALIZING, S.AUTHENTICATING, S.CONNECTING, S.DISCONNECTING},
}
"""The reference, apart from the product's own table."""
FUNCTIONS = ["value", "raises", "exits", "hangs", "swallows", "disconnects", "reconnects", "unknown"]
ANSWERED = {"value": {"result": 7}, "raises": {"error": "OwnError: f"}, "exits": {"error": "SystemExit: f"}}
HANDLERS = ["value", "raises", "exits", "hangs", "swallows", "aborts", "clears"]


class RTVIWorld(World):
    """An RTVIClient, its bots and its page."""

    def __post_init__(self) -> None:
        super().__post_init__()
        options = dict(self.options)
        reconnect = options.pop("reconnect")
        handler = options.pop("handler")
        self.bot = Bot(Reconnect(*reconnect) if reconnect else None)
        self.timeout = options["timeout"]
        self.waits_forever = False
        if handler:
            options["custom_connect_handler"] = partial(self._start, handler)
        self.run = Run(self.bot, params={"base_url": URL}, **options)
        self.client = self.run.client
        self.count = 0
        self.disturbed = 0  # the number of calls when the link was lost: their answers may be lost, too
        self.sent: list[tuple[int, str]] = []  # texts that the client took, and the session that it took them in
        self.calls_made: list[tuple[int, str, str]] = []  # session, id, function
        for function in FUNCTIONS[:-1]:
            self.client.register_function_call_handler(
                function, partial(self.answer, function), timeout=4 if function != "disconnects" else None
            )

    def _next(self) -> int:
        self.count += 1
        return self.count

    # The page's code.

    async def _start(self, kind: str, _params: Any, timeout: Any, controller: Any) -> Any:
        if kind == "clears":
            timeout.clear()
            self.waits_forever = True
        if kind == "aborts":
            controller.abort("changed my mind")
        await turns(2)
        return await self.act(kind)

    async def connect(self) -> None:
        self.openings += 1
        before = len(self.run.arguments("botReady"))
        await self.client.connect()
        if len(self.run.arguments("botReady")) == before:
            raise Fault("connect() has returned, but no bot has become ready")

    async def end_session(self) -> None:
        await self.client.disconnect()

    def once(self, event: str, handler: Callable[..., object]) -> object:
        return self.client.once(event, handler)

    # Steps: the page.

    def do_connect(self) -> None:
        self._attempt("connect", self.connect)

    def do_start_bot(self) -> None:
        start = partial(self.client.start_bot, f"{URL}/start", timeout=3)
        self._attempt("start_bot", partial(self._opening, start))

    def do_start_bot_and_connect(self) -> None:
        start = partial(self.client.start_bot_and_connect, f"{URL}/start")
        self._attempt("start_bot_and_connect", partial(self._opening, start))

    def do_init_devices(self) -> None:
        self.call("init_devices", partial(self._opening, self.client.init_devices))

    async def _opening(self, function: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self.openings += 1
        await function()

    def _attempt(self, name: str, function: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        timed = self.timeout is not None and not self.waits_forever and self.bot.hangs_in is not ConnectPhase.DEVICES
        self.call(name, function, limit=self.timeout + 3 * SETTLED_WITHIN if timed else None)

    def do_request(self, timeout: float | None) -> None:
        self.call("request", partial(self._request, self._next(), timeout), limit=timeout)

    async def _request(self, number: int, timeout: float | None) -> None:
        answer = await self.client.send_client_request("ask", number, timeout=timeout)
        if answer != number:
            raise Fault(f"request {number} was answered with {answer!r}")

    def do_send_text(self) -> None:
        text = str(self._next())
        self.client.send_text(text)
        self.sent.append((len(self.bot.receivers) - 1, text))

    def do_disconnect_bot(self) -> None:
        self.client.disconnect_bot()

    def do_upload(self, timeout: float) -> None:
        upload = partial(self.client.upload_file, b"x", name="a.png", timeout=timeout)
        self.call("upload", upload, limit=timeout)

    def do_action(self, timeout: float) -> None:
        request = {"service": "llm", "action": "run", "arguments": []}
        self.call("action", partial(self.client.action, request, timeout=timeout), limit=timeout)

    def do_wait_for(self, event: str, timeout: float | None) -> None:
        wait_for = partial(self.client.wait_for, event, timeout=timeout)
        self.call("wait_for", wait_for, limit=timeout, waits_for_session=True)

    def do_events(self) -> None:
        self.call("events", self._loop, waits_for_session=True)

    async def _loop(self) -> None:
        """A loop over events gets what handlers get, in their order."""
        begun = len(self.run.arguments("botLlmText"))
        got = [args[0].text async for _, args in self.client.events(RTVIEvent.BOT_LLM_TEXT)]
        handled = [text.text for text in self.run.arguments("botLlmText")[begun:]]
        if got != handled[: len(got)]:
            raise Fault(f"events() gave {got}, handlers got {handled}")

    def do_enable(self, device: str, wanted: bool) -> None:
        verb = {"mic": self.client.enable_mic, "cam": self.client.enable_cam, "screen": self.client.enable_screen_share}
        self.openings += wanted and not self.disconnecting  # Then nothing may open.
        self.call(f"enable_{device}", partial(verb[device], wanted), limit=1)

    def do_update_mic(self, id: str) -> None:
        self.call("update_mic", partial(self.client.update_mic, id), limit=1)

    # Steps: the bot, the network and the system.
    def do_start_endpoint(self, kind: str) -> None:
        self.bot.start(kind)

    def do_phase(self, phase: str | None) -> None:
        self.bot.hangs_in = ConnectPhase(phase) if phase else None
        self.waits_forever |= phase == "devices"

    def do_route(self, fails: bool) -> None:
        self.bot.fails_with = TransportStartError("no route") if fails else None

    def do_permission(self, device: str, answer: str) -> None:
        setattr(self.bot, device, answer)

    def do_be(self, part: str, how: str) -> None:
        setattr(self.bot, part, how)

    def do_full(self, full: bool) -> None:
        self.bot.is_full = full

    def do_lose(self, loss: str) -> None:
        self.disturbed = len(self.calls_made)
        self.bot.lose(LinkLoss(loss))

    def do_recover(self) -> None:
        self.bot.recover()

    def do_page_event(self) -> None:
        if self.bot.page_events.listener:
            self.bot.page_events.listener()

    def do_lost(self, which: int) -> None:
        if self.bot.receivers:
            self._receiver(which).lost(DisconnectedError("The network went away."))

    def do_leave(self) -> None:
        self.bot.leave()

    def do_mute_by_system(self, muted: bool) -> None:
        self.bot.mute_by_system("mic", muted)

    def _receiver(self, which: int) -> Any:
        return self.bot.receivers[-1 - which % min(2, len(self.bot.receivers))]

    def do_say(self, which: int, what: str) -> None:
        """The bot of this session, or of the one before, says something."""
        if not self.bot.receivers:
            return
        receiver = self._receiver(which)
        session = self.bot.receivers.index(receiver)
        match what:
            case "text":
                self._say_text(receiver, f"{session}:{self._next()}")
            case "fatal" | "error":
                data = f'{{"error": "x", "fatal": {"true" if what == "fatal" else "false"}}}'
                receiver.receive(f'{{"label": "rtvi-ai", "type": "error", "data": {data}}}')
            case "nonsense":
                receiver.receive('{"label": "rtvi-ai", "type": "bot-llm-text", "data": [')
            case _:
                receiver.receive(f'{{"label": "rtvi-ai", "type": "{what}"}}')

    def _say_text(self, receiver: Any, text: str) -> None:
        before = len(self.run.arguments("botLlmText"))
        state = self.client.state
        receiver.receive(f'{{"label": "rtvi-ai", "type": "bot-llm-text", "data": {{"text": "{text}"}}}}')
        got = [each.text for each in self.run.arguments("botLlmText")[before:]]
        if state in IN_SESSION and receiver is self.bot.receivers[-1] and text not in got:
            raise Fault(f"a message of the session was lost in the state {state.value}")
        if (receiver is not self.bot.receivers[-1] or state in BEFORE) and text in got:
            raise Fault(f"a message of an old session was taken in the state {state.value}")

    def do_function(self, function: str) -> None:
        """The bot's model calls a function of the page."""
        if self.bot.is_heard:
            session, id = len(self.bot.receivers) - 1, f"call {self._next()}"
            self.calls_made.append((session, id, function))
            data = {"function_name": function, "tool_call_id": id, "arguments": {}}
            self.bot.say(session, "llm-function-call-in-progress", data)

    async def do_quiet(self) -> None:
        """If all goes well for two seconds, a call of a function is answered."""
        if self.client.state is not S.READY or not self.bot.is_linked or self.bot.is_full or self.bot.has_left:
            return
        history = len(self.run.states)
        last = len(self.bot.receivers) - 1
        asked = [call for call in self.calls_made[self.disturbed :] if call[0] == last][-1:]
        running = len([call for call in self.calls_made if call[2] in ("hangs", "swallows", "disconnects")])
        await asyncio.sleep(2)
        if len(self.run.states) != history or self.bot.has_left or running > 60:
            return
        for session, id, function in asked:
            if function in ANSWERED and (session, id) not in self._answers():
                raise Fault(f"the call of {function!r} was not answered")

    # What must hold.

    def check(self) -> None:
        if self.bot.complaints:
            raise Fault(self.bot.complaints[0])
        if self.client.connected != (self.client.state in IN_SESSION):
            raise Fault(f"connected is {self.client.connected} in the state {self.client.state.value}")
        if self.client.state in BEFORE and self.client.bot_ready_data is not None:
            raise Fault("there is bot_ready_data without a session")

    def check_released(self, when: str) -> None:
        open_tracks = [track.id for track in self.run.microphones if track.readyState != "ended"]
        if open_tracks or self.client.is_mic_enabled or self.client.devices_open:
            raise Fault(f"{when}, but {open_tracks or 'devices'} are open")
        ends_again = self.disconnecting and self.client.state is S.DISCONNECTING
        if self.client.state not in BEFORE and not ends_again:
            raise Fault(f"{when}, but the state is {self.client.state.value}")

    async def end(self) -> None:
        self.check_released("the session has ended")
        self.bot.heal()
        self.client.params.endpoints.connect = "/connect"
        self.openings += 1
        await self.client.start_bot_and_connect(f"{URL}/start")
        if self.client.state is not S.READY:
            raise Fault(f"connect() has returned in the state {self.client.state.value}")
        self.do_say(0, "text")
        await self.client.disconnect()
        self.check_released("the last session has ended")

    def check_history(self) -> None:
        self._check_events()
        self._check_messages()

    def _check_events(self) -> None:  # noqa: C901, one case an event
        """The states are legal, and the other events come in the states in which they may."""
        state, bots, sessions = S.DISCONNECTED, 0, Counter[str]()
        open_tracks: Counter[str] = Counter()
        for name, *args in self.run.fired:
            match name:
                case "transportStateChanged":
                    if args[0] not in LEGAL[state]:
                        raise Fault(f"from {state.value} to {args[0].value}")
                    state = args[0]
                    sessions[state.value] += 1
                    if state is S.DISCONNECTED and (bots or +open_tracks):
                        raise Fault(f"disconnected, with {bots} bots and {+open_tracks}")
                case "connected" | "disconnected" if state.value != name:
                    raise Fault(f"{name} in the state {state.value}")
                case "botConnected" | "botDisconnected":
                    bots += 1 if name == "botConnected" else -1
                    if bots == -1 and state in (S.CONNECTING, S.CONNECTED, S.RECONNECTING):
                        bots = 0  # It has left before the client was connected with it.
                    if bots not in (0, 1):
                        raise Fault(f"{bots} bots after {name}")
                case "trackStarted" | "trackStopped":
                    open_tracks[args[0].id] += 1 if name == "trackStarted" else -1
                    if open_tracks[args[0].id] not in (0, 1):
                        raise Fault(f"{name} of {args[0].id} again")
                case "botReady" | "botLlmText" | "reconnecting" | "reconnected" if state in BEFORE:
                    raise Fault(f"{name} in the state {state.value}")
        for name in ("connected", "disconnected"):
            if (count := len(self.run.arguments(name))) != sessions[name]:
                raise Fault(f"{name} fired {count} times for {sessions[name]} states")

    def _check_messages(self) -> None:
        """Messages arrive once and in order; no call is answered twice, and each with its own result."""
        texts = [message["data"]["content"] for _, message in self.bot.heard if message["type"] == "send-text"]
        taken = [text for _, text in self.sent]
        if texts != sorted(set(texts), key=int) or not set(texts) <= set(taken):
            raise Fault(f"the client took {taken}, the bot heard {texts}")
        received = [text.text for text in self.run.arguments("botLlmText")]
        if received != sorted(set(received), key=lambda text: int(text.split(":")[1])):
            raise Fault(f"the handlers got {received}")
        answers = self._answers()
        functions = {id: function for _, id, function in self.calls_made}
        for (_, id), results in answers.items():
            expected = ANSWERED.get(functions[id])
            if len(results) > 1 or (expected and results != [expected]):
                raise Fault(f"the call of {functions[id]!r} was answered with {results}")

    def _answers(self) -> dict[tuple[int, str], list[Any]]:
        answers: dict[tuple[int, str], list[Any]] = {}
        for session, message in self.bot.heard:
            if message["type"] == "llm-function-call-result":
                data = message["data"]
                answers.setdefault((session, data["tool_call_id"]), []).append(data["result"])
        return answers

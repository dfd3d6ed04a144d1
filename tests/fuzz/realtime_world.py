"""Random episodes of RealtimeClient: the steps, and what must hold."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from model_server import ModelServer
from sessions import turns
from world import SETTLED_WITHIN, Fault, World

from rtvi_web.core.media import MediaDevice
from rtvi_web.errors import TransportStartError
from rtvi_web.realtime import BackgroundResult, RealtimeClient
from rtvi_web.realtime.transport import Played

MICS = ["m1", "m2"]
TOOLS = ["value", "background", "raises", "exits", "hangs", "swallows", "disconnects", "reconnects"]
LATE = '{"error": "TimeoutError: tool \'%s\' gave no result within 4 s"}'
OUTPUTS = {"value": "7", "background": "7", "raises": '{"error": "OwnError: f"}', "exits": '{"error": "SystemExit: f"}'}
OUTPUTS |= {tool: LATE % tool for tool in ("hangs", "swallows")}


class RealtimeWorld(World):
    """A RealtimeClient, its server and its page."""

    def __post_init__(self) -> None:
        super().__post_init__()
        options = dict(self.options)
        self.server = ModelServer(
            carries_tracks=options.pop("carries_tracks"),
            handshake=options.pop("handshake"),
            devices=[MediaDevice(id, id, "audioinput") for id in MICS],
        )
        self.server.is_live = self._is_live
        if key := options.pop("key"):
            options["api_key"] = partial(self._key, key)
        if "turn_detection" in options:
            options["config"] = {"turn_detection": options.pop("turn_detection")}
        self.timeout = options["timeout"]
        self.client = RealtimeClient(transport=self.server, **options)
        self.log: list[tuple[str, Any]] = []
        self.tracks: list[Any] = []
        self.asked: list[tuple[int, int]] = []  # the session and the number of frames, when a response was asked for
        self.has_cancelled = False  # in this session
        self.ended_in: int | None = None  # the session in which disconnect() was called
        self._watch()
        for tool in TOOLS:
            definition = {"name": tool, "description": "f", "parameters": {"type": "object", "properties": {}}}
            self.client.register_tool(definition, partial(self.answer, tool), timeout=4)

    def _watch(self) -> None:
        def note(name: str) -> Callable[[Any], None]:
            return lambda event: self.log.append((name, event))

        for name in ("client.connected", "client.disconnected", "close", "realtime.event", "error"):
            self.client.on(name, note(name))
        self.client.on("conversation.*", note("conversation"))
        self.client.on("trackStarted", self.tracks.append)

    @property
    def session(self) -> int:
        """The number of the session."""
        return len(self.server.requests)

    def _is_live(self) -> bool | None:
        if self.ended_in == self.session:
            return False
        return True if self.client.is_connected() else None

    # The page's code.

    async def _key(self, kind: str) -> str:
        await turns(2)
        await self.act(kind)
        return "ek_1"

    async def answer(self, kind: str, call: Any) -> Any:
        result = await super().answer(kind, call)
        return BackgroundResult(result) if kind == "background" else result

    async def connect(self) -> None:
        self.openings += 1
        before = self._count("client.connected")
        self.has_cancelled = False
        await self.client.connect()
        if self._count("client.connected") == before:
            raise Fault("connect() has returned, but the client was not connected")

    async def end_session(self) -> None:
        await self._ending()

    def once(self, event: str, handler: Callable[..., object]) -> object:
        return self.client.on_next(event, handler)

    def _ending(self) -> Any:
        """disconnect(): from the call on, nothing is sent or received."""
        ending = self.client.disconnect()
        self.ended_in = self.session
        if self.client.is_connected():
            raise Fault("is_connected() after the call of disconnect()")
        return ending

    def _count(self, name: str) -> int:
        return sum(1 for logged, _ in self.log if logged == name)

    # Steps: the page.

    def do_connect(self) -> None:
        limit = None if self.timeout is None else self.timeout + 3 * SETTLED_WITHIN
        self.call("connect", self.connect, limit=limit)

    def do_disconnect_and_go_on(self) -> None:
        self._ending()

    def do_reset(self) -> None:
        self.client.reset()
        self.ended_in = self.session
        for tool in TOOLS:
            definition = {"name": tool, "description": "f", "parameters": {"type": "object", "properties": {}}}
            self.client.register_tool(definition, partial(self.answer, tool), timeout=4)

    def do_open_microphone(self) -> None:
        self.call("open_microphone", self._open)

    async def _open(self) -> None:
        self.openings += 1
        await self.client.open_microphone()

    def do_enable_mic(self, enable: bool) -> None:
        self.openings += enable
        self.call("enable_mic", partial(self.client.enable_mic, enable), limit=1)

    def do_mute(self, muted: bool) -> None:
        self.openings += not muted
        self.client.mute(muted)

    def do_update_mic(self, id: str) -> None:
        self.call("update_mic", partial(self.client.update_mic, id), limit=1)

    def do_write(self, text: str) -> None:
        self._ask(partial(self.client.send_user_message_content, [{"type": "input_text", "text": text}]))

    def do_create_response(self, kind: str) -> None:
        if kind == "out of band":
            self.client.create_response({"conversation": "none", "metadata": {"n": "1"}})
        else:
            self._ask(partial(self.client.create_response, {"instructions": "x"} if kind == "params" else None))

    def _ask(self, function: Callable[[], object]) -> None:
        short, frames = self._count("error"), len(self.server.sent)
        function()
        if self._count("error") == short:  # else the person's turn was too short to be answered
            self.asked.append((self.session, frames))

    def do_send_text(self, interrupt: bool) -> None:
        self.has_cancelled |= interrupt
        self.call("send_text", partial(self.client.send_text, "hi", interrupt=interrupt), limit=2)

    def do_interrupt(self) -> None:
        self.has_cancelled = True
        self.call("interrupt", self.client.interrupt, limit=2)

    def do_stop(self) -> None:
        self.has_cancelled = True
        self.client.cancel()

    def do_cut(self, which: int, samples: int) -> None:
        self.has_cancelled = True
        items = self.client.get_conversation_items()
        self.client.cancel_response(items[which % len(items)].id if items else None, samples)

    def do_append(self, count: int) -> None:
        self.client.append_input_audio(bytes(count))

    def do_send(self, type: str) -> None:
        self.client.realtime.send(type)

    def do_delete(self, which: int) -> None:
        if self.server.items:
            id = self.server.items[which % len(self.server.items)]
            self.client.realtime.send("conversation.item.delete", {"item_id": id})

    def do_update_config(self) -> None:
        self.client.update_config({"instructions": "Be brief."})

    def do_history(self) -> None:
        self.client.import_history(item for item in self.client.export_history() if item["type"] == "message")

    def do_wait_for(self, event: str, timeout: float | None) -> None:
        wait_for = partial(self.client.wait_for_next, event, timeout)
        self.call("wait_for", wait_for, limit=timeout, waits_for_session=True)

    def do_wait_for_item(self, completed: bool, timeout: float | None) -> None:
        function = self.client.wait_for_next_completed_item if completed else self.client.wait_for_next_item
        self.call("wait_for_item", partial(function, timeout), limit=timeout, waits_for_session=True)

    def do_pause(self, paused: bool) -> None:
        (self.client.pause if paused else self.client.resume)()

    def do_record(self, limit: float) -> None:
        self.call("record", partial(self._record, limit), limit=2)

    async def _record(self, limit: float) -> None:
        recording = await self.client.record(limit=limit)
        await asyncio.sleep(0.5)
        await recording.stop()

    def do_renew(self) -> None:
        self.call("renew_session", self.client.renew_session, limit=60)

    # Steps: the server, the network and the person.

    def do_take(self, count: int) -> None:
        for _ in range(count):
            self.server.take()

    def do_begin_response(self) -> None:
        self.server.begin_by_itself()

    def do_speak(self) -> None:
        self.server.speak()
        if self.server.items and not self.server.carries_tracks:
            self.server.now_playing = Played(self.server.items[-1], 0, 2400)

    def do_model_calls(self, tool: str) -> None:
        self.server.call(tool)

    def do_finish(self, status: str) -> None:
        self.server.finish(status)

    def do_speech(self, started: bool) -> None:
        if self.server.is_open:
            self.has_cancelled = True
            self.server.say(f"input_audio_buffer.speech_{'started' if started else 'stopped'}", audio_start_ms=0)

    def do_chaos(self, type: str, which: int, fields: Mapping[str, Any]) -> None:
        """The server says something that makes no sense here."""
        if self.server.is_open:
            self.server.is_true = False
            known = [*self.server.items, "item_x"]
            ids = {"item_id": known[which % len(known)], "response_id": self.server.active or "resp_x"}
            self.server.say(type, **ids, **fields)

    def do_nonsense(self) -> None:
        if self.server.is_open:
            self.server.say_text('{"type": 7}')

    def do_hear(self, count: int) -> None:
        self.server.hear(bytes(count))

    def do_lose(self) -> None:
        if self.server.is_open:
            self.server.lose()

    def do_network(self, how: str) -> None:
        self.server.hangs = how == "hangs"
        self.server.fails_with = TransportStartError("no route") if how == "fails" else None

    def do_be(self, part: str, how: Any) -> None:
        setattr(self.server, part, how)

    async def do_quiet(self) -> None:
        """If the server does all that it is asked for and nothing else happens, both sides agree."""
        server, session = self.server, self.session
        for _ in range(12):
            while server.take():
                pass
            server.finish("completed")
            await asyncio.sleep(1)
        undisturbed = self.client.is_connected() and session == self.session and server.is_open
        if not undisturbed or not server.is_true or server.inbox or server.active or server.refuses_to_send:
            return
        if [item.id for item in self.client.get_conversation_items()] != server.items:
            ids = [item.id for item in self.client.get_conversation_items()]
            raise Fault(f"the client has the items {ids}, the server {server.items}")
        created = [index for index, event in enumerate(server.sent) if event["type"] == "response.create"]
        for number, frames in self.asked:
            if number == session and not any(index >= frames for index in created):
                raise Fault("a response was asked for, but never requested")
        self._check_calls(created)

    def _check_calls(self, created: list[int]) -> None:
        """Every call of this session is answered, and the model was asked to go on."""
        for call, (tool, response) in self.server.calls.items():
            if tool not in OUTPUTS:
                continue
            if [output for _, output in self.server.outputs.get(call, [])] != [OUTPUTS[tool]]:
                raise Fault(f"the call of {tool!r} was answered with {self.server.outputs.get(call)}")
            went_on = any(index > self.server.outputs[call][0][0] for index in created)
            speaks = self.server.statuses[response] == "completed" and tool != "background"
            if speaks and not (went_on or self.has_cancelled):
                raise Fault(f"{tool!r} was answered, but the model was not asked to go on")

    # What must hold.

    def check(self) -> None:
        if self.server.complaints:
            raise Fault(self.server.complaints[0])
        for call, outputs in self.server.outputs.items():
            if len(outputs) > 1:
                raise Fault(f"{call} was answered with {outputs}")
        ids = [item.id for item in self.client.get_conversation_items()]
        if len(ids) != len(set(ids)):
            raise Fault(f"items are double: {ids}")

    def check_released(self, when: str) -> None:
        open_tracks = [track.id for track in self.tracks if track.readyState != "ended"]
        if open_tracks or self.client.is_mic_enabled or self.client.devices_open:
            raise Fault(f"{when}, but {open_tracks or 'devices'} are open")
        if self.server.is_open or self.client.is_connected():
            raise Fault(f"{when}, but the link is open")

    async def end(self) -> None:
        self.check_released("the session has ended")
        server = self.server
        server.hangs, server.fails_with, server.refuses_to_send, server.closing = False, None, False, "ok"
        server.microphone = "granted"
        await self.connect()
        if not self.client.is_connected():
            raise Fault("connect() has returned, but nothing is connected")
        self.client.create_response({"conversation": "none"})
        await self._ending()
        self.check_released("the last session has ended")

    def check_history(self) -> None:
        counts = Counter(name for name, _ in self.log)
        if not counts["client.connected"] == counts["client.disconnected"] == counts["close"]:
            raise Fault(f"the events of the connection do not match: {counts}")
        received = [event.event["event_id"] for _, event in self.log if self._is_of(event, "server")]
        for id, is_live in self.server.said:
            if is_live is not None and is_live != (id in received):
                raise Fault(f"{id} was {'not ' if is_live else ''}dispatched")
        if received != [id for id, _ in self.server.said if id in set(received)]:
            raise Fault("server events were dispatched in another order, or twice")
        sent = [event.event["event_id"] for _, event in self.log if self._is_of(event, "client")]
        if sorted(sent) != sorted(event["event_id"] for event in self.server.sent):
            raise Fault("client events were sent, but not dispatched")

    @staticmethod
    def _is_of(event: Any, source: str) -> bool:
        return getattr(event, "source", None) == source and getattr(event, "type", None) == "realtime.event"

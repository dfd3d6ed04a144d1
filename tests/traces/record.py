"""Records what Pipecat's bots say over RTVI: real pipelines in memory; model, voice and person follow a script.

    pip install "pipecat-ai[openai]==0.0.108" websockets      # or 1.14.0, in an environment of its own
    python record.py words tests/traces/mid-0.0.108-words.jsonl

The transport, the language model and the voice are small; all that makes RTVI messages of what they do is Pipecat's.
"sentences" has a voice that does not report its words, "words" one that does, "speech-to-speech" Pipecat's own service
for OpenAI's Realtime protocol, against a server in this file. Each line of a trace is a message:
{"t_ms": milliseconds since the start, "dir": "in" | "out", "msg": …}, "in" from the bot.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

with contextlib.suppress(ImportError):  # 0.0.108 has it; its data would be a download
    import nltk.tokenize

    nltk.tokenize.sent_tokenize = lambda text, language="english": re.split(r"(?<=[.!?]) +", text)

from pipecat.frames.frames import (
    ControlFrame,
    EndFrame,
    FunctionCallResultProperties,
    InputTransportMessageFrame,
    InterimTranscriptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIFunctionCallReportLevel, RTVIObserverParams
from pipecat.services.llm_service import FunctionCallFromLLM, LLMService
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.utils.text.markdown_text_filter import MarkdownTextFilter
from pipecat.utils.time import time_now_iso8601

PIPECAT = version("pipecat-ai")
IS_1_X = PIPECAT.startswith("0.")
RATE = 16_000
SECONDS_A_CHARACTER = 0.03


@dataclass
class Answer(ControlFrame):
    """Has the model say something, piece by piece, and call functions."""

    text: str = ""
    calls: tuple[str, ...] = ()
    pieces: list[str] = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.pieces = re.findall(r"\s*[^\s]{1,6}|\s+", self.text)


class Model(LLMService):
    """A language model that answers what it is given."""

    async def process_frame(self, frame: Any, direction: Any) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, Answer):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        for piece in frame.pieces:
            await asyncio.sleep(0.01)
            await self._push(piece)
        if frame.calls:
            calls = [
                FunctionCallFromLLM(
                    function_name=name,
                    tool_call_id=f"call_{number}",
                    arguments={"place": "Paris"},
                    context=LLMContext(),
                )
                for number, name in enumerate(frame.calls)
            ]
            await self.run_function_calls(calls)
        await self.push_frame(LLMFullResponseEndFrame())

    async def _push(self, piece: str) -> None:
        await self.push_frame(LLMTextFrame(piece))


class Voice(TTSService):
    """Speaks silence, as long as the text; with ``words``, it reports each word."""

    def __init__(self, *, words: bool) -> None:
        super().__init__(
            push_text_frames=not words,
            push_stop_frames=True,
            stop_frame_timeout_s=0.3,
            sample_rate=RATE,
            text_filters=[MarkdownTextFilter()],
        )
        self._words = words

    def can_generate_metrics(self) -> bool:
        return False

    async def run_tts(self, text: str, context_id: str) -> AsyncIterator[Any]:
        if not self.audio_context_available(context_id):
            await self.create_audio_context(context_id)
            yield TTSStartedFrame(context_id=context_id)
            self._at = 0.0
        if self._words:
            at, times = self._at, []
            for word in text.split():
                times.append((word, at))
                at += SECONDS_A_CHARACTER * (len(word) + 1)
        samples = int(len(text) * SECONDS_A_CHARACTER * RATE)
        for start in range(0, samples, RATE // 10):
            sound = b"\x01\x00" * min(RATE // 10, samples - start)
            yield TTSAudioRawFrame(sound, RATE, 1, context_id=context_id)
            if start == 0 and self._words:
                await self.add_word_timestamps(times, context_id)
        self._at += len(text) * SECONDS_A_CHARACTER


class Output(BaseOutputTransport):
    """Plays in real time, and writes messages down."""

    def __init__(self, record: Record) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE))
        self._record = record
        self._free_at = 0.0

    async def start(self, frame: Any) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def send_message(self, frame: Any) -> None:
        self._record.add("in", frame.message)

    async def write_audio_frame(self, frame: Any) -> bool:
        seconds = len(frame.audio) / 2 / frame.sample_rate / frame.num_channels
        self._free_at = max(self._free_at, time.monotonic()) + seconds
        await asyncio.sleep(self._free_at - time.monotonic() - 0.02)
        return True


class Person(FrameProcessor):
    """Stands where the transport and the recognition of speech do."""

    async def process_frame(self, frame: Any, direction: Any) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)

    async def says(self, text: str, *, user_id: str = "", interrupts: bool = False) -> None:
        await self.push_frame(UserStartedSpeakingFrame())
        if interrupts:
            interrupt = getattr(self, "broadcast_interruption", None) or self.push_interruption_task_frame_and_wait
            await interrupt()
        words = text.split()
        for count in range(2, len(words), 3):
            await asyncio.sleep(0.1)
            await self.push_frame(InterimTranscriptionFrame(" ".join(words[:count]), user_id, time_now_iso8601()))
        await asyncio.sleep(0.2)
        await self.push_frame(UserStoppedSpeakingFrame())
        await self.push_frame(TranscriptionFrame(text, user_id, time_now_iso8601()))


class Record:
    """The lines of a trace."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.lines: list[dict[str, Any]] = []

    def add(self, direction: str, message: Any) -> None:
        milliseconds = round((time.monotonic() - self._start) * 1000, 1)
        self.lines.append({"t_ms": milliseconds, "dir": direction, "msg": message})

    def types(self) -> list[str]:
        return [line["msg"]["type"] for line in self.lines]

    async def quiet(self, seconds: float = 1.2) -> None:
        """Wait until nothing has been said for a while."""
        count = -1
        while count != len(self.lines):
            count = len(self.lines)
            await asyncio.sleep(seconds)


PARAGRAPHS = (
    "Here are **two** ideas:\n\n- One is good.\n- Two is *better*.\n\nIt’s “your” choice — really. Say `yes` now!"
)


async def talk(record: Record, person: Person, model: Model) -> None:
    """A conversation with a bot of three services."""
    record.add("out", READY)
    await person.push_frame(InputTransportMessageFrame(message=READY))
    await asyncio.sleep(0.2)
    await model.queue_frame(Answer("Hello! I'm your bot."))
    await record.quiet()
    await person.says("What can you do for me?")
    await model.queue_frame(Answer(PARAGRAPHS))
    await record.quiet()
    await person.says("What time is it now?")
    await model.queue_frame(Answer("Yes. Yes. It is 12 o'clock."))
    await record.quiet()
    await model.queue_frame(TTSSpeakFrame("Are you still there?"))
    await record.quiet()
    await person.says("How is the weather in Paris?")
    await model.queue_frame(Answer("Let me see.", calls=("get_weather",)))
    await record.quiet()
    await model.queue_frame(Answer("It is sunny in Paris. Take a hat."))
    await record.quiet()
    await person.says("Show me a picture of it please.")
    await model.queue_frame(Answer(calls=("show_picture",)))
    await record.quiet()
    await person.says("Tell me a long story.")
    await model.queue_frame(Answer("Once upon a time there was a king. " * 4))
    await asyncio.sleep(2.5)
    await person.says("Stop now please.", interrupts=True)
    await model.queue_frame(Answer("Sure. こんにちは、ご時間をいただきありがとう。"))
    await record.quiet()


async def speech_to_speech(record: Record, person: Person, server: RealtimeServer) -> None:
    """A conversation with a model that hears and speaks by itself."""
    record.add("out", READY)
    await person.push_frame(InputTransportMessageFrame(message=READY))
    await asyncio.sleep(0.5)
    await server.answer("", "Hello! I'm your bot.")
    await record.quiet()
    await server.answer("What can you do for me?", PARAGRAPHS.replace("*", "").replace("`", ""))
    await record.quiet()
    await server.answer("What time is it?", "Yes. Yes. It is 12 o'clock.")
    await record.quiet()
    await server.answer("Say it in Japanese.", "こんにちは、ご時間をいただきありがとう。")
    await record.quiet()


class RealtimeServer:
    """A server of OpenAI's Realtime protocol, as far as Pipecat's service listens."""

    def __init__(self) -> None:
        self._socket: Any = None
        self._ids = 0

    async def serve(self, socket: Any) -> None:
        self._socket = socket
        await self._send("session.created", session={"type": "realtime"})
        async for text in socket:
            if json.loads(text)["type"] == "session.update":
                await self._send("session.updated", session={"type": "realtime"})

    async def _send(self, type: str, **data: Any) -> None:
        self._ids += 1
        await self._socket.send(json.dumps({"type": type, "event_id": f"event_{self._ids}", **data}))

    async def answer(self, heard: str, said: str) -> None:
        """Hear something, and answer it; the person's words are known when the answer is under way."""
        self._ids += 1
        heard_id, id = f"item_u{self._ids}", f"item_b{self._ids}"
        if heard:
            await self._send("input_audio_buffer.speech_started", audio_start_ms=0, item_id=heard_id)
            await asyncio.sleep(0.3)
            await self._send("input_audio_buffer.speech_stopped", audio_end_ms=300, item_id=heard_id)
        item = {"id": id, "object": "realtime.item", "type": "message", "role": "assistant", "content": []}
        await self._send("conversation.item.added", item={**item, "status": "in_progress"})
        place = {"response_id": "resp_1", "item_id": id, "output_index": 0, "content_index": 0}
        pieces = re.findall(r"\s*\S{1,5}", said)
        for count, piece in enumerate(pieces):
            sound = b"\x01\x00" * int(len(piece) * SECONDS_A_CHARACTER * 24_000)
            await self._send("response.output_audio_transcript.delta", **place, delta=piece)
            await self._send("response.output_audio.delta", **place, delta=base64.b64encode(sound).decode())
            await asyncio.sleep(0.02)
            if heard and count == min(3, len(pieces) - 1):
                words = {"item_id": heard_id, "content_index": 0}
                for part in re.findall(r"\s*\S+", heard):
                    await self._send("conversation.item.input_audio_transcription.delta", **words, delta=part)
                await self._send("conversation.item.input_audio_transcription.completed", **words, transcript=heard)
        await self._send("response.output_audio.done", **place)
        usage = {"total_tokens": 2, "input_tokens": 1, "output_tokens": 1}
        usage |= {"input_token_details": {}, "output_token_details": {}}
        response = {"id": "resp_1", "object": "realtime.response", "status": "completed", "status_details": None}
        await self._send("response.done", response={**response, "output": [], "usage": usage})


READY = {
    "label": "rtvi-ai",
    "type": "client-ready",
    "id": "00000001",
    "data": {"version": "1.2.0" if IS_1_X else "2.2.0", "about": {"library": "recorder"}},
}


@contextlib.asynccontextmanager
async def running(pipeline: Pipeline) -> AsyncIterator[None]:
    """Run a pipeline."""
    levels = {"*": RTVIFunctionCallReportLevel.FULL}
    params = RTVIObserverParams(function_call_report_level=levels)
    if IS_1_X:
        from pipecat.pipeline.runner import PipelineRunner
        from pipecat.pipeline.task import PipelineTask

        task = PipelineTask(pipeline, rtvi_observer_params=params, idle_timeout_secs=None)
        run = asyncio.ensure_future(PipelineRunner(handle_sigint=False).run(task))
    else:
        from pipecat.pipeline.worker import PipelineWorker
        from pipecat.workers.runner import WorkerRunner

        task = PipelineWorker(pipeline, rtvi_observer_params=params, idle_timeout_secs=None)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(task)
        run = asyncio.ensure_future(runner.run())
    await asyncio.sleep(0.5)
    yield
    await task.queue_frame(EndFrame())
    await asyncio.wait({run}, timeout=5)


async def record(kind: str) -> list[dict[str, Any]]:
    """The lines of a session."""
    trace, person = Record(), Person()
    if kind == "speech-to-speech":
        import websockets

        server = RealtimeServer()
        async with websockets.serve(server.serve, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            service = OpenAIRealtimeLLMService(api_key="none", base_url=f"ws://127.0.0.1:{port}/v1/realtime")
            async with running(Pipeline([person, service, Output(trace)])):
                await speech_to_speech(trace, person, server)
        return trace.lines
    model = Model()

    async def weather(params: Any) -> None:
        await params.result_callback({"conditions": "sunny"}, properties=FunctionCallResultProperties(run_llm=False))

    model.register_function("get_weather", weather)
    model.register_function("show_picture", weather)
    async with running(Pipeline([person, model, Voice(words=kind == "words"), Output(trace)])):
        await talk(trace, person, model)
    return trace.lines


if __name__ == "__main__":
    _, kind, path = sys.argv
    lines = asyncio.run(record(kind))
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    Path(path).write_text(text, encoding="utf-8")

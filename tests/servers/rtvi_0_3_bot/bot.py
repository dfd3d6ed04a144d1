"""An RTVI 0.3.0 voice bot, with configuration and actions, on an unmodified Pipecat 0.0.73."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from actions import Actions
from fastapi import WebSocket
from loguru import logger
from openai.types.chat import ChatCompletionToolParam
from options import Options
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer
from pipecat.frames.frames import TransportMessageUrgentFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.openai_llm_context import OpenAILLMContext
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIConfig, RTVIError, RTVIErrorData, RTVIObserver, RTVIProcessor
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.transports.network.fastapi_websocket import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.transports.network.small_webrtc import SmallWebRTCTransport
from pipecat.transports.network.webrtc_connection import SmallWebRTCConnection
from services import service_factory_get
from start import Start

GET_WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather at a place, as the web page knows it.",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
        },
    },
}
SET_PAGE_COLOR: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "set_page_color",
        "description": "Change the background colour of the web page that the user sees.",
        "parameters": {
            "type": "object",
            "properties": {"color": {"type": "string", "description": "a CSS colour name"}},
            "required": ["color"],
        },
    },
}


class Bot:
    """The language model with its context, and an RTVIProcessor that knows the bot's options and actions.

    Both a session and a single turn build their pipeline around it.
    """

    def __init__(self, start: Start, transport: BaseTransport | None = None, vad: VADAnalyzer | None = None) -> None:
        self.start = start
        self.vad = vad
        self.llm = self.service("llm")
        self.context = OpenAILLMContext([], [GET_WEATHER, SET_PAGE_COLOR])
        aggregators = self.llm.create_context_aggregator(self.context)
        self.user, self.assistant = aggregators.user(), aggregators.assistant()

        self.rtvi = RTVIProcessor(config=RTVIConfig(config=start.config), transport=transport)
        self.options = Options(self)
        for service in self.options.services():
            self.rtvi.register_service(service)
        for action in Actions(self).all():
            self.rtvi.register_action(action)
        # Every function is the page's to answer. It hears of a call twice, as the documents say.
        self.llm.register_function(
            None, self.rtvi.handle_function_call, start_callback=self.rtvi.handle_function_call_start
        )

    def service(self, name: str) -> Any:
        """The service of the provider that was asked for."""
        provider = self.start.services[name]
        return service_factory_get(provider, name, self.start.api_key(provider))

    async def run_llm(self) -> None:
        """Let the model answer the context as it is."""
        await self.rtvi.push_frame(self.user.get_context_frame())


Extension = Callable[[Bot], Sequence[FrameProcessor]]
"""Adds to a bot, and may return processors for the audio that comes in."""


def transport_of(connection: SmallWebRTCConnection | WebSocket, vad: VADAnalyzer) -> BaseTransport:
    """Pipecat's transport for a page's connection."""
    media: dict[str, Any] = {"audio_in_enabled": True, "audio_out_enabled": True, "vad_analyzer": vad}
    if isinstance(connection, WebSocket):
        return FastAPIWebsocketTransport(
            connection, FastAPIWebsocketParams(**media, serializer=ProtobufFrameSerializer())
        )
    return SmallWebRTCTransport(webrtc_connection=connection, params=TransportParams(**media))


async def main(connection: SmallWebRTCConnection | WebSocket, start: Start, extend: Extension) -> None:
    """One session, until the page leaves, the bot is told to disconnect, or `start.max_duration` is over."""
    vad = await asyncio.to_thread(SileroVADAnalyzer)
    transport = transport_of(connection, vad)
    bot = Bot(start, transport, vad)
    stt, tts = bot.service("stt"), bot.service("tts")
    task = PipelineTask(
        Pipeline(
            [
                transport.input(),
                bot.rtvi,
                *extend(bot),
                stt,
                bot.user,
                bot.llm,
                tts,
                transport.output(),
                bot.assistant,
            ]
        ),
        params=PipelineParams(
            allow_interruptions=True, enable_metrics=True, enable_usage_metrics=True, audio_out_sample_rate=24_000
        ),
        observers=[RTVIObserver(bot.rtvi)],
        idle_timeout_secs=None,
    )

    @bot.rtvi.event_handler("on_client_ready")
    async def on_client_ready(rtvi: RTVIProcessor) -> None:
        try:
            await rtvi.set_bot_ready()
        except Exception as error:  # A value that an option does not take; Pipecat would leave the page waiting.
            logger.exception("the configuration cannot be applied")
            message = RTVIError(data=RTVIErrorData(error=f"The configuration cannot be applied: {error}", fatal=True))
            await rtvi.push_frame(TransportMessageUrgentFrame(message=message.model_dump()))
            await task.stop_when_done()

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(_transport: BaseTransport, _client: object) -> None:
        await task.cancel()

    time_is_up = asyncio.get_running_loop().call_later(start.max_duration, lambda: asyncio.ensure_future(task.cancel()))
    try:
        await PipelineRunner(handle_sigint=False).run(task)
    finally:
        time_is_up.cancel()

"""A voice bot on Pipecat and its development runner, for pages made with rtvi_web.

    python bot.py --host localhost --port 7860 --speech-url http://127.0.0.1:9100/v1

It hears, thinks and speaks through Pipecat's own OpenAI services. With --speech-url these talk to
speech_server.py, which needs no key; without it, to OpenAI with your OPENAI_API_KEY.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # else Silero's ONNX runtime reports to Microsoft; it asks when imported

import argparse
import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse
from page_functions import PageFunctions
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frameworks.rtvi import RTVIFunctionCallReportLevel, RTVIObserverParams, RTVIProcessor
from pipecat.processors.frameworks.rtvi.models import ClientMessage
from pipecat.runner import run as pipecat_runner
from pipecat.runner.types import RunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams
from pipecat.turns.user_stop.speech_timeout_user_turn_stop_strategy import (
    SpeechTimeoutUserTurnStopStrategy,
)
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.file_resolver import FileResolver
from pipecat.workers.runner import WorkerRunner
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount, WebSocketRoute

BUILD = Path(__file__).resolve().parents[2] / "build"
RELAY = Path(__file__).resolve().parents[1] / "realtime_relay"
REALTIME_SERVER = Path(__file__).resolve().parents[2] / "tests" / "servers" / "realtime"

INSTRUCTIONS = (
    "You are a friendly voice bot on a web page. Answer in one or two short sentences of plain text. "
    "You can change the colour of the page and tell the time."
)
PAGE_ANSWER_TIMEOUT = 10.0  # seconds

SET_PAGE_COLOR = FunctionSchema(
    name="set_page_color",
    description="Change the background colour of the web page that the user sees.",
    properties={"color": {"type": "string", "description": "a CSS colour name"}},
    required=["color"],
)
GET_TIME = FunctionSchema(
    name="get_time", description="The time of day where the bot runs.", properties={}, required=[]
)


Services = tuple[OpenAISTTService, OpenAILLMService, OpenAITTSService]


async def bot(arguments: RunnerArguments) -> None:
    """One session; the runner calls this for each client that connects."""
    options = arguments.cli_args
    assert options is not None
    await asyncio.sleep(options.start_delay)
    transport = await create_transport(
        arguments,
        {
            "webrtc": lambda: TransportParams(audio_in_enabled=True, audio_out_enabled=True),
            "websocket": lambda: FastAPIWebsocketParams(
                audio_in_enabled=True, audio_out_enabled=True, serializer=ProtobufFrameSerializer()
            ),
        },
    )
    context = LLMContext(
        [{"role": "system", "content": INSTRUCTIONS}],
        tools=ToolsSchema(standard_tools=[SET_PAGE_COLOR, GET_TIME]),
    )
    worker = worker_of(
        transport, context, services(options.speech_url, FileResolver(file_storage=arguments.file_storage))
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @worker.rtvi.event_handler("on_client_ready")
    async def on_client_ready(_rtvi: RTVIProcessor) -> None:
        context.add_message({"role": "developer", "content": "Greet the user in one short sentence."})
        await worker.queue_frames([LLMRunFrame()])

    @worker.rtvi.event_handler("on_client_message")
    async def on_client_message(rtvi: RTVIProcessor, message: ClientMessage) -> None:
        match message.type:
            case "echo":
                await rtvi.send_server_response(message, message.data)
            case "fail":
                await rtvi.send_error_response(message, "this request always fails")
            case "notify":
                await rtvi.send_server_message(message.data)
            # Any other type is never answered: requests of it need a time limit.

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(_transport: BaseTransport, _client: object) -> None:
        await runner.cancel()

    await runner.run()


def worker_of(transport: BaseTransport, context: LLMContext, services: Services) -> PipelineWorker:
    """The pipeline of a session."""
    stt, llm, tts = services
    page_functions = PageFunctions()
    llm.register_function("set_page_color", page_functions.call, timeout_secs=PAGE_ANSWER_TIMEOUT)
    llm.register_function("get_time", get_time)
    user, assistant = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(),
            user_turn_strategies=UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.3)]),
            user_turn_stop_timeout=15.0,  # seconds; a busy machine may take more than the usual five to recognise
        ),
    )
    return PipelineWorker(
        Pipeline([transport.input(), page_functions, stt, user, llm, tts, transport.output(), assistant]),
        params=PipelineParams(enable_metrics=True, enable_usage_metrics=True),
        rtvi_observer_params=RTVIObserverParams(
            # The page answers function calls, so it must learn their names and arguments.
            function_call_report_level={"*": RTVIFunctionCallReportLevel.FULL}
        ),
        idle_timeout_secs=None,
    )


def services(speech_url: str | None, files: FileResolver) -> Services:
    """Pipecat's OpenAI services: of the local speech server, or of OpenAI if there is none."""
    if speech_url is None:
        key = os.environ["OPENAI_API_KEY"]
        return (
            OpenAISTTService(api_key=key),
            OpenAILLMService(api_key=key, file_resolver=files),
            OpenAITTSService(api_key=key),
        )
    local: dict[str, Any] = {"api_key": "none", "base_url": speech_url}
    return OpenAISTTService(**local), OpenAILLMService(**local, file_resolver=files), OpenAITTSService(**local)


async def get_time(params: FunctionCallParams) -> None:
    """A function that the server answers itself."""
    await params.result_callback({"time": datetime.now().astimezone().strftime("%H:%M")})


def realtime_routes(speech_url: str | None) -> list[BaseRoute]:
    """The Realtime protocol at /v1/realtime: a server of this machine, or the relay to OpenAI's with the key.

    The relay takes WebSockets, calls over WebRTC (/v1/realtime/calls), and makes ephemeral keys (…/client-secret).
    """
    if speech_url is None:
        sys.path.append(str(RELAY))
        from relay import API_KEY, BASE_URL, SESSION, create_app

        base_url = os.environ.get("OPENAI_BASE_URL", BASE_URL)
        relay = create_app(base_url, os.environ[API_KEY], SESSION)
        return [WebSocketRoute("/v1/realtime", relay), Mount("/v1/realtime", relay)]
    sys.path.append(str(REALTIME_SERVER))
    from server import Realtime, mind_for

    routes: list[BaseRoute] = [*Realtime(mind_for(speech_url)).routes()]
    return routes


def main() -> None:
    """Serve the bot, its phrases and, with --site, the page on Pipecat's development runner."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech-url", metavar="URL", help="base URL of the local speech server")
    parser.add_argument("--site", type=Path, metavar="DIR", help="serve this built site at /")
    parser.add_argument("--live", type=Path, metavar="DIR", help="serve this folder too; its pages follow its changes")
    parser.add_argument("--realtime", action="store_true", help="serve OpenAI's Realtime protocol at /v1/realtime too")
    parser.add_argument("--host-name", action="append", default=[], help="another name of this server; repeatable")
    parser.add_argument("--start-delay", type=float, default=0.0, metavar="SECONDS", help="start as slowly as some do")
    options, _ = parser.parse_known_args()
    if options.speech_url is None and not os.environ.get("OPENAI_API_KEY"):
        sys.exit("bot.py: give --speech-url, or set OPENAI_API_KEY to use OpenAI's services")

    @pipecat_runner.app.get("/phrases")
    async def phrases() -> FileResponse:
        return FileResponse(Path(__file__).with_name("phrases.json"))

    if options.realtime:
        pipecat_runner.app.router.routes += realtime_routes(options.speech_url)

    sys.path.append(str(BUILD))  # last, for build/site.py must not hide Python's own `site`
    if options.site:
        from serve import site

        pipecat_runner.app.add_middleware(site, folder=options.site)

    if options.live:
        from live import Live

        pipecat_runner.app.add_middleware(Live, folder=options.live)

    def run(app: FastAPI, *, host: str, port: int) -> None:
        # DNS rebinding: a foreign page may point its own name at this machine, but its requests still carry that name.
        names = ["localhost", "127.0.0.1", "[::1]", host, *options.host_name]
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False)
        # Without a limit the server would wait for live sessions to end by themselves.
        run_server(app, host=host, port=port, timeout_graceful_shutdown=1)

    run_server = uvicorn.run
    uvicorn.run = run  # type: ignore[assignment]  # the runner has options for neither, and gives no others
    pipecat_runner.main(parser)


if __name__ == "__main__":
    main()

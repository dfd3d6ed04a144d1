"""A Pipecat bot that says back at once whatever it hears, over WebSocket and WebRTC; silence is not said back.

python bot.py --host localhost --port 7860 --site dist/
"""

import argparse
import sys
from array import array
from pathlib import Path

from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.runner import run as pipecat_runner
from pipecat.runner.types import RunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams
from pipecat.workers.runner import WorkerRunner

RATE = 16_000
"""Samples a second in both directions, so that nothing is converted on the way."""
LOUD = 300


class Echo(FrameProcessor):
    """Says back what sounds. Silence would be queued while the pipeline starts, and delay all that follows."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            if max(map(abs, array("h", frame.audio)), default=0) < LOUD:
                return
            frame = OutputAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels)
        await self.push_frame(frame, direction)


async def bot(arguments: RunnerArguments) -> None:
    """One session; the runner calls this for each client that connects."""
    transport = await create_transport(
        arguments,
        {
            "webrtc": lambda: TransportParams(audio_in_enabled=True, audio_out_enabled=True),
            "websocket": lambda: FastAPIWebsocketParams(
                audio_in_enabled=True, audio_out_enabled=True, serializer=ProtobufFrameSerializer()
            ),
        },
    )
    worker = PipelineWorker(
        Pipeline([transport.input(), Echo(), transport.output()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(_transport: BaseTransport, _client: object) -> None:
        await runner.cancel()

    await runner.run()


def main() -> None:
    """Serve the bot, and the site beside it, on Pipecat's development runner."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, required=True, metavar="DIR", help="serve this built site at /")
    options, _ = parser.parse_known_args()
    sys.path.append(str(Path(__file__).resolve().parents[3] / "build"))
    from serve import site

    pipecat_runner.app.add_middleware(site, folder=options.site)
    pipecat_runner.main(parser)


if __name__ == "__main__":
    main()

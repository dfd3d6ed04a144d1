"""Functions that the page answers.

RTVI tells the page about every function call. What the page answers (`llm-function-call-result`) comes back as
a frame at the top of the pipeline and travels down to the context aggregator, which runs the model again.
Pipecat's time limit for a function only holds while the function's handler runs. So this handler runs until the
answer has passed.
"""

import asyncio

from pipecat.frames.frames import Frame, FunctionCallResultFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams


class PageFunctions(FrameProcessor):
    """Sees the page's answers. Register `call` for each function of the page, with `timeout_secs`."""

    def __init__(self) -> None:
        super().__init__()
        self._answered: dict[str, asyncio.Event] = {}

    async def call(self, params: FunctionCallParams) -> None:
        """A function's handler: waits for the page. At the time limit Pipecat cancels it and the call."""
        answered = self._answered[params.tool_call_id] = asyncio.Event()
        try:
            await answered.wait()
        finally:
            del self._answered[params.tool_call_id]

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Let every frame pass; note the answers among them."""
        await super().process_frame(frame, direction)
        if isinstance(frame, FunctionCallResultFrame) and frame.tool_call_id in self._answered:
            # After an empty result Pipecat would not let the model go on.
            frame.result = frame.result or "done"
            self._answered[frame.tool_call_id].set()
        await self.push_frame(frame, direction)

"""What hears, thinks and speaks: the transcription, chat and speech endpoints of an OpenAI-compatible server.

examples/local_bot/speech_server.py is one that needs no key.
"""

import io
import wave
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from openai import AsyncOpenAI, AsyncStream

SAMPLE_RATE = 24_000
HEARING, THINKING, SPEAKING = "gpt-4o-mini-transcribe", "gpt-4o-mini", "gpt-4o-mini-tts"
VOICE = "alloy"


class FunctionCall(NamedTuple):
    """A function that the model wants called; the arguments are JSON."""

    name: str
    arguments: str


class Mind:
    """`base_url` and `key` as of AsyncOpenAI."""

    def __init__(self, base_url: str | None, key: str) -> None:
        self._client = AsyncOpenAI(base_url=base_url, api_key=key)

    async def transcribe(self, pcm: bytes) -> str:
        """The words in some speech, or "" when there are none."""
        file = io.BytesIO()
        with wave.open(file, "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(SAMPLE_RATE)
            wav.writeframes(pcm)
        answer = await self._client.audio.transcriptions.create(
            model=HEARING, file=("speech.wav", file.getvalue()), response_format="json"
        )
        return answer.text

    async def speak(self, text: str) -> bytes:
        """Some text as PCM."""
        answer = await self._client.audio.speech.create(model=SPEAKING, voice=VOICE, input=text, response_format="pcm")
        return answer.content

    async def reply(
        self, messages: list[dict[str, Any]], tools: list[dict[str, Any]]
    ) -> AsyncIterator[str | FunctionCall]:
        """The next turn: pieces of text, and at the end the function calls."""
        functions = [
            {"type": "function", "function": {key: tool[key] for key in tool if key != "type"}}
            for tool in tools
            if tool.get("type", "function") == "function"
        ]
        options: dict[str, Any] = {"tools": functions} if functions else {}
        calls: dict[int, list[str]] = {}
        chat: Any = messages  # as OpenAI's types have it, one class for each role
        stream = await self._client.chat.completions.create(model=THINKING, messages=chat, stream=True, **options)
        assert isinstance(stream, AsyncStream)
        async for chunk in stream:
            delta = chunk.choices[0].delta
            if delta.content:
                yield delta.content
            for call in delta.tool_calls or ():
                if call.function:
                    known = calls.setdefault(call.index, ["", ""])
                    known[0] += call.function.name or ""
                    known[1] += call.function.arguments or ""
        for name, arguments in calls.values():
            yield FunctionCall(name, arguments)


def as_messages(instructions: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A Realtime conversation as a chat."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": instructions}]
    for item in items:
        if item["type"] == "message":
            texts = [part.get("text") or part.get("transcript") or "" for part in item["content"]]
            messages.append({"role": item["role"], "content": " ".join(filter(None, texts))})
        elif item["type"] == "function_call":
            function = {"name": item["name"], "arguments": item["arguments"]}
            call = {"id": item["call_id"], "type": "function", "function": function}
            messages.append({"role": "assistant", "tool_calls": [call]})
        elif item["type"] == "function_call_output":
            messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]})
    return messages


def sentences(text: str) -> tuple[list[str], str]:
    """The complete sentences of a growing text, and what is left."""
    done = []
    start = 0
    for index, character in enumerate(text):
        if character in ".!?" and text[index + 1 : index + 2] == " ":
            done.append(text[start : index + 1])
            start = index + 2
    return done, text[start:]

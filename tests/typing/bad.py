"""What must not check: each ``type: ignore`` names the error, and one that is not needed is an error itself."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from rtvi_web import LLMHelper, Participant, RTVIClient, RTVIEvent, TextData, TranscriptData
from rtvi_web.realtime import RealtimeClient
from rtvi_web.testing import ScriptedTransport

client = RTVIClient(transport=ScriptedTransport())


@client.on(RTVIEvent.USER_TRANSCRIPT)  # type: ignore[arg-type]
def wrong_payload(text: TextData) -> None: ...


@client.on(RTVIEvent.CONNECTED)  # type: ignore[arg-type]
def too_many_arguments(text: TextData) -> None: ...


@client.on(RTVIEvent.BOT_LLM_TEXT)  # type: ignore[arg-type]
def one_too_many(text: TextData, more: object) -> None: ...


@client.once(RTVIEvent.TRACK_STARTED)  # type: ignore[arg-type]
def three_of_two(track: object, participant: Participant, more: object) -> None: ...


@client.once(RTVIEvent.REMOTE_AUDIO_LEVEL)  # type: ignore[arg-type]
async def not_the_leading_one(participant: Participant) -> None: ...


@client.on(RTVIEvent.TRACK_STARTED)  # type: ignore[arg-type]
def wrong_way_round(participant: Participant, track: object) -> None: ...


@client.on(RTVIEvent.BOT_TTS_TEXT)  # type: ignore[arg-type]
async def wrong_payload_async(transcript: TranscriptData) -> None: ...


def takes_a_transcript(transcript: TranscriptData) -> None: ...
def takes_two(text: TextData, more: object) -> None: ...
def takes_three(track: object, participant: Participant, more: object) -> None: ...
async def takes_a_participant(participant: Participant) -> None: ...


client.on(RTVIEvent.BOT_READI, len)  # type: ignore[attr-defined]
client.on(RTVIEvent.BOT_READY, 5)  # type: ignore[call-overload]
client.on(RTVIEvent.BOT_TTS_TEXT, takes_a_transcript)  # type: ignore[arg-type]
client.on(RTVIEvent.CONNECTED, takes_a_transcript)  # type: ignore[arg-type]
client.once(RTVIEvent.BOT_LLM_TEXT, takes_two)  # type: ignore[arg-type]
client.once(RTVIEvent.TRACK_STARTED, takes_three)  # type: ignore[arg-type]
client.on(RTVIEvent.REMOTE_AUDIO_LEVEL, takes_a_participant)  # type: ignore[arg-type]
client.on(RTVIEvent.CONNECTED, lambda text: None)  # type: ignore[arg-type,misc]
client.on(RTVIEvent.TRACK_STARTED, lambda track, participant, more: None)  # type: ignore[arg-type,misc]

realtime = RealtimeClient()
realtime.on("server.error", takes_two)  # type: ignore[type-var]
realtime.on_next("conversation.updated", lambda event, more: None)  # type: ignore[type-var]
realtime.on("close", 5)  # type: ignore[type-var]

RTVIClient(ScriptedTransport())  # type: ignore[call-arg]
RTVIClient()  # type: ignore[call-arg]
RTVIClient(transport="small-webrtc")  # type: ignore[arg-type]
RTVIClient(transport=ScriptedTransport(), timeout="15")  # type: ignore[arg-type]

client.state = "ready"  # type: ignore[misc,assignment]
client.send_text(5)  # type: ignore[arg-type]
client.register_function_call_handler("f", 5)  # type: ignore[call-overload]
client.register_helper("llm", print)  # type: ignore[type-var]
LLMHelper().handle_function_call(lambda: 5)  # type: ignore[arg-type,misc]
client.action("llm:run")  # type: ignore[arg-type,unused-coroutine]
client.show_video("#bot", "screen share")  # type: ignore[arg-type]
client.is_mic_enabled = False  # type: ignore[misc]
client.get_all_mics()[0]  # type: ignore[index]
client.events(5)  # type: ignore[arg-type]
RTVIClient(transport=ScriptedTransport(), custom_connect_handler=lambda: None)  # type: ignore[arg-type,misc]


async def main() -> None:
    data = await client.connect()
    str(data.no_such_field)  # type: ignore[attr-defined]
    client.disconnect()  # type: ignore[unused-coroutine]
    str((await client.wait_for(RTVIEvent.BOT_LLM_TEXT)).no_such_field)  # type: ignore[attr-defined]

"""What users write and what must therefore check under ``mypy --strict`` and pyright, without a cast."""

from __future__ import annotations

from typing import assert_type

from rtvi_web import (
    ActionResponse,
    AudioFrame,
    BotReadyData,
    BotState,
    ClientParams,
    DeviceError,
    DeviceStatus,
    ErrorMessage,
    FunctionCall,
    FunctionCallData,
    HttpError,
    InvalidMessage,
    LinkStats,
    LLMContext,
    LLMHelper,
    LogLevel,
    MediaDevice,
    Participant,
    RTVIClient,
    RTVIClientHelper,
    RTVIError,
    RTVIEvent,
    RTVIMessage,
    TextData,
    Tracks,
    TranscriptData,
    Transport,
    TransportState,
    Turn,
    ui,
)
from rtvi_web.core.http import HttpClient
from rtvi_web.core.media import BOT, LOCAL, DeviceName, Media
from rtvi_web.core.no_media import NoMedia
from rtvi_web.realtime import RealtimeClient
from rtvi_web.rtvi.protocol.config import Config
from rtvi_web.rtvi.session.start import AbortController, ConnectTimeout
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver, TransportHost
from rtvi_web.testing import ScriptedTransport, expect, handshake, leave, lose, say
from rtvi_web.transports import SmallWebRTCTransport


def use(*anything: object) -> None: ...


client = RTVIClient(
    transport=SmallWebRTCTransport(),
    params={"baseUrl": "http://bot.test", "endpoints": {"connect": "/start"}, "requestData": {"a": 1}},
    enable_mic=True,
    timeout=15,
    callbacks={"onBotReady": lambda data: use(data)},
)


@client.on(RTVIEvent.USER_TRANSCRIPT)
def heard(transcript: TranscriptData) -> None:
    assert_type(transcript.final, bool)


@client.on(RTVIEvent.BOT_LLM_TEXT)
async def said(text: TextData) -> str:
    return text.text


@client.once(RTVIEvent.DISCONNECTED)
def gone() -> None: ...


@client.on(RTVIEvent.TRACK_STARTED)
def started(track: object, participant: Participant) -> None: ...


@client.on("botLlmText")
def by_name(text: TextData) -> None: ...


@client.on(RTVIEvent.BOT_READY)
def none_of_one() -> None: ...


@client.once(RTVIEvent.TRACK_STARTED)
async def one_of_two(track: object) -> None: ...


@client.on(RTVIEvent.REMOTE_AUDIO_LEVEL)
async def none_of_two() -> None: ...


@client.on(RTVIEvent.REMOTE_AUDIO_LEVEL)
def any_number(*args: object) -> None: ...


client.on(RTVIEvent.BOT_LLM_TEXT, none_of_one)
client.once(RTVIEvent.SCREEN_TRACK_STARTED, one_of_two)
client.on(RTVIEvent.RECONNECTING, lambda attempt: use(attempt + 1))
client.on(RTVIEvent.RECONNECTING, lambda: None)
client.on(RTVIEvent.BOT_READY, lambda data, more=5: use(data, more))
for each in RTVIEvent:
    client.on(each, lambda *args: use(args))
    client.on(each, one_of_two)
    client.on(each, started)
    client.on(str(each), started)
stop = client.on(RTVIEvent.CONNECTED, lambda: None)
assert_type(stop(), None)
client.on(RTVIEvent.TRANSPORT_STATE_CHANGED, lambda state: use(state.value))
client.on(RTVIEvent.BOT_READY, lambda data: use(data.version.upper()))
client.on(RTVIEvent.ERROR, lambda message: use(message.data.error.upper(), message.data.fatal))
client.on(RTVIEvent.LOCAL_AUDIO_LEVEL, lambda level: use(level * 100))
client.on(RTVIEvent.DEVICE_ERROR, lambda error: use(error.devices, error.type))
client.on(RTVIEvent.TRACK_STOPPED, lambda track, participant: use(track.kind, participant.local))
client.on(RTVIEvent.SERVER_MESSAGE, lambda data: use(data["anything"]))
client.on(RTVIEvent.GENERIC_MESSAGE, lambda message: use(message.type, message.data))
client.on(RTVIEvent.INVALID_MESSAGE, lambda invalid: use(invalid.text, invalid.reason))
client.on(RTVIEvent.LLM_FUNCTION_CALL, lambda call: use(call.function_name, call.arguments))
client.off(RTVIEvent.USER_TRANSCRIPT, heard)
client.on(RTVIEvent.BOT_LLM_TEXT, use)


def takes_more_than_it_gets(message: RTVIMessage) -> None: ...


client.on(RTVIEvent.ERROR, takes_more_than_it_gets)  # an ErrorMessage is an RTVIMessage


@client.register_function_call_handler("paint")
async def paint(call: FunctionCall) -> dict[str, str]:
    return {"done": str(call.arguments["color"])}


client.register_function_call_handler("wipe", lambda call: call.tool_call_id)
client.register_function_call_handler(None, lambda call: call.arguments, timeout=5)


async def ask_for_a_bot(
    params: ClientParams, timeout: ConnectTimeout, abort_controller: AbortController
) -> dict[str, str]:
    url: str = client.construct_url(params.endpoints.connect or "connect")
    timeout.clear()
    abort_controller.abort()
    return {"webrtc_url": url}


RTVIClient(transport=SmallWebRTCTransport(), custom_connect_handler=ask_for_a_bot)
RTVIClient(transport=SmallWebRTCTransport(), custom_connect_handler=lambda params, timeout, abort_controller: None)


class Notes(RTVIClientHelper):
    def get_message_types(self) -> list[str]:
        return ["note"]

    def handle_message(self, message: RTVIMessage) -> None:
        use(message.data)


notes = client.register_helper("notes", Notes())
assert_type(notes, Notes)
assert_type(client.get_helper("notes"), RTVIClientHelper | None)
llm = client.register_helper("llm", LLMHelper({"onLLMFunctionCall": use}))
llm.handle_function_call(lambda call: {"name": call.function_name})
client.on(RTVIEvent.CONFIG, lambda config: use(config[0]["service"]))
client.on(RTVIEvent.ACTIONS_AVAILABLE, lambda described: use(described.actions[0].arguments[0].name))
client.on(RTVIEvent.CONFIG_DESCRIBE, lambda described: use(described.config[0].options[0].type))
client.on(RTVIEvent.LLM_FUNCTION_CALL_START, lambda name: use(name and name.upper()))
client.set_log_level(LogLevel.WARN)


async def of_the_first_era() -> None:
    async with client:
        assert_type(client.bot_ready_data, BotReadyData | None)
    assert_type(await client.get_config(), Config)
    config = await client.set_service_option_in_config("llm", {"name": "model", "value": "big"})
    config = await client.set_config_options([{"service": "tts", "options": [{"voice": "x"}]}], config)
    assert_type(await client.update_config(config, interrupt=True), Config)
    use((await client.get_service_options_from_config("llm", config) or {})["options"])
    use(await client.get_service_option_value_from_config("llm", "model"))
    use((await client.describe_config()).config[0].name, (await client.describe_actions(timeout=None)).actions)
    assert_type(
        await client.action({"service": "llm", "action": "run", "arguments": {"interrupt": True}}), ActionResponse
    )
    assert_type(await llm.get_context(), LLMContext)
    assert_type(await llm.append_to_messages({"role": "user", "content": "Hi"}, run_immediately=True), bool)
    client.send_message({"type": "mine", "data": 1})
    client.disconnect_bot()
    async for event, args in client.events(RTVIEvent.BOT_LLM_TEXT, limit=10):
        use(event.callback, args[0])


async def devices() -> None:
    await client.init_devices()
    assert_type(await client.get_all_mics(), list[MediaDevice])
    assert_type(client.selected_speaker, MediaDevice | None)
    await client.update_cam((await client.get_all_cams())[0].id)
    await client.enable_cam(not client.is_cam_enabled)
    await client.enable_screen_share(not client.is_sharing_screen)
    assert_type(client.media_state.mic.status, DeviceStatus)
    assert_type(client.media_state.cam.muted_by_system, bool)
    client.show_video("#bot", "bot")
    async for frame in client.remote_audio(sample_rate=24000):
        assert_type(frame, AudioFrame)
    client.on(RTVIEvent.MIC_UPDATED, lambda mic: use(mic and mic.label))
    client.on(RTVIEvent.AVAILABLE_SPEAKERS_UPDATED, lambda speakers: use(speakers[0].id))
    client.on(RTVIEvent.MEDIA_STATE_UPDATED, lambda state: use(state.cam.reason))


async def of_today() -> None:
    use(await client.start_bot("/start", request_data={"a": 1}, timeout=5))
    assert_type(await client.start_bot_and_connect({"endpoint": "/start", "requestData": 1}), BotReadyData)
    assert_type(client.conversation.turns, list[Turn])
    assert_type(client.bot_state, BotState)
    assert_type(await client.stats(), LinkStats)
    use((await client.diagnose()).findings[0].problem)
    client.on(RTVIEvent.CONVERSATION_UPDATED, lambda turn: use(turn.text, turn.output.saying))
    client.on(RTVIEvent.RECONNECTING, lambda attempt, cause: use(attempt + 1, cause.value))
    ui.device_select(client, "mic", into="#mics").close()
    use(ui.transcript(client, into="#conversation").element)


async def main() -> None:
    assert_type(await client.connect(), BotReadyData)
    assert_type(client.state, TransportState)
    assert_type(client.connected, bool)
    assert_type(client.tracks(), Tracks)
    assert_type(await client.wait_for(RTVIEvent.BOT_LLM_TEXT, timeout=1), TextData)
    await client.wait_for(RTVIEvent.BOT_LLM_TEXT, check=lambda text: text.text.endswith("."))
    assert_type(await client.wait_for(RTVIEvent.CONNECTED), None)
    assert_type(await client.wait_for(RTVIEvent.TRANSPORT_STATE_CHANGED), TransportState)
    track, participant = await client.wait_for(RTVIEvent.TRACK_STARTED)
    use(track.kind, participant.name)
    use((await client.wait_for(RTVIEvent.SERVER_MESSAGE))["anything"])
    use((await client.wait_for("botLlmText")).text)
    client.send_text("hi", audio_response=False)
    client.send_client_message("click", {"x": 1})
    answer = await client.send_client_request("ask", [1, 2], timeout=None)
    use(answer["anything"])
    await client.enable_mic(not client.is_mic_enabled)
    client.params.base_url = "http://other.test"
    try:
        await client.disconnect()
    except RTVIError as error:
        use(error.status, error.phase and error.phase.value)
    except (TimeoutError, ConnectionError):
        raise


script: Transport = ScriptedTransport(
    *handshake(), expect("send-text", {"content": "x"}), say("bot-llm-text", {"text": "y"}), leave(), lose(HttpError())
)


class MyTransport(Transport):
    """The contract can be fulfilled with no more than its abstract members."""

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        host.fire(RTVIEvent.CONNECTED)
        host.media.level(LOCAL, 0.5)
        host.media.failed(DeviceError("x", devices=["mic"], type="unknown"))

    @property
    def http(self) -> HttpClient:
        raise NotImplementedError

    @property
    def max_message_size(self) -> int:
        return 1

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        return BOT

    async def close(self) -> None: ...

    def send(self, text: str) -> None: ...


class MyMedia(NoMedia):
    """Media may have less than all of it."""

    async def list_devices(self, name: DeviceName) -> list[MediaDevice]:
        return [MediaDevice(name, "the only one", "audioinput")]


class MyTransportWithMedia(MyTransport):
    @property
    def media(self) -> Media:
        return MyMedia("MyTransportWithMedia")


RTVIClient(transport=MyTransport())
RTVIClient(transport=MyTransportWithMedia())
__all__ = ["ErrorMessage", "FunctionCallData", "InvalidMessage", "main"]


realtime = RealtimeClient(transport="webrtc")
realtime.on("conversation.updated", lambda event: use(event.item))
realtime.on("micUpdated", none_of_one)
realtime.on_next("server.*", use)


async def the_devices_of_both() -> None:
    for either in (client, realtime):
        assert_type(await either.get_all_mics(), list[MediaDevice])
        assert_type(either.selected_speaker, MediaDevice | None)
        await either.enable_mic(not either.is_mic_enabled)
        either.set_bot_volume(either.bot_volume / 2)
        either.mute_bot(not either.is_bot_muted)
        async for frame in either.local_audio():
            assert_type(frame, AudioFrame)
        ui.device_select(either, "mic", into="#mics")
        ui.mic_button(either, into="#mic")
        ui.level_meter(either, "bot", into="#bot")
        ui.voice_visualizer(either, into="#bot")
        ui.bot_audio(either, into="#bot")
        ui.transcript(either, into="#bot")
        ui.problem_card(either, into="#bot").show(RTVIError("Something went wrong."))
        ui.console(either, into="main", layout="full", mic="push").close()
        ui.launcher(either, title="Ask us").show()
    assert_type(client.failure, RTVIError | None)
    realtime.url, realtime.sound = "/v1/realtime", False
    ui.realtime_settings(realtime, into="main")


async def the_sound_of_both_sides() -> None:
    realtime.pause()
    assert_type(realtime.is_paused, bool)
    realtime.resume()
    recording = await realtime.record(limit=60)
    assert_type(await recording.stop(), bytes)
    await realtime.renew_session()
    RealtimeClient(response_retries=2, renew_sessions=True)

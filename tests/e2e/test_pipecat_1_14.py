"""The client in a page against a real bot of today (Pipecat 1.14.0): starting it, keys, files, the conversation."""

from pathlib import Path

import pytest
from conftest import Visit
from in_page import InPagePython
from local_bot import LocalBot, speak

PREPARE = """
async def said(client, action):
    '''What the bot says to what an action says to it.'''
    ended = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=PATIENCE))
    await asyncio.sleep(0)
    await action if asyncio.iscoroutine(action) else action()
    await ended
    return client.conversation.turns[-1].text

async def greeted(client):
    await client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=PATIENCE)
"""


@pytest.fixture
def in_page(bot: LocalBot, visit: Visit) -> InPagePython:
    """As everywhere; some tests ask what the bot's server refuses, which the console says as well."""
    return InPagePython(visit("", allow=("400 (Bad Request)", "404 (Not Found)")), bot.address)


def test_starting_and_connecting(in_page: InPagePython) -> None:
    result = in_page.run("""
        states = []
        client = RTVIClient(transport=SmallWebRTCTransport(), enable_mic=False)
        client.on(RTVIEvent.TRANSPORT_STATE_CHANGED, states.append)
        started = []
        client.on(RTVIEvent.BOT_STARTED, started.append)
        request = {"endpoint": "/start", "requestData": {"transport": "webrtc", "body": {"a": 1}}, "timeout": PATIENCE}
        answer = await client.start_bot(request)
        ready = await client.connect(answer)
        capabilities = ready.capabilities.model_dump()
        await client.disconnect()
        states.clear()
        again = await client.start_bot_and_connect("/start", request_data={"transport": "webrtc"})
        late = client.bot_ready_data.version
        await client.disconnect()
        refused = await failure(client.start_bot("/start", request_data={"transport": "pigeon"}))
        # Directly: the offer's address is all it takes.
        direct = await client.connect({"webrtc_url": "/api/offer"})
        await client.disconnect()
        same, states = started[0] == answer, [str(state) for state in states[:7]]
        result = [sorted(answer), same, capabilities, states, late, refused, direct.version]
    """)
    keys, same, capabilities, states, late, refused, direct = result
    assert "sessionId" in keys
    assert same
    assert (capabilities["audio_in"], capabilities["audio_out"], capabilities["video_out"]) == (True, True, False)
    assert states == [
        "initializing",
        "initialized",
        "authenticating",
        "authenticated",
        "connecting",
        "connected",
        "ready",
    ]
    assert late == direct == "2.2.0"
    assert (refused["type"], refused["status"], refused["phase"]) == ("StartBotError", 400, "start")
    in_page.check_released()


def test_messages_that_a_current_bot_does_not_know(in_page: InPagePython) -> None:
    result = in_page.run("""
        client = new_client(enable_mic=False)
        unsupported = []
        client.on(RTVIEvent.UNSUPPORTED_FEATURE, lambda error: unsupported.append(error.feature))
        await client.connect()
        refusals = []
        client.on(RTVIEvent.MESSAGE_ERROR, lambda message: refusals.append(message.data.error))
        config = await failure(client.get_config())
        actions = await failure(client.action({"service": "tts", "action": "say"}))
        client.send_dtmf("1*#")
        client.send_ui_event("click", {"id": 1})
        client.cancel_ui_job_group("none")
        echo = await client.send_client_request("echo", "the bot has answered what came before")
        await client.disconnect()
        result = [config["type"], actions["type"], unsupported, refusals, echo]
    """)
    config, actions, unsupported, refusals, echo = result
    assert (config, actions) == ("UnsupportedFeatureError", "UnsupportedFeatureError")
    assert unsupported == ["get-config", "action"]
    assert refusals == ["Unsupported type get-config", "Unsupported type action"], "keys and UI events are understood"
    assert echo


def test_files(in_page: InPagePython) -> None:
    result = in_page.run(
        PREPARE
        + """
client = new_client(enable_mic=False)
await client.connect()
await greeted(client)
small = await said(client, client.send_file("What is this?", bytes(1234), name="a.png", format="image/png"))
progress = []
large = bytes(range(256)) * 4096
large = await said(client, client.send_file("And this?", large, name="b.pdf", on_progress=progress.append))
written = [turn.text for turn in client.conversation.turns if turn.typed]
reference = await client.upload_file(b"hello", name="c.txt")
gone = await failure(client.upload_file(b"hello", name="c.txt", url="/sessions/unknown/files"))
await client.disconnect()
result = [small, large, progress, list(reference), gone, written]
"""
    )
    small, large, progress, reference, gone, written = result
    assert written == ["What is this?", "And this?"], "which no bot tells"
    assert small.endswith("That is a file of 1234 bytes.")
    assert large.endswith("That is a file of 1048576 bytes."), "too large for a message, so it was uploaded"
    assert progress == sorted(progress)
    assert 0 < progress[0] <= progress[-1] == 1.0
    assert reference[1:] == ["text/plain", "c.txt"]
    assert (gone["type"], gone["status"]) == ("RequestError", 404)


def test_the_conversation(in_page: InPagePython) -> None:
    result = in_page.run(
        PREPARE
        + """
client = new_client(enable_mic=False)
states = []
client.on(RTVIEvent.BOT_STATE_CHANGED, states.append)
client.register_function_call_handler("set_page_color", lambda call: call.arguments)
await client.connect()
await greeted(client)
states.clear()
await said(client, lambda: client.send_text("make the page green"))
turns = client.conversation.to_dict()["turns"]
heard_states = [str(state) for state in states]
spoken = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STARTED_SPEAKING, timeout=PATIENCE))
await asyncio.sleep(0)
client.send_text("tell me a long story")
await spoken
cut = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_INTERRUPTED, timeout=PATIENCE))
await asyncio.sleep(0)
client.send_text("what time is it")
await cut
interrupted = any(turn.interrupted for turn in client.conversation.turns)
await client.disconnect()
ended = all(turn.ended for turn in client.conversation.turns)
result = [turns, heard_states, interrupted, str(client.bot_state), ended]
"""
    )
    turns, states, interrupted, state, ended = result
    assert [(turn["role"], turn["text"]) for turn in turns] == [
        ("bot", "Hello! Try saying: make the page green."),
        ("user", "make the page green"),
        ("bot", "The page is green now."),
    ]
    greeting, request, answer = turns
    assert (request["typed"], request["spoken"], greeting["typed"]) == (True, "", False)
    assert greeting["spoken"] == greeting["text"]
    [call] = answer["function_calls"]
    assert (call["function_name"], call["status"]) == ("set_page_color", "done")
    assert call["arguments"] == {"color": "green"}
    assert states[0] == "thinking"
    assert states[-2:] == ["speaking", "listening"]
    assert interrupted
    assert (state, ended) == ("gone", True)


ALOUD = """
import time

context = js.AudioContext.new()
mouth = context.createMediaStreamDestination()
silence = context.createConstantSource()  # a microphone sends always
silence.offset.value = 0
silence.connect(mouth)
silence.start()

async def say(name):
    wav = await (await js.fetch(f"{name}.wav")).arrayBuffer()
    source = context.createBufferSource()
    source.buffer = await context.decodeAudioData(wav)
    source.connect(mouth)
    source.start()

client = RTVIClient(transport=SmallWebRTCTransport(audio_track=mouth.stream.getAudioTracks()[0]), params=START)
ended, states, began = [], [], []
client.on(RTVIEvent.CONVERSATION_UPDATED, lambda turn: turn.ended and ended.append(turn.id))
client.on(RTVIEvent.BOT_STATE_CHANGED, states.append)
client.on(RTVIEvent.USER_STARTED_SPEAKING, lambda: began.append(time.time()))
await client.connect()
await greeted(client)

tells = lambda turn: turn.role == "bot" and turn.id > 1 and turn.spoken
await asyncio.gather(client.wait_for(RTVIEvent.CONVERSATION_UPDATED, timeout=PATIENCE, check=tells), say("story"))
# A busy Pipecat may play one more piece of what was interrupted, and stop a second time.
has_time = lambda: (last := client.conversation.turns[-1]).function_calls and last.spoken
await asyncio.gather(client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=PATIENCE, check=has_time), say("time"))
turns = client.conversation.to_dict()["turns"]
await client.disconnect()
result = [turns, ended, [str(state) for state in states], began]
"""


def test_a_conversation_aloud(in_page: InPagePython, tmp_path: Path) -> None:
    """The person interrupts the bot in its story. They speak on cue, by a track of the page's own."""
    for name, phrase in (("story", "tell me a long story"), ("time", "what time is it")):
        speak([phrase], tmp_path / f"{name}.wav", lead_silence=0.3, gap=0.3)
    in_page.page.route("**/*.wav", lambda route: route.fulfill(path=tmp_path / route.request.url.rpartition("/")[2]))
    in_page.page.mouse.click(1, 1)  # else the browser lets no page make sounds
    turns, ended, states, began = in_page.run(PREPARE + ALOUD)
    assert [(turn["role"], turn["text"][:40]) for turn in turns[:4]] == [
        ("bot", "Hello! Try saying: make the page green."),
        ("user", "tell me a long story"),
        ("bot", "Once upon a time there was a page that c"),
        ("user", "what time is it"),
    ]
    story, answer = turns[2], turns[4]
    assert [turn["interrupted"] for turn in turns] == [False, False, True, False, False]
    assert story["text"].startswith(story["spoken"])
    assert 0 < len(story["spoken"]) < len(story["text"])
    assert answer["spoken"] == answer["text"] != ""
    assert [call["status"] for call in answer["function_calls"]] == ["done"]
    assert [turn["typed"] for turn in turns] == [False] * 5
    assert turns[3]["started_at"] <= began[1] < turns[3]["ended_at"], "a turn begins with the speech"
    assert list(dict.fromkeys(ended)) == [1, 2, 3, 4, 5], "each that ends is emitted"
    assert states[:8] == [
        *("connecting", "listening", "thinking", "speaking", "listening"),
        *("thinking", "speaking", "interrupted"),
    ]
    assert states[-4:] == ["thinking", "speaking", "listening", "gone"]

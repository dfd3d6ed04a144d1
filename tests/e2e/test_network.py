"""What the client tells of its connection to a real bot, and why it says that others fail."""

import contextlib
import signal
from collections.abc import Iterator

import pytest
from conftest import Visit, launch
from faults import MICROPHONE
from in_page import InPagePython
from local_bot import LocalBot, local_bot
from paths import DIST
from playwright.sync_api import Browser, Playwright

DIAGNOSE = """
found = await client.diagnose()
result = [[finding.problem for finding in found.findings], str(found)]
"""


@pytest.fixture(scope="module")
def beeping(playwright: Playwright) -> Iterator[Browser]:
    """A browser whose microphone is never silent for long."""
    with contextlib.closing(launch(playwright, MICROPHONE)) as browser:
        yield browser


def test_stats_of_a_session(in_page: InPagePython) -> None:
    stats = in_page.run("""
        client = new_client()
        await client.connect()

        def sound_flows(stats):  # The browser tells some of it later, and a busy bot sends nothing for a moment.
            known = (stats.round_trip_time, stats.loss_received, stats.audio_codec_received, stats.audio_codec_sent)
            flows = (stats.bitrate_received or 0) > 5_000 and (stats.bitrate_sent or 0) > 1_000
            return flows and None not in known

        stats = await until(sound_flows, client.stats, every=1)
        result = {name: getattr(stats, name) for name in stats.__dataclass_fields__}
        try:
            await client.disconnect()
            await client.stats()
        except DisconnectedError as error:
            result["after"] = str(error)
    """)
    assert 0 <= stats["round_trip_time"] < 10
    assert 0 <= stats["jitter"] < 10
    assert 0 <= stats["loss_received"] < 0.5
    assert stats["bitrate_received"] < 500_000
    assert stats["bitrate_sent"] < 500_000
    assert stats["audio_codec_received"] == stats["audio_codec_sent"] == "opus/48000/2"
    assert stats["local_candidate"] in ("host", "prflx")
    assert stats["remote_candidate"] in ("host", "prflx")
    assert stats["protocol"] == "udp"
    assert stats["buffered"] == 0
    assert stats["after"] == "There is no connection."


def test_a_codec_that_is_preferred(in_page: InPagePython) -> None:
    codecs, refused = in_page.run("""
        client = new_client(transport=SmallWebRTCTransport(audio_codec="PCMU/8000", video_codec="VP8"))
        await client.connect()
        # A browser tells a codec once its first packets have gone through.
        stats = await until(lambda stats: stats.audio_codec_received and stats.audio_codec_sent, client.stats)
        await client.disconnect()
        none = new_client(transport=SmallWebRTCTransport(audio_codec="mp3"))
        result = [[stats.audio_codec_received, stats.audio_codec_sent], await failure(none.connect())]
    """)
    assert [codec.rsplit("/1", 1)[0] for codec in codecs] == ["PCMU/8000", "PCMU/8000"]
    assert refused["type"] == "UnsupportedFeatureError"
    assert "no audio codec 'mp3'; it has" in refused["text"]
    in_page.check_released()


def test_a_session_that_is_well(bot: LocalBot, visit: Visit, beeping: Browser) -> None:
    in_page = InPagePython(visit("", browser=beeping), bot.address)
    in_page.run("client = new_client()")
    assert in_page.run(DIAGNOSE)[0] == ["not-connected"]
    in_page.run("await client.connect()")
    assert in_page.run(DIAGNOSE) == [[], "The session is well: nothing wrong was found."]
    in_page.run("await client.enable_mic(False)")
    assert in_page.run(DIAGNOSE)[0] == ["microphone-off"]
    in_page.run("await client.disconnect()")


def test_a_microphone_that_gives_no_sound(in_page: InPagePython) -> None:
    in_page.run("""
        import js
        context = js.AudioContext.new()
        [silence] = context.createMediaStreamDestination().stream.getAudioTracks()
        client = new_client(transport=SmallWebRTCTransport(audio_track=silence))
        await client.connect()
    """)
    problems, text = in_page.run(DIAGNOSE)
    assert problems == ["microphone-silent"]
    assert "the wrong device" in text
    in_page.run("await client.disconnect()")


def test_a_server_that_hangs(visit: Visit, beeping: Browser) -> None:
    with local_bot(site=DIST) as sleepy:
        page = InPagePython(visit("", browser=beeping, allow=("net::ERR", "Failed to load")), sleepy.address)
        page.run("client = new_client()\nawait client.connect()")
        sleepy.servers[0].process.send_signal(signal.SIGSTOP)
        try:
            page.run("await client.wait_for(RTVIEvent.RECONNECTING, timeout=PATIENCE)")
            problems, text = page.run(DIAGNOSE)
        finally:
            sleepy.servers[0].process.send_signal(signal.SIGCONT)
        assert problems == ["server-silent"]
        assert "the server hangs" in text
        page.run("await client.disconnect()")


@pytest.mark.parametrize(
    ("given", "before", "problem", "words"),
    [
        ("SmallWebRTCTransport(webrtc_url='/nothing-here')", "", "no-answer", "404"),
        ("SmallWebRTCTransport(webrtc_url='http://127.0.0.1:9/api/offer')", "", "no-answer", "the address is wrong"),
        (
            "SmallWebRTCTransport(webrtc_url='/api/offer')",
            "RTCPeerConnection.prototype.setRemoteDescription = async () => {};",
            "blocked",
            "nothing passes between them",
        ),
        (
            "SmallWebRTCTransport(webrtc_url='/api/offer')",
            "const Peer = RTCPeerConnection;"
            "RTCPeerConnection = class extends Peer {"
            "  constructor(options) { super({ ...options, iceTransportPolicy: 'relay' }); } };",
            "no-candidates",
            "keeps WebRTC from using it",
        ),
        (
            "SmallWebRTCTransport(webrtc_url='/api/offer')",
            "RTCDataChannel.prototype.send = () => {};",
            "no-bot-ready",
            "has not said bot-ready",
        ),
    ],
)
def test_why_a_connection_fails(bot: LocalBot, visit: Visit, given: str, before: str, problem: str, words: str) -> None:
    """If the network cannot be made to fail in that way, a method of the browser is."""
    page = InPagePython(visit("", allow=("net::ERR", "Failed to load", "CORS"), others=("127.0.0.1:9",)), bot.address)
    page.page.evaluate(f"() => {{ {before} }}")
    page.run(f"client = new_client(transport={given}, params={{}}, timeout=8)\nawait failure(client.connect())")
    problems, text = page.run(DIAGNOSE)
    assert problems == [problem], text
    assert words in text
    page.check_released()

"""Devices that are chosen: heard in a call with no gap, and remembered."""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_another_microphone_in_a_call_is_heard_with_no_new_offer_and_no_gap(selenium):
    import js
    from edge import replaced
    from loopback import Bot, RTVIEvent, connected, stats, until

    async with Bot() as bot, connected(bot) as (link, host):
        [receiver, *_] = bot.connection.getReceivers()
        await until(lambda: stats(receiver, "packetsReceived"))
        other = (await link.media.list_devices("mic"))[2]
        before = link.media.tracks().local.audio

        async def arrived(count):
            return await stats(receiver, "packetsReceived") > count

        # Both tracks must live while one replaces the other: that leaves no gap, on any machine.
        js.exchanges = js.Array.new()
        source = (
            "function (track) { exchanges.push(`${this.track.readyState} ${track.readyState}`);"
            "return original.call(this, track) }"
        )
        with replaced("RTCRtpSender.prototype", "replaceTrack", source):
            for id in (other.id, "default", other.id):
                await link.media.select_device("mic", id)
                received = await stats(receiver, "packetsReceived")
                await until(lambda more=received + 5: arrived(more))
        assert list(js.exchanges) == ["live live"] * 3
        del js.exchanges
        track = link.media.tracks().local.audio
        assert (before.readyState, track.label, link.media.selected_device("mic")) == ("ended", other.label, other)
        assert host.of(RTVIEvent.MIC_UPDATED)[-1] == [other]
        assert len(bot.offers) == 1


@run_in_pyodide
async def test_the_gap_that_the_bot_hears_between_two_microphones(selenium):
    """Each microphone is given a tone of its own, at the browser's edge; the bot's ear tells them apart.

    A busy machine tears gaps into any sound, but not time after time at the exchange.
    """
    import asyncio

    import js
    from edge import replaced
    from loopback import Bot, connected, frequency, tone

    from rtvi_web.browser.ring_recorder import RingRecorder

    async with tone(500) as low, tone(1000) as high, Bot() as bot:
        js.tones = js.Array.of(low, high)
        source = (
            "async (constraints) => { const wanted = constraints.audio.deviceId;"
            "return new MediaStream([tones[wanted && wanted.exact && wanted.exact !== 'default' ? 1 : 0].clone()]) }"
        )
        with replaced("MediaDevices.prototype", "getUserMedia", source):
            async with connected(bot) as (link, _):
                ear = RingRecorder(16000)
                await ear.listen(bot.heard)

                async def hear(pitch):
                    """What is heard until it has this pitch."""
                    heard = bytearray()
                    while abs(frequency(heard[-3200:], 16000) - pitch) > 10:
                        await asyncio.sleep(0.05)
                        heard += ear.read(ear.available()) or b""
                    return heard

                def longest_silence(heard):
                    loud = [max(memoryview(heard[i : i + 320]).cast("h")) > 1000 for i in range(0, len(heard), 320)]
                    return max(map(len, "".join("x" if is_loud else "." for is_loud in loud).split("x"))) * 0.01

                gaps = []
                while len(gaps) < 5 and min(gaps, default=1) >= 0.3:
                    await link.media.select_device("mic", "default")
                    await hear(500)
                    await link.media.select_device("mic", (await link.media.list_devices("mic"))[1].id)
                    gaps.append(longest_silence(await hear(1000)))
                ear.close()
                assert min(gaps) < 0.3, gaps
    del js.tones


@run_in_pyodide
async def test_a_microphone_that_cannot_be_used_leaves_the_one_before(selenium):
    import js
    import pytest
    from edge import busy, replaced
    from loopback import Bot, RTVIEvent, connected

    from rtvi_web import DeviceError

    async with Bot() as bot, connected(bot) as (link, host):
        track, mic = link.media.tracks().local.audio, link.media.selected_device("mic")
        with pytest.raises(DeviceError, match="no microphone with the id 'ghost'") as caught:
            await link.media.select_device("mic", "ghost")
        assert caught.value.type == "not-found"
        # A device that is still listed and no longer there: Chromium rejects with an OverconstrainedError, on which a
        # bare await would never return.
        source = (
            "async function () { return [...await original.call(this),"
            "{deviceId: 'ghost', kind: 'audioinput', label: 'Ghost', groupId: ''}] }"
        )
        with (
            replaced("MediaDevices.prototype", "enumerateDevices", source),
            pytest.raises(DeviceError, match="is not available") as caught,
        ):
            await link.media.select_device("mic", "ghost")
        assert caught.value.type == "constraints"
        other = (await link.media.list_devices("mic"))[1]
        assert link.media.tracks().local.audio is track
        with busy(other.id), pytest.raises(DeviceError) as caught:
            await link.media.select_device("mic", other.id)
        assert caught.value.type == "in-use"
        assert link.media.selected_device("mic") == mic
        assert link.media.is_mic_enabled
        assert link.media.media_state.mic.status == "granted"
        assert [error.type for [error] in host.of(RTVIEvent.DEVICE_ERROR)] == ["not-found", "constraints", "in-use"]
        assert len([track for track in js.opened.tracks if track.readyState == "live"]) == 1


@run_in_pyodide
async def test_a_muted_microphone_stays_muted_when_it_is_changed(selenium):
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        await link.media.enable_mic(False)
        await link.media.select_device("mic", (await link.media.list_devices("mic"))[1].id)
        assert link.media.selected_device("mic").label == "Fake Audio Input 1"
        assert not link.media.is_mic_enabled
        assert len(host.of(RTVIEvent.TRACK_STARTED)) == 1
        await link.media.enable_mic(True)
        assert link.media.tracks().local.audio.label == "Fake Audio Input 1"


@run_in_pyodide
async def test_a_choice_is_remembered_across_page_loads_by_id_and_else_by_label(selenium):
    import json

    import js
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, _):
        chosen = (await link.media.list_devices("mic"))[2]
        await link.media.select_device("mic", chosen.id)  # Before anything is open: it opens nothing.
        assert not js.opened.tracks.size
        assert link.media.selected_device("mic") == chosen
    async with transport("/unused") as (link, _):
        await link.media.open_devices()
        assert link.media.tracks().local.audio.label == chosen.label
        assert js.opened.tracks.size == 1
    remembered = json.loads(js.localStorage.getItem("rtvi_web.devices"))
    assert remembered == {"mic": {"id": chosen.id, "label": chosen.label}}
    remembered["mic"]["id"] = "the id of another day"
    js.localStorage.setItem("rtvi_web.devices", json.dumps(remembered))
    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        assert link.media.selected_device("mic") == chosen
        assert link.media.tracks().local.audio.label == chosen.label
        assert not host.of(RTVIEvent.DEVICE_ERROR)


@run_in_pyodide
async def test_a_choice_is_not_remembered_where_the_page_says_so(selenium):
    import js
    from loopback import transport

    async with transport("/unused", remember_devices=False) as (link, _):
        await link.media.select_device("mic", (await link.media.list_devices("mic"))[2].id)
        await link.media.open_devices()
        assert link.media.tracks().local.audio.label == "Fake Audio Input 2"
        assert js.localStorage.length == 0


@pytest.mark.parametrize(
    "stored", ["no JSON", "[1]", '{"mic": 1}', '{"mic": {"id": 7, "label": null}}', "[" * 10_000, '{"a":' * 10_000]
)
@run_in_pyodide
async def test_invalid_data_in_the_storage_is_ignored(selenium, stored):
    import js
    from loopback import transport

    js.localStorage.setItem("rtvi_web.devices", stored)
    async with transport("/unused") as (link, _):
        await link.media.open_devices()
        assert link.media.tracks().local.audio.label == "Fake Default Audio Input"

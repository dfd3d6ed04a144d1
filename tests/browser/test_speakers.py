"""Where the bot is heard."""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_a_speaker_is_chosen_in_a_call_and_kept_in_the_next_ones(selenium):
    from loopback import Bot, RTVIEvent, request, transport

    async with transport(None) as (link, host):
        for _ in range(2):
            async with Bot(speaks=True) as bot:
                await link.media.open_devices()
                await link.connect(request(bundle={"webrtc_url": bot.url}), host)
                await host.until(lambda: link.media.tracks().bot.audio)
                if not host.of(RTVIEvent.SPEAKER_UPDATED)[1:]:
                    speaker = (await link.media.list_devices("speaker"))[1]
                    await link.media.select_device("speaker", speaker.id)
                assert link.media.selected_device("speaker") == speaker
                assert link.media.player.element.sinkId == speaker.id
                assert not link.media.player.element.paused
                await link.close()
        assert [selected.id for [selected] in host.of(RTVIEvent.SPEAKER_UPDATED)] == ["default", speaker.id]
    async with transport(None) as (link, host):  # The page is loaded again.
        await link.media.open_devices()
        assert link.media.selected_device("speaker") == speaker
        assert link.media.player.element.sinkId == speaker.id


@run_in_pyodide
async def test_a_speaker_that_is_not_there(selenium):
    import pytest
    from loopback import RTVIEvent, transport

    from rtvi_web import DeviceError

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        with pytest.raises(DeviceError) as caught:
            await link.media.select_device("speaker", "nowhere")
        assert (caught.value.type, caught.value.devices) == ("not-found", ("speaker",))
        assert host.of(RTVIEvent.DEVICE_ERROR) == [[caught.value]]
        assert link.media.selected_device("speaker").id == "default"


@run_in_pyodide
async def test_the_chosen_speaker_is_unplugged_and_comes_back(selenium):
    from edge import unplugged
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        speakers = await link.media.list_devices("speaker")
        await link.media.select_device("speaker", speakers[2].id)
        with unplugged("Fake Audio Output 2"):
            await host.until(lambda: host.of(RTVIEvent.SPEAKER_UPDATED)[-1] == [speakers[0]])
            [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
            assert str(error) == "Fake Audio Output 2 is gone; Fake Default Audio Output is used."
            assert link.media.player.element.sinkId == ""
        await host.until(lambda: host.of(RTVIEvent.SPEAKER_UPDATED)[-1] == [speakers[2]])
        assert link.media.player.element.sinkId == speakers[2].id


@pytest.mark.parametrize("plays", [True, False])
@run_in_pyodide
async def test_where_no_speaker_can_be_chosen_it_is_said_once(selenium, plays):
    import js
    import pytest
    from loopback import RTVIEvent, transport

    from rtvi_web import UnsupportedFeatureError

    js.localStorage.setItem("rtvi_web.devices", '{"speaker": {"id": "x", "label": "Fake Audio Output 1"}}')
    js.eval("globalThis.sink = HTMLMediaElement.prototype.setSinkId; delete HTMLMediaElement.prototype.setSinkId")
    try:
        async with transport("/unused", play_bot_audio=plays) as (link, host):
            for _ in range(2):
                await link.media.open_devices()  # A choice of another day asks for it too, and is silent.
                await link.close()
            with pytest.raises(UnsupportedFeatureError) as caught:
                await link.media.select_device("speaker", "default")
            assert caught.value.feature == "update_speaker"
            assert not host.of(RTVIEvent.DEVICE_ERROR)
    finally:
        js.eval("HTMLMediaElement.prototype.setSinkId = sink")


@run_in_pyodide
async def test_a_link_that_is_restored_plays_on_the_chosen_speaker(selenium):
    from loopback import RTVIBot, until

    from rtvi_web import RTVIClient, RTVIEvent
    from rtvi_web.transports import SmallWebRTCTransport

    async with RTVIBot(speaks=True) as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
        client.set_bot_volume(0.25)
        await client.connect()
        await until(lambda: client.tracks().bot.audio)
        speaker = (await client.get_all_speakers())[1]
        await client.update_speaker(speaker.id)
        bot.channel.close()
        await client.wait_for(RTVIEvent.RECONNECTED)
        await until(lambda: client.tracks().bot.audio)
        element = client.transport.media.player.element  # type: ignore[attr-defined]
        await until(lambda: not element.paused)
        assert (element.sinkId, client.selected_speaker) == (speaker.id, speaker)
        assert element.volume == client.bot_volume == 0.25
        await client.disconnect()


@run_in_pyodide
async def test_a_remembered_speaker_that_is_not_there_is_missed_once(selenium):
    from edge import devices_changed, unplugged
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, _):
        await link.media.open_devices()
        await link.media.select_device("speaker", (await link.media.list_devices("speaker"))[2].id)
    with unplugged("Fake Audio Output 2"):
        async with transport("/unused") as (link, host):
            await link.media.open_devices()
            with unplugged("Fake Audio Output 1"):
                await host.until(lambda: len(host.of(RTVIEvent.AVAILABLE_SPEAKERS_UPDATED)) == 2)
            await host.until(lambda: len(host.of(RTVIEvent.AVAILABLE_SPEAKERS_UPDATED)) == 3)
            devices_changed()
            [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
            assert str(error) == "Fake Audio Output 2 is gone; Fake Default Audio Output is used."


@run_in_pyodide
async def test_the_volume_of_the_bot_is_kept_and_changes_nothing_that_is_measured(selenium):
    from loopback import Bot, RTVIEvent, request, transport

    async with transport(None) as (link, host):
        assert link.media.bot_volume == 1
        link.media.set_bot_volume(0.25)  # Before there is an element that plays.
        host.listening.add(RTVIEvent.REMOTE_AUDIO_LEVEL)
        for volume in (0.25, 0.0):
            async with Bot(speaks=True) as bot:
                host.events.clear()
                await link.media.open_devices()
                await link.connect(request(bundle={"webrtc_url": bot.url}), host)
                await host.until(lambda: any(level > 0.5 for level, _ in host.of(RTVIEvent.REMOTE_AUDIO_LEVEL)))
                assert link.media.player.element.volume == link.media.bot_volume == volume
                link.media.set_bot_volume(0.0)
                assert link.media.player.element.volume == link.media.bot_volume == 0
                await link.close()


@run_in_pyodide
async def test_the_volume_of_a_bot_that_the_page_plays_is_the_pages(selenium):
    import pytest
    from loopback import transport

    from rtvi_web import UnsupportedFeatureError

    async with transport("/unused", play_bot_audio=False) as (link, _):
        assert link.media.bot_volume == 1
        with pytest.raises(UnsupportedFeatureError, match="plays the bot itself") as caught:
            link.media.set_bot_volume(0.5)
        assert caught.value.feature == "set_bot_volume"
        with pytest.raises(UnsupportedFeatureError, match="plays the bot itself") as caught:
            link.media.mute_bot(True)
        assert (caught.value.feature, link.media.is_bot_muted) == ("mute_bot", False)

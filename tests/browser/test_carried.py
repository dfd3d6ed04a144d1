"""What a transport does not carry stays closed: PageMedia as transports of users compose it."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_what_is_not_carried_is_never_opened(selenium_screen):
    import js
    import pytest

    from rtvi_web import RTVIClient, RTVIEvent, UnsupportedFeatureError
    from rtvi_web.core.media import BOT, ParticipantTracks
    from rtvi_web.media import PageMedia
    from rtvi_web.testing import ScriptedTransport, handshake

    class Transport(ScriptedTransport):
        bot, bot_tracks = BOT, ParticipantTracks()

        def __init__(self, carries):
            super().__init__(*handshake())
            self.page_media = PageMedia(carries=carries, remember_devices=False)

        @property
        def media(self):
            return self.page_media

        def attach(self, host, *, enable_mic, enable_cam=False):
            self.page_media.attach(host.media, self, enable_mic=enable_mic, enable_cam=enable_cam)

        async def send_track(self, source, track):
            pass

        def send_status(self, source, enabled):
            pass

        async def close(self):
            await self.page_media.close()

    for carries, kinds in (({"mic", "speaker"}, ["audio"]), ({"cam"}, ["video"]), ((), [])):
        client = RTVIClient(transport=Transport(carries), enable_cam=True)
        errors = []
        client.on(RTVIEvent.DEVICE_ERROR, errors.append)
        await client.connect()
        for name, enable in (
            ("mic", client.enable_mic),
            ("cam", client.enable_cam),
            ("screen", client.enable_screen_share),
        ):
            if name not in carries:
                with pytest.raises(UnsupportedFeatureError) as raised:
                    await enable(True)
                assert raised.value.feature in ("enable_mic", "enable_cam", "enable_screen_share")
                await enable(False)  # Nothing is asked for, so nothing is refused.
        for name, update in (
            ("mic", client.update_mic),
            ("cam", client.update_cam),
            ("speaker", client.update_speaker),
        ):
            if name not in carries:
                with pytest.raises(UnsupportedFeatureError):
                    await update("default")
        assert [track.kind for track in js.opened.tracks if track.readyState == "live"] == kinds
        assert (client.is_mic_enabled, client.is_cam_enabled) == ("mic" in carries, "cam" in carries)
        assert not client.is_sharing_screen
        assert not errors
        assert client.transport.media.carries == frozenset(carries)
        await client.disconnect()

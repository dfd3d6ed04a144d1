"""The members of a client that hold and record the sound of both sides."""

from __future__ import annotations

from rtvi_web.realtime.members.base import Members
from rtvi_web.realtime.recording import Recording


class SoundMembers(Members):
    """What a client does with the sound of both sides together."""

    @property
    def sound(self) -> bool:
        """Whether sessions have sound, see the setting. A change counts from the next ``connect()`` on."""
        return self._settings.sound

    @sound.setter
    def sound(self, sound: bool) -> None:
        self._settings.sound = bool(sound)

    def pause(self) -> None:
        """Hold both sides: nothing is sent of the person's sound, and the answer stops where it is.

        What still arrives of the answer is kept for :meth:`resume`. The microphone stays open; what it hears, and what
        ``append_input_audio()`` is given, is dropped. Text, tools and :meth:`interrupt` work as usual. The event
        ``session.paused`` is dispatched. A pause ends with the session.

        Raises:
            DisconnectedError: there is no connection.
            UnsupportedFeatureError: over WebRTC, where the server takes what it has sent as heard.
        """
        self._hold(True)

    def resume(self) -> None:
        """Go on after :meth:`pause`, where the answer stopped. ``session.resumed`` is dispatched.

        Raises:
            DisconnectedError: there is no connection.
        """
        self._hold(False)

    @property
    def is_paused(self) -> bool:
        """Whether both sides are held by :meth:`pause`."""
        return self._speech.paused

    def _hold(self, paused: bool) -> None:
        self._api.require_connection()
        if paused != self._speech.paused:
            self._speech.pause(paused)
            name = "session.paused" if paused else "session.resumed"
            self.dispatch(name, {"type": name})

    async def record(self, *, limit: float = 600.0) -> Recording:
        """Record both sides of the session, from now on: what is sent, and what is played.

        ::

            recording = await client.record()
            …
            wav = await recording.stop()  # the person on the left, the model on the right

        What an interruption cuts off is not in it, and neither is what a pause drops. Volume and :meth:`mute_bot` don't
        change it. Over WebRTC it records the two tracks; sound of ``append_input_audio()`` is not in it.

        Args:
            limit: seconds after which it stops by itself, at most 3600. Ten minutes at 24 kHz take 58 MB of memory.

        Returns:
            The recording. ``recording.stopped`` (a :class:`RecordingEvent`) tells when it has ended: by
            ``recording.stop()``, at the limit, or with the session. It keeps what it has.

        Raises:
            DisconnectedError: there is no connection.
            AlreadyStartedError: a recording is running.
            InvalidArgumentError: the limit is not between 0 and 3600.
            UnsupportedFeatureError: over WebRTC, the page has no AudioWorklet, or may not load its module.
        """
        self._api.require_connection()
        formats = self._speech.input_format, self._speech.output_format
        return await self._session.recorder.start(formats, limit)

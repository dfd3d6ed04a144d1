"""A web page for a voice bot, mounted into the bot's own server.

::

    from pipecat.runner.run import app
    from rtvi_web_console import mount

    mount(app)  # then open /face/

This package runs on CPython, beside the bot. What it serves is made with ``rtvi_web``, which never imports it.
"""

from rtvi_web_console.face import Face
from rtvi_web_console.mounting import mount
from rtvi_web_console.options import Options

__all__ = ["Face", "Options", "mount"]

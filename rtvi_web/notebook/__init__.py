"""A bot's face in a cell of a notebook: Jupyter, JupyterLite and marimo.

::

    from rtvi_web.notebook import face

    talk = face(bot="http://localhost:7860")  # this machine's kernel serves the page, with rtvi-web-console
    talk = face("https://bots.example/face/")  # the page is elsewhere: mount(app, frame=["https://your.notebook"])
    talk

The bot is talked to in a frame of the cell, in the main thread of the browser, where microphone and WebRTC are. The
kernel may be anywhere, also in a web worker: it starts and stops the session, reads what was said, and answers the
functions that the bot's model calls. Needs anywidget: ``pip install "rtvi-web[notebook]"``.

A page of your own that stands in such a cell calls :func:`rtvi_web.notebook.page.attach`.
"""

from rtvi_web.notebook.face import Face, FaceEvent, Problem, Said, face

__all__ = ["Face", "FaceEvent", "Problem", "Said", "face"]

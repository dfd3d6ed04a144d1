"""The HTTP server of the browser tests: Pyodide, answers that a client must survive, and a mailbox.

``/mailbox/<room>``, and all that is under it, is where a transport sends its offer. The test's bot, which lives in the
page, takes the request from ``/mailbox/<room>/next`` and puts its answer at ``/mailbox/<room>/answer/<number>``: real
HTTP, whose server side is a coroutine in the page.

``/streams/<name>`` answers with an event stream that the test in the page writes itself. What it POSTs there decides:
``write`` sends a piece (in hexadecimal digits), ``end`` ends the stream, ``die`` closes its connection in the middle,
and ``gone`` is answered as soon as the page has closed the connection.

``/daily/`` has daily-js, and what stands in for Daily behind it.
"""

import collections
import contextlib
import functools
import json
import queue
import socket
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any, ClassVar

from daily_files import daily_files
from pytest_pyodide.server import DefaultHandler

PATIENCE = 10
"""Seconds that a request waits for the test in the page."""

SDP = "application/sdp"

ANSWERS = {
    "ok": (200, "application/json", '{"hello": "world"}'),
    "not-found": (404, "application/json", '{"detail": "Peer connection not found"}'),
    "invalid": (
        422,
        "application/json",
        '{"detail": [{"loc": ["body", "sdp"], "msg": "Field required", "type": "missing"}]}',
    ),
    "html": (
        500,
        "text/html",
        "<!doctype html><html><head><title>500 Oops</title><style>h1 {color: red}</style></head>"
        "<body>\n<h1>Internal   Server Error</h1>\n</body></html>",
    ),
    "sse-error": (503, "text/event-stream", "data: no bot is free\n\n"),
    "sse-nothing": (204, "text/event-stream", ""),
    "no-type": (200, "", "?"),
    "bad-key": (401, "application/json", '{"error": {"message": "Incorrect API key provided.", "type": "invalid"}}'),
    "long-refusal": (500, "text/plain", "no " * 1_000_000),
    "bom": (200, "text/plain", "\ufeffü"),
    "no-json": (200, "text/plain", "v=0"),
    "no-sdp": (200, "application/json", '{"type": "answer"}'),
    "bad-sdp": (200, "application/json", '{"type": "answer", "sdp": "this is not SDP", "pc_id": "1"}'),
}


class Room:
    """One mailbox: requests on their way to the bot, and by their numbers its answers on their way back."""

    def __init__(self) -> None:
        self.requests: queue.Queue[dict[str, Any]] = queue.Queue()
        self.answers: list[queue.Queue[dict[str, Any]]] = []


class Stream:
    """An event stream: the pieces still to be sent, after which ``None`` closes the connection, once there is one."""

    def __init__(self) -> None:
        self.pieces: queue.Queue[bytes | None] = queue.Queue()
        self.connection: socket.socket | None = None


class Handler(DefaultHandler):
    protocol_version = "HTTP/1.1"
    extensions_map: ClassVar = {**DefaultHandler.extensions_map, ".mjs": "text/javascript", ".wasm": "application/wasm"}
    rooms: ClassVar[collections.defaultdict[str, Room]] = collections.defaultdict(Room)
    streams: ClassVar[collections.defaultdict[str, Stream]] = collections.defaultdict(Stream)
    closing = threading.Event()

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/mailbox/"):
            self._mailbox()
        elif self.path.startswith("/daily/"):
            self._send(200, "text/javascript", daily_files()[self.path.removeprefix("/daily/")].decode())
        else:
            super().do_GET()

    def do_POST(self) -> None:
        name = self.path.rpartition("/")[2]
        if self.path.startswith("/mailbox/"):
            self._mailbox()
        elif self.path.startswith("/streams/"):
            self._stream()
        elif self.path == "/answers/never":
            self.closing.wait()
        elif self.path == "/answers/half":
            self._send(200, "text/plain", "half", length=1000)
            self.close_connection = True
        elif self.path == "/answers/echo":
            text = json.dumps({"method": self.command, "headers": dict(self.headers), "body": self._body()})
            self._send(200, "application/json", text)
        else:
            self._body()
            self._send(*ANSWERS[name])

    do_PATCH = do_POST

    def _mailbox(self) -> None:
        _, _, name, *rest = self.path.partition("?")[0].split("/")
        room = self.rooms[name]
        try:
            if rest == ["next"]:
                self._send(200, "application/json", json.dumps(room.requests.get(timeout=PATIENCE)))
            elif rest[:1] == ["answer"]:
                room.answers[int(rest[1])].put(json.loads(self._body()))
                self._send(200, "application/json", "{}")
            else:
                request = {"method": self.command, "path": "/".join(rest), "headers": dict(self.headers)}
                room.answers.append(queue.Queue())
                number = len(room.answers) - 1
                room.requests.put({**request, "number": number, "body": self._content()})
                answer = room.answers[number].get(timeout=PATIENCE)
                if isinstance(answer["body"], str):
                    self._send(answer["status"], SDP, answer["body"])
                else:
                    self._send(answer["status"], "application/json", json.dumps(answer["body"]))
        except queue.Empty:
            self._send(504, "text/plain", "no request came to the mailbox")

    def _content(self) -> Any:
        """What a request says: SDP as text, anything else as JSON."""
        body = self._body()
        return body if self.headers["Content-Type"] == SDP else json.loads(body)

    def _stream(self) -> None:
        _, _, name, *rest = self.path.split("/")
        stream = self.streams[name]
        text = self._body()
        if not rest:
            self._send_stream(stream)
            return
        [verb] = rest
        if verb == "gone":
            assert stream.connection
            with contextlib.suppress(ConnectionResetError):
                assert stream.connection.recv(1) == b""
        # In chunked encoding an empty piece is the end of the answer; without it the answer breaks off.
        pieces: dict[str, list[bytes | None]] = {"write": [bytes.fromhex(text)], "end": [b"", None]}
        for piece in pieces.get(verb, [None]):
            stream.pieces.put(piece)
        self._send(200, "text/plain", "")

    def _send_stream(self, stream: Stream) -> None:
        stream.connection = self.connection
        self.connection.settimeout(PATIENCE)
        self.send_response(200)
        self.send_header("Content-Type", "Text/Event-Stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while (piece := stream.pieces.get(timeout=PATIENCE)) is not None:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.close_connection = True

    def _body(self) -> str:
        body: str = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        return body

    def _send(self, status: int, media_type: str, text: str, *, length: int | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        if media_type:
            self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # The page has given up this request.
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that closes its connection is not an error of the test server."""


@contextlib.contextmanager
def serve(folder: Any) -> Iterator[int]:
    """Serve a folder and the addresses above; the value is the port."""
    with Server(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            Handler.closing.set()
            server.shutdown()
            thread.join()

"""`make demo`: one address to open, quick the second time, and nothing left when it ends."""

import os
import re
import resource
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from conftest import ROOT

SECOND_START = 10.0
"""Seconds of the processor that the demo may take when everything is installed and built: half of it is the bot's."""
PATIENCE = 60.0
"""Seconds that a busy machine may take for anything."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def demo(port: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        ["make", "--no-print-directory", "demo", f"PORT={port}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def children(pid: int) -> set[int]:
    """The processes that a process has started, and theirs."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in map(str.split, listed.splitlines())}
    found = {child for child, parent in parents.items() if parent == pid}
    return found | {grandchild for child in found for grandchild in children(child)}


def processor_time() -> float:
    """Seconds that our children, and theirs, had the processor until they ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.alone
@pytest.mark.parametrize("how", ["SIGTERM to make", "Ctrl-C"])
def test_a_start_is_quick_and_an_end_is_complete(how: str) -> None:
    port = free_port()
    before = processor_time()
    with demo(port) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if address := re.search(r"http://\S+", line):
                break
        else:
            pytest.fail("no address was printed")
        assert address[0] == f"http://localhost:{port}/"
        with urllib.request.urlopen(address[0], timeout=PATIENCE) as page:
            assert b'<script type="py"' in page.read()
        started = children(process.pid)
        assert len(started) >= 3, "the launcher, the bot and the speech server"
        if how == "Ctrl-C":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)
        assert "http" not in process.stdout.read(), "there is one address to open"
        deadline = time.monotonic() + PATIENCE
        while any(map(alive, started)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not [pid for pid in started if alive(pid)]
    assert processor_time() - before < SECOND_START


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with demo(port) as process:
            output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert f"Port {port} is taken" in output

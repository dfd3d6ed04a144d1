"""Fresh virtual environments outside the repository, in which the wheels of dist/wheels/ are installed without Node."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_bot import EXAMPLE, bot_python
from paths import CACHE, DIST, DOWNLOADS, ROOT
from servers import free_port, started

WHEELS = DIST / "wheels"
NEEDS = ("anyio", "brotli", "playwright", "pydantic", "pytest", "starlette", "uvicorn")
"""What the wheels and rtvi-web[test] need of registries, at the versions that we test with."""
WITHOUT_NODE = {"PATH": "/nowhere"}


def needed_wheels() -> Path:
    """A folder with the wheels of others that ours need, fetched once."""
    pins = (ROOT / "requirements-dev.txt").read_text().splitlines()
    needs = [next((pin for pin in pins if pin.startswith(f"{name}==")), name) for name in NEEDS]
    key = hashlib.sha256(repr((sys.version_info[:2], needs)).encode()).hexdigest()[:16]
    folder = DOWNLOADS / f"needs-{key}"
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.{os.getpid()}")
        command = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
        subprocess.run([sys.executable, *command, f"--dest={part}", *needs], check=True)
        part.rename(folder)
    return folder


def fresh_environment(folder: Path, *, beside: Path | None = None) -> Path:
    """The Python of a new environment in which both wheels are installed, with no index and without Node.

    Args:
        beside: the Python of another environment whose packages it has, too.
    """
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    if beside:
        ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
        theirs, ours = (
            subprocess.run([each, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
            for each in (beside, python)
        )
        (Path(ours) / "beside.pth").write_text(f"{theirs}\n")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    install += [f"--find-links={WHEELS}", *([] if beside else [f"--find-links={needed_wheels()}"])]
    subprocess.run([*install, "rtvi-web-console"], check=True, env={**os.environ, **WITHOUT_NODE}, cwd=folder)
    return python


def write_bot(folder: Path, mount: str) -> None:
    """A bot.py of a user's on Pipecat's runner: the local bot, with `mount` before main()."""
    for path in EXAMPLE.glob("*.py"):
        name = "their_bot.py" if path.name == "bot.py" else path.name
        (folder / name).write_text(path.read_text())
    (folder / "bot.py").write_text(f"""
import argparse
from their_bot import bot

{mount}

if __name__ == "__main__":
    from pipecat.runner.run import main
    parser = argparse.ArgumentParser()
    parser.add_argument("--speech-url")
    parser.add_argument("--start-delay", type=float, default=0.0)
    parser.add_argument("--reload", action="store_true")
    main(parser)
""")


@contextmanager
def running_bot(python: Path, folder: Path, *options: str) -> Iterator[str]:
    """Runs the folder's bot.py; the value is its address."""
    speech_port, port = free_port(), free_port()
    speech_url, address = f"http://127.0.0.1:{speech_port}", f"http://localhost:{port}/"
    speech = [str(EXAMPLE / "speech_server.py"), "--port", str(speech_port)]
    bot = [str(folder / "bot.py"), "--host", "localhost", "--port", str(port), "--speech-url", f"{speech_url}/v1"]
    bot += options
    with (
        started(
            bot_python(), speech, "speech server", f"{speech_url}/health", CACHE / f"console-speech-{port}.log"
        ) as one,
        started(
            python, bot, "user's bot", f"{address}status", CACHE / f"console-bot-{port}.log", WITHOUT_NODE
        ) as other,
    ):
        for server in (one, other):
            server.wait_until_ready()
        yield address
        other.check()

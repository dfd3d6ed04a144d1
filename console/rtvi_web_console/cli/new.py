"""``rtvi-web new DIR``: a page, its Python and a test, ready to run."""

from __future__ import annotations

import argparse
import html
import json
import os
import shlex
import sys
from pathlib import Path

from rtvi_web_console.cli.checks.address import UnreachableError, of_a_bot
from rtvi_web_console.cli.errors import CommandError
from rtvi_web_console.options import TRANSPORTS

NAME = "new"
HELP = "Write a page, its Python and a test into a new folder."
TEMPLATE = Path(__file__).with_name("template")
CLASSES = {"webrtc": "SmallWebRTCTransport", "websocket": "WebSocketTransport"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder, which must be new or empty")
    parser.add_argument("--bot", metavar="URL", help="the bot's start endpoint (default: /start of the page's server)")
    parser.add_argument("--transport", choices=TRANSPORTS, default=TRANSPORTS[0], help="default: %(default)s")
    parser.add_argument("--title", help="of the page (default: the name of the folder)")


def run(arguments: argparse.Namespace) -> int:
    """Write the files, and say what comes next."""
    folder: Path = arguments.folder
    name = os.fsencode(folder.resolve().name).decode(errors="replace")
    title = arguments.title or name.replace("-", " ").replace("_", " ").capitalize()
    for name in write(folder, bot=arguments.bot, transport=arguments.transport, title=title):
        sys.stdout.write(f"{folder / name}\n")
    served_by_bot = "" if arguments.bot else " --bot http://localhost:7860"
    name = shlex.quote(str(folder))
    sys.stdout.write(f"\nSee it:   rtvi-web dev {name}{served_by_bot}\n")
    sys.stdout.write(f'Test it:  pip install "rtvi-web[test]" && pytest {name}\n')
    return 0


def write(folder: Path, *, bot: str | None, transport: str, title: str) -> list[str]:
    """Write the files; returns their names.

    Raises:
        CommandError: the folder has something in it, cannot be written, or the bot's address cannot be used.
    """
    base_url, endpoint = ".", "/start"
    if bot:
        try:
            address, mark, query = of_a_bot(bot).partition("?")
        except UnreachableError as error:
            raise CommandError(str(error)) from None
        base_url, _, name = address.rpartition("/")
        endpoint = f"/{name}{mark}{query}"
    python = {
        "transport": CLASSES[transport],
        "word": json.dumps(transport),
        "base_url": json.dumps(base_url),
        "endpoint": json.dumps(endpoint),
        "title": json.dumps(title, ensure_ascii=False),
    }
    values = {"index.html": {"title": html.escape(title)}, "page.py": python, "test_page.py": {}}
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CommandError(f"{folder} exists, and is not an empty folder: choose another name.")
        folder.mkdir(parents=True, exist_ok=True)
        for name, given in values.items():
            text = (TEMPLATE / f"{name}.txt").read_text(encoding="utf-8").format(**given)
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CommandError(f"{folder} cannot be written: {error.strerror}.") from None
    return list(values)

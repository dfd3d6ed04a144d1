"""``rtvi-web``: the subcommands, and what they share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rtvi_web import __version__
from rtvi_web_console.cli import build, console, dev, doctor, new
from rtvi_web_console.cli.errors import CommandError

SUBCOMMANDS = (console, new, dev, build, doctor)
"""Each has ``NAME``, ``HELP``, ``add_arguments(parser)`` and ``run(arguments)``, which returns the exit status."""


def main(given: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit status."""
    arguments = _parser().parse_args(given)
    try:
        status: int = arguments.run(arguments)
    except CommandError as error:
        sys.stderr.write(f"rtvi-web {arguments.name}: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rtvi-web", description="A page for the voice bot you already have.")
    parser.add_argument("--version", action="version", version=f"rtvi-web {__version__}")
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)
    for subcommand in SUBCOMMANDS:
        own = subcommands.add_parser(subcommand.NAME, help=subcommand.HELP, description=subcommand.HELP)
        subcommand.add_arguments(own)
        own.set_defaults(run=subcommand.run, name=subcommand.NAME)
    return parser


if __name__ == "__main__":
    sys.exit(main())

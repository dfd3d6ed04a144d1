"""The error of the command."""


class CommandError(Exception):
    """A subcommand cannot do what it was asked for; the message says why, and what to do."""

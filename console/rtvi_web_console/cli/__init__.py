"""The command ``rtvi-web``: a file for each subcommand."""

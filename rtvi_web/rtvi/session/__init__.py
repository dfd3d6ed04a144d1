"""One connection of a client, and one session at a time: from connect() to its end."""

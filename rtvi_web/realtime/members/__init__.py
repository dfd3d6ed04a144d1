"""The members of RealtimeClient, by subject."""

"""The model of the conversation: turns, what the bot writes and speaks, and what it is doing."""

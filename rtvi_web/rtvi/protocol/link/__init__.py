"""The model of a link: its statistics, its loss and recovery, and what is wrong with it."""

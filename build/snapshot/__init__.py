"""The memory snapshot that pages boot from: how it is taken, stored and restored."""

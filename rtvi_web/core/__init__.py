"""What both clients stand on: events, tasks, attempts to connect, and the contracts of HTTP and media. No browser."""

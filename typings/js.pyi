"""The page's globals, which only the page knows."""

from typing import Any

def __getattr__(name: str) -> Any: ...

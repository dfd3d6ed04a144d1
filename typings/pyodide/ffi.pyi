"""What the door and the tests use of pyodide.ffi."""

from collections.abc import Callable
from typing import Any

class JsException(Exception):
    name: str
    message: str

jsnull: Any

def create_proxy(obj: Callable[..., object], /) -> Any: ...
def to_js(obj: Any, /, *, dict_converter: Any = ..., create_pyproxies: bool = ...) -> Any: ...

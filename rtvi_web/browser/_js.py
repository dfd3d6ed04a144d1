"""The door to JavaScript: the one module that imports ``js`` and ``pyodide``.

It keeps four rules. A bare ``await js.something()`` breaks each of them somewhere:

* :func:`call` makes every call that can return a promise. A promise may reject with anything (a string, ``undefined``,
  an ``OverconstrainedError``), but Pyodide can only raise what looks like an ``Error``: on anything else a bare
  ``await`` hangs. :func:`call` always ends, with the value or with a :class:`JsError`.
* A :class:`Scope` makes every Python function that JavaScript gets, and destroys it at the end, because cycles between
  Python and JavaScript are never collected. Such a function returns nothing; its exceptions go to the event loop.
* JavaScript's ``null`` becomes ``None`` in Python (:func:`or_none`); :data:`null` is what JavaScript gets.
* :func:`api` names a browser API that is missing: it raises ``NotInBrowserError``.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from rtvi_web.core.requirements import load_with
from rtvi_web.errors import NotInBrowserError

IN_PYODIDE = sys.platform == "emscripten"

if TYPE_CHECKING or IN_PYODIDE:  # On CPython the module still imports, and api() says what is missing.
    import js
    import pyodide_js
    from pyodide.ffi import JsException, create_proxy, to_js
    from pyodide.ffi import jsnull as null

__all__ = [
    "JsError",
    "Scope",
    "api",
    "begin",
    "call",
    "construct",
    "guarded",
    "not_here",
    "null",
    "or_none",
    "plain",
    "uint8_array",
]


class JsError(Exception):
    """What JavaScript threw, or what a promise rejected with.

    Attributes:
        name: the error's name, such as ``"NotAllowedError"``. For a value that is not an error, its kind:
            ``"string"``, ``"undefined"``, ``"Event"`` …
        message: the error's message, or the value as text.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}" if message else name)
        self.name = name
        self.message = message


def api(name: str) -> Any:
    """A global of the page, such as ``RTCPeerConnection``.

    Raises:
        NotInBrowserError: it does not exist here: CPython, a web worker, or a browser that has none.
    """
    found = getattr(js, name, None) if IN_PYODIDE else None
    if found is None or (name == "document" and hasattr(js, "WorkerGlobalScope")):
        error = not_here(name)
        if found is not None:  # PyScript's worker lends the page's document, which is too slow for a face.
            _say_on(found, str(error))
        raise error
    return found


def not_here(name: str) -> NotInBrowserError:
    """The error for a missing API. It says whether Python runs outside a page, or the browser lacks the API."""
    in_page = IN_PYODIDE and hasattr(js, "document") and not hasattr(js, "WorkerGlobalScope")
    return NotInBrowserError(name, in_page=in_page)


def _say_on(document: Any, text: str) -> None:
    box = document.createElement("p")
    box.setAttribute("role", "alert")
    box.textContent = text
    document.body.append(box)


def construct(name: str, *args: Any) -> Any:
    """``new name(...args)``; dicts and lists become plain objects and arrays.

    Raises:
        NotInBrowserError: the page has no such class.
        JsError: the constructor threw.
    """
    constructor = api(name)
    with guarded():
        return constructor.new(*map(plain, args))


async def call(target: Any, method: str, *args: Any, late: Callable[[Any], object] | None = None) -> Any:
    """``await target.method(...args)``, for every method that can return a promise.

    Args:
        target, method, args: what to call; dicts and lists become plain objects and arrays.
        late: gets the value if it arrives after this task was cancelled, so that it can be released.

    Returns:
        The promise's value; ``None`` for ``null``.

    Raises:
        JsError: it threw, or the promise was rejected.
    """
    promises = _promises(target, method, args)
    try:
        return await _outcome(promises)
    except asyncio.CancelledError:
        if late is not None:
            task = asyncio.ensure_future(_hand_over(promises, late))
            _late_calls.add(task)
            task.add_done_callback(_late_calls.discard)
        raise


def begin(target: Any, method: str, *args: Any) -> None:
    """:func:`call` without waiting: the promise's outcome is ignored.

    Raises:
        JsError: it threw.
    """
    js.Promise.allSettled(_promises(target, method, args))


def _promises(target: Any, method: str, args: tuple[Any, ...]) -> Any:
    """A JavaScript array that holds what a call returns."""
    # Array.from makes the call, so the promise stays in JavaScript. Python would turn it into a future at once, and the
    # future of a promise that rejects with a string never ends. allSettled() always fulfils.
    apply = js.Reflect.apply.bind(None, getattr(target, method), target, js.Array.of(*map(plain, args)))
    with guarded():
        return js.Array.from_(js.Array.of(None), apply)


async def _outcome(promises: Any) -> Any:
    [outcome] = await js.Promise.allSettled(promises)
    if outcome.status == "fulfilled":
        return or_none(outcome.value)
    reason = outcome.reason
    raise _error(reason) from (reason if isinstance(reason, BaseException) else None)


_late_calls: set[asyncio.Task[None]] = set()


async def _hand_over(promises: Any, late: Callable[[Any], object]) -> None:
    try:
        late(await _outcome(promises))
    except JsError:
        return  # It failed, so there is nothing to release.


@contextmanager
def guarded() -> Iterator[None]:
    """Turn what JavaScript throws in this block into a :class:`JsError`. For calls that do not return a promise."""
    if not IN_PYODIDE:
        yield  # The block raises NotInBrowserError.
        return
    try:
        yield
    except JsException as thrown:
        raise _error(thrown) from thrown


def _error(reason: Any) -> JsError:
    if reason is None:
        return JsError("undefined", "")
    if reason is null:
        return JsError("null", "")
    if isinstance(reason, str | int | float):
        return JsError({str: "string", bool: "boolean"}.get(type(reason), "number"), str(reason))
    name: Any = getattr(reason, "name", None)
    message: Any = getattr(reason, "message", None)
    if isinstance(reason, BaseException):
        return JsError(str(name or type(reason).__name__), str(message or reason))
    if not isinstance(name, str) or not name:
        name = str(getattr(getattr(reason, "constructor", None), "name", "object"))
    return JsError(name, message if isinstance(message, str) else _as_text(reason))


def _as_text(value: Any) -> str:
    try:
        return str(js.JSON.stringify(value))
    except JsException:  # JSON cannot hold an object that contains itself.
        return str(value)


def or_none(value: Any) -> Any:
    """``None`` for JavaScript's ``null``; any other value as it is."""
    return None if value is null else value


def plain(value: Any) -> Any:
    """A dict or list as a plain object or array of JavaScript, all the way down; any other value as it is."""
    if isinstance(value, dict | list | tuple):
        return to_js(value, dict_converter=js.Object.fromEntries)
    return value


def uint8_array(data: bytes) -> Any:
    """A JavaScript ``Uint8Array`` with a copy of these bytes."""
    copy = construct("Uint8Array", len(data))
    copy.assign(data)
    return copy


class Scope:
    """What one wrapper must release: listeners, proxies, connections. ``close()`` releases the last one first.

    Exceptions of handlers and of releases go to the event loop's exception handler; the rest still runs.
    """

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def defer(self, undo: Callable[[], object]) -> None:
        """Call a function at ``close()``."""
        self._undo.append(undo)

    def function(self, handler: Callable[..., object]) -> Any:
        """A JavaScript function that calls the handler, until ``close()``. It returns ``undefined``."""

        def run(*args: Any) -> None:
            try:
                handler(*args)
            except BaseException as error:
                _report("a handler of a browser event failed", error)

        proxy = create_proxy(run)
        self.defer(proxy.destroy)
        return proxy

    def listen(self, target: Any, event: str, handler: Callable[[Any], object]) -> None:
        """Call ``handler(event)`` at each such event, until ``close()``."""
        proxy = self.function(handler)
        target.addEventListener(event, proxy)
        self.defer(lambda: target.removeEventListener(event, proxy))

    def close(self) -> None:
        """Release everything, last first. May be called again, and from a handler of this scope."""
        while self._undo:
            undo = self._undo.pop()
            try:
                undo()
            except BaseException as error:
                _report("releasing a browser resource failed", error)


async def _load_package(name: str) -> None:
    with suppress(JsError):  # What needs the package says so.
        await call(pyodide_js, "loadPackage", name)


if IN_PYODIDE:
    load_with(_load_package)


def _report(message: str, error: BaseException) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})

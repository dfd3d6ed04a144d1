"""The one package that rtvi_web needs: pydantic. It is imported with the first session, and checked then.

A page may have lost it. From its second visit on, PyScript loads a wheel that is named by its address without what that
wheel needs, so it is loaded here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.util import find_spec  # noqa: TID251 - importing pydantic takes a fifth of a page's boot

from rtvi_web.errors import UnsupportedRuntimeError

OLDEST = (2, 12)
_NEEDED = f"rtvi_web needs pydantic {OLDEST[0]}.{OLDEST[1]} or later"
_FIX = 'Put "pydantic" into the `packages` of the page, without a version (elsewhere: pip install "pydantic<3").'
_loaders: list[Callable[[str], Awaitable[object]]] = []


def load_with(loader: Callable[[str], Awaitable[object]]) -> None:
    """Name what loads a package of the page's Pyodide. It does not raise."""
    _loaders[:] = [loader]


async def provide() -> None:
    """Load pydantic if it is missing and can be loaded.

    Raises:
        UnsupportedRuntimeError: it is still missing.
    """
    if find_spec("pydantic") is None:
        for loader in _loaders:
            await loader("pydantic")
        if find_spec("pydantic") is None:
            raise UnsupportedRuntimeError(f"{_NEEDED}, and there is none here. {_FIX}")


def check() -> None:
    """Import pydantic, and see whether it can be used.

    Raises:
        UnsupportedRuntimeError: it is missing, broken or too old.
    """
    try:
        from pydantic import VERSION
    except Exception as error:
        what = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
        raise UnsupportedRuntimeError(f"{_NEEDED}, and it cannot be imported here ({what}). {_FIX}") from error
    if tuple(map(int, VERSION.split(".")[:2])) < OLDEST:
        raise UnsupportedRuntimeError(
            f"{_NEEDED}, and here is {VERSION}. Pyodide has it since 0.29.2, and PyScript since @pyscript/core 0.7.13: "
            'load a later one (elsewhere: pip install "pydantic<3").'
        )

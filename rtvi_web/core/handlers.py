"""How many of an event's arguments a handler wants: as many as it has positional parameters."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

Handler = Callable[..., object]

ALL = sys.maxsize
"""What :func:`count_arguments` gives for a handler that takes any number."""

_UNEVALUATED: dict[str, Any] = {}
if sys.version_info >= (3, 14):
    from annotationlib import Format

    # By default, names that only a type checker imports would raise NameError.
    _UNEVALUATED["annotation_format"] = Format.STRING


def count_arguments(handler: Handler) -> int:
    """How many positional arguments a handler takes at most, those with a default included.

    :data:`ALL` for ``*args`` and for callables without a signature. If the wrapper of a decorated handler
    (``functools.wraps``) takes ``*args``, the handler's own signature counts: such a wrapper passes on what it gets.
    """
    # Plain functions and their methods are read directly: inspect.signature() takes twenty times as long.
    function, bound = (handler.__func__, 1) if isinstance(handler, MethodType) else (handler, 0)
    if isinstance(function, FunctionType) and not function.__code__.co_flags & inspect.CO_VARARGS:
        return max(function.__code__.co_argcount - bound, 0)
    for follow_wrapped in (False, True):
        with contextlib.suppress(TypeError, ValueError):  # it has no signature
            signature = inspect.signature(handler, follow_wrapped=follow_wrapped, **_UNEVALUATED)
            kinds = [parameter.kind for parameter in signature.parameters.values()]
            if inspect.Parameter.VAR_POSITIONAL not in kinds:
                return sum(kind in _POSITIONAL for kind in kinds)
    return ALL


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def fitted(handler: Handler) -> Handler:
    """A handler that may be called with all of an event's arguments: it drops those that the given one doesn't take."""
    count = count_arguments(handler)
    return handler if count == ALL else lambda *args: handler(*args[:count])

"""Helpers for the Python of a page: elements, text, clicks, and a place for errors.

PyScript and loader.js both copy this file next to the page's Python (`files` in the script's config).
"""

import asyncio
import traceback

from js import Error, document, reportError
from pyodide.ffi import create_proxy

from rtvi_web import RTVIError
from rtvi_web.errors import ConnectAbortedError, DeviceError

_tasks = set()


def element(id):
    """The element with this id."""
    return document.getElementById(id)


def write(id, text):
    """Put text into an element, as text and never as HTML. style.css hides a notice without text."""
    element(id).textContent = text


def make(tag, kind, *content):
    """A new element with a class and with content: texts and elements."""
    node = document.createElement(tag)
    node.className = kind
    node.append(*content)
    return node


def when(event, node, handler, *args):
    """Run a coroutine function at each such event of an element, in place of the browser's default action.

    The message of an rtvi_web error is shown in the element `problem`. Any other exception is a bug: show_failures()
    shows it.
    """

    async def run():
        try:
            await handler(*args)
        except (ConnectAbortedError, DeviceError):
            pass  # the person disconnected, or deviceError has reported it
        except RTVIError as error:
            write("problem", str(error))
        except Exception as error:
            context = {"message": f"{handler.__name__}() failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def start(happening):
        happening.preventDefault()
        task = asyncio.ensure_future(run())
        _tasks.add(task)  # the event loop keeps only a weak reference
        task.add_done_callback(_tasks.discard)

    node.addEventListener(event, create_proxy(start))


def show_failures():
    """Show exceptions of handlers and tasks in the console and, with errors.js, on the page."""
    asyncio.get_running_loop().set_exception_handler(_show_failure)


def _show_failure(loop, context):
    lines = traceback.format_exception(context.get("exception"))
    reportError(Error.new("".join([context.get("message", "A task failed"), "\n", *lines])))

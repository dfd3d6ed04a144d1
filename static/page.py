"""What the Python of a page needs of the page: elements, text, clicks, and a place for errors.

Both PyScript and loader.js put this file beside the page's Python, by `files` in the script's config.
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
    """Put text into an element: as text, never as HTML. style.css hides a notice whose text is empty."""
    element(id).textContent = text


def make(tag, kind, *content):
    """A new element of a class, which holds texts and elements."""
    node = document.createElement(tag)
    node.className = kind
    node.append(*content)
    return node


def when(event, node, handler, *args):
    """Run a coroutine function at each such event of an element, instead of what the browser would do.

    An error of rtvi_web is told in its own words, in the element `problem`. Anything else is a bug, and goes where
    show_failures() takes it.
    """

    async def run():
        try:
            await handler(*args)
        except (ConnectAbortedError, DeviceError):
            pass  # the person disconnected; the event deviceError has told it
        except RTVIError as error:
            write("problem", str(error))
        except Exception as error:
            context = {"message": f"{handler.__name__}() failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def start(happening):
        happening.preventDefault()
        task = asyncio.ensure_future(run())
        _tasks.add(task)  # the event loop alone would not keep it
        task.add_done_callback(_tasks.discard)

    node.addEventListener(event, create_proxy(start))


def show_failures():
    """Show what handlers and tasks raise in the console and, with errors.js, on the page."""
    asyncio.get_running_loop().set_exception_handler(_show_failure)


def _show_failure(loop, context):
    lines = traceback.format_exception(context.get("exception"))
    reportError(Error.new("".join([context.get("message", "A task failed"), "\n", *lines])))

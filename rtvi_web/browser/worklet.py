"""Loads the modules of AudioWorklets, and scripts for a Worker or the page, which a browser takes from an address only.

By default, such a file comes from the wheel as a Blob. A page whose Content-Security-Policy forbids Blobs serves the
files of ``rtvi_web/browser/worklets/`` itself and names their folder, relative to the page::

    <meta name="rtvi-web-worklets" content="worklets/">

The site that the build makes has them in ``worklets/``.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.errors import UnsupportedFeatureError

PCM_MODULE = "pcm.js"
META = "rtvi-web-worklets"
FEATURE = "AudioWorklet"
PATIENCE = 3.0
"""Seconds that a Worker has to begin."""


async def add_module(context: Any, name: str) -> None:
    """Load a module of ``worklets/`` into an ``AudioContext``. Returns as well if the context is closed meanwhile.

    Raises:
        UnsupportedFeatureError: the page has no AudioWorklet, or may not load the module. The message says what to do.
    """
    worklet = _js.or_none(getattr(context, "audioWorklet", None))
    if worklet is None:
        raise UnsupportedFeatureError(
            "Sound as PCM needs an AudioWorklet, and browsers offer it to pages on https and on localhost only.",
            feature=FEATURE,
        )
    served = _served(name)
    url = served or _blob(name)
    try:
        await _js.call(worklet, "addModule", url)
    except _js.JsError as error:
        if context.state == "closed":
            return
        raise UnsupportedFeatureError(_reason(name, served), feature=FEATURE) from error
    finally:
        if not served:
            _js.api("URL").revokeObjectURL(url)


async def start_worker(name: str) -> Any | None:
    """Start a Worker with a script of ``worklets/``, which posts a message as soon as it runs.

    Returns:
        The ``Worker``; ``None`` if the page may not have it: its policy forbids it, or the script is of another origin.
    """
    served = _served(name)
    url = served or _blob(name)
    scope, settled, said, worker = _js.Scope(), asyncio.Event(), list[str](), None

    def hear(event: Any) -> None:
        said.append(event.type)
        settled.set()

    try:
        worker = _js.construct("Worker", url)
        for event in ("message", "error"):
            scope.listen(worker, event, hear)
        async with asyncio.timeout(PATIENCE):
            await settled.wait()
    except (_js.JsError, TimeoutError):
        said.clear()
    finally:
        scope.close()
        if not served:
            _js.api("URL").revokeObjectURL(url)
        if worker is not None and said[:1] != ["message"]:
            worker.terminate()
    return worker if said[:1] == ["message"] else None


async def load_script(name: str, defines: str) -> None:
    """Load a script of ``worklets/`` into the page, unless what it defines is there.

    Raises:
        UnsupportedFeatureError: the page may not load it. The message says what to do.
    """
    document, window = _js.api("document"), _js.api("window")
    if hasattr(window, defines):
        return
    served = _served(name)
    script, scope = document.createElement("script"), _js.Scope()
    script.src = served or _blob(name)
    settled = asyncio.Event()
    for event in ("load", "error"):
        scope.listen(script, event, lambda _: settled.set())
    document.head.appendChild(script)
    try:
        await settled.wait()
        if not hasattr(window, defines):
            raise UnsupportedFeatureError(_reason(name, served), feature=FEATURE)
    finally:
        scope.close()
        script.remove()
        if not served:
            _js.api("URL").revokeObjectURL(script.src)


def name_folder(address: str) -> None:
    """Say where the modules are served, for a page that does not say it itself: a page around a tag."""
    document = _js.api("document")
    if _js.or_none(document.querySelector(f'meta[name="{META}"]')) is None:
        meta = document.createElement("meta")
        meta.name, meta.content = META, address
        document.head.append(meta)


def available() -> bool:
    """Whether pages like this one have AudioWorklets; those on plain http have none."""
    has: bool = _js.api("Reflect").has(_js.api("BaseAudioContext").prototype, "audioWorklet")
    return has


def _served(name: str) -> str | None:
    """The module's address, if the page names the folder."""
    document = _js.api("document")
    meta = _js.or_none(document.querySelector(f'meta[name="{META}"]'))
    if meta is None:
        return None
    folder = str(meta.content).rstrip("/")
    return str(_js.construct("URL", f"{folder}/{name}", document.baseURI).href)


def _blob(name: str) -> str:
    with open(os.path.join(os.path.dirname(__file__), "worklets", name), encoding="utf-8") as file:
        module = _js.construct("Blob", [file.read()], {"type": "text/javascript"})
    return str(_js.api("URL").createObjectURL(module))


def _reason(name: str, served: str | None) -> str:
    if served:
        return (
            f'The file {served} could not be loaded: <meta name="{META}"> must name the folder where rtvi_web\'s '
            f"{name} is served as text/javascript."
        )
    return (
        f"The file {name} could not be loaded from a Blob. Does the page's Content-Security-Policy forbid it? Then "
        f"serve the files of rtvi_web/browser/worklets/, and name their folder in the page: "
        f'<meta name="{META}" content="worklets/">.'
    )

"""Runs in a page: what a program may ask of its Python. A snapshot gives the answers of a stock boot.

The test adds the line that asks.
"""

import asyncio
import contextlib
import csv
import datetime
import decimal
import email.message
import gc
import importlib.metadata
import json
import locale
import os
import platform
import sqlite3
import sys
import time
import traceback
import xml.dom.minidom
import zoneinfo
from pathlib import Path

import js
import pyodide_js
from pyodide.ffi import JsException, can_run_sync, create_proxy, run_sync
from pyodide.http import pyfetch

import rtvi_web  # noqa: F401 - it sets a variable of the environment


def raised(function):
    """What a function raises, as text."""
    try:
        function()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def deeper(number):
    return deeper(number + 1)


def environment():
    summer, winter = (datetime.datetime(2026, month, 1, 12).astimezone() for month in (7, 1))
    return {
        "zone": [time.timezone, time.altzone, time.daylight, time.tzname],
        "summer": [str(summer), summer.tzname(), time.strftime("%Z %z", time.localtime(summer.timestamp()))],
        "winter": [str(winter), winter.tzname(), time.strftime("%Z %z", time.localtime(winter.timestamp()))],
        "mktime": time.mktime((2026, 7, 1, 12, 0, 0, 0, 0, -1)),
        "clock": abs(time.time() * 1000 - js.Date.now()) < 1000,
        "locale": [locale.getlocale(), locale.setlocale(locale.LC_ALL, None), locale.getpreferredencoding()],
        "environ": dict(os.environ),
        "getenv": os.getenv("LANG"),
        "cwd": [os.getcwd(), str(Path.home()), sys.prefix, os.listdir("/"), os.listdir("/lib/python3.14")],
        "sys": [sys.path, sys.argv, sys.orig_argv, sys.executable, sys.flags.hash_randomization, sys.version],
        "emscripten": [str(vars(sys)["_emscripten_info"]), platform.platform()],
        "streams": [sys.stdin.encoding, sys.stdout.encoding, sys.stderr.encoding, sys.stdout.isatty()],
        "main": sorted(name for name in dir(sys.modules["__main__"]) if name.startswith("__")),
    }


async def packages():
    import pydantic

    import rtvi_web.realtime
    import rtvi_web.testing
    import rtvi_web.ui

    class Model(pydantic.BaseModel):
        number: int

    site = Path("/lib/python3.14/site-packages")
    before = {
        "loaded": pyodide_js.loadedPackages.to_py(),
        "files": sorted(
            (str(path.relative_to(site)), path.stat().st_size) for path in site.rglob("*") if path.is_file()
        ),
        "installed": sorted(f"{each.name} {each.version}" for each in importlib.metadata.distributions()),
    }
    await pyodide_js.loadPackage("micropip")
    import micropip

    return {
        **before,
        "micropip": sorted(micropip.list()),
        "rtvi-web": importlib.metadata.version("rtvi-web"),
        "metadata": importlib.metadata.metadata("pydantic")["Name"],
        "pydantic": [Model(number="5").number, pydantic.VERSION],
        "models": rtvi_web.BotReadyData.__name__,
        "style": len((Path(rtvi_web.ui.__file__).parent / "widgets.css").read_text()),
    }


async def running():
    calls = []
    proxy = create_proxy(calls.append)
    js.setTimeout(proxy, 0, 1)
    began = time.monotonic()
    await asyncio.sleep(0.05)
    slept = time.monotonic() - began
    proxy.destroy()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(asyncio.sleep(0.01, 7))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.sleep(10)
    Path("/tmp/file").write_text("text")
    response = await pyfetch("pyodide/pyodide-lock.json")
    print("to stdout")
    print("to stderr", file=sys.stderr)
    gc.collect()
    return {
        "calls": calls,
        "slept": 0.04 < slept < 5,
        "task": task.result(),
        "run_sync": [can_run_sync(), run_sync(asyncio.sleep(0.01, 5))],
        "file": Path("/tmp/file").read_text(),
        "fetched": [response.status, len(await response.text())],
        "sqlite": sqlite3.connect(":memory:").execute("select 6 * 7").fetchone(),
        "stdlib": [str(decimal.Decimal(1) / 3), next(csv.reader(["a,b"])), str(email.message.Message())],
        "xml": xml.dom.minidom.parseString("<a/>").toxml(),
        "zoneinfo": raised(lambda: zoneinfo.ZoneInfo("Europe/Paris")),
        "traceback": raised_traceback(),
        "js error": js_error(),
        "no module": raised(lambda: __import__("nothing_there")),
        "recursion": raised(lambda: deeper(0)),
        "js": [js.document.nodeName, js.navigator.language, repr(js), js.globalThis is js.window],
    }


def raised_traceback():
    try:
        json.loads("{")
    except ValueError:
        return traceback.format_exc()


def js_error():
    try:
        js.JSON.parse("{")
    except JsException as error:
        return [error.name, error.message]

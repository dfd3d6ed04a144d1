"""Runs inside Pyodide after the snapshot was taken (see take.mjs): imports what ``connect()`` needs.

Its value is the names of the modules, in the order in which they were ready, so that a page can import them one by one.
"""

import importlib

ready: list[str] = []
load = importlib._bootstrap._load_unlocked


def load_and_note(spec):
    module = load(spec)
    ready.append(spec.name)
    return module


importlib._bootstrap._load_unlocked = load_and_note

import rtvi_web.rtvi.session.session  # noqa: E402, F401

ready  # noqa: B018

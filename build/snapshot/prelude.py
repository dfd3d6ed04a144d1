"""Runs inside Pyodide before the snapshot is taken (see take.mjs): imports what pages need until they are ready.

That is what our pages import, what Pyodide and PyScript import, and what many programs do. Not here are pydantic, which
has WebAssembly of its own, which no snapshot can hold; and the Realtime client, a tenth of all bytes, whose page has to
wait for pydantic anyway.
"""

# ruff: noqa: F401

import array
import asyncio
import base64
import collections
import contextlib
import dataclasses
import datetime
import enum
import functools
import html
import inspect
import io
import itertools
import json
import logging
import math
import pathlib
import random
import re
import shutil
import tempfile
import time
import traceback
import types
import typing
import warnings
import weakref
import zipfile

import _pyodide._base
import pyodide
import pyodide._package_loader
import pyodide.code
import pyodide.ffi
import pyodide.webloop

import rtvi_web
import rtvi_web.notebook.page
import rtvi_web.rtvi.protocol.conversation.conversation
import rtvi_web.tag
import rtvi_web.transports.small_webrtc.session
import rtvi_web.transports.websocket.session
import rtvi_web.ui.face
from rtvi_web.transports import DailyTransport, SmallWebRTCTransport, WebSocketTransport

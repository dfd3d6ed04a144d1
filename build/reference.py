"""The reference page, made from the code: what there is, and what JavaScript calls it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from conformance import NAMES, Conformance, Group, constant_of
from docstrings import Entry, to_html
from paths import BuildError
from public_api import Api, Member

from rtvi_web.rtvi.protocol.events import EVENTS

ALL = ()
"""Of a module, all that is public."""

SECTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "The client": {
        "rtvi.client": ("RTVIClient",),
        "rtvi.session.params": ("ClientParams", "Endpoints"),
        "rtvi.members.recording": ("MessageRecording",),
        "rtvi.protocol.state": ("TransportState",),
        "rtvi.protocol.conversation.conversation": ("Conversation",),
    },
    "RealtimeClient": {
        "realtime.client": ("RealtimeClient",),
        "realtime.settings": ("SettingsDict",),
        "realtime.protocol.dialects.base": ("Dialect", "Address", "Target"),
        "realtime.protocol.session_config": ("SessionConfig", "Audio", "AudioInput", "AudioOutput", "TurnDetection"),
        "realtime.event_handlers": ("RealtimeEventHandler",),
        "realtime.connection": ("RealtimeAPI",),
        "realtime.events": ("RealtimeEvent", "ErrorEvent"),
        "realtime.floor": ("SpeakingEvent",),
        "realtime.retry": ("RetryEvent",),
        "realtime.renewal": ("SessionRenewedEvent",),
        "realtime.recording": ("Recording", "RecordingEvent"),
        "realtime.protocol.conversation": ("Conversation",),
        "realtime.protocol.items": ("Item", "ItemEvent", "Delta", "Formatted", "FormattedTool"),
        "realtime.protocol.audio": ("AudioClip", "InputAudio", "float_to_pcm16"),
        "realtime.protocol.transcript_events": ("TranscriptEvent",),
        "realtime.protocol.usage": ("Usage",),
        "realtime.members.speaking": ("ItemResult",),
        "realtime.tools": ("Tool", "BackgroundResult"),
        "realtime.transport": ("RealtimeTransport", "RealtimeHost", "RealtimeRequest", "Played"),
    },
    "A connect handler of your own": {"rtvi.session.start": ("ConnectHandler", "ConnectTimeout", "AbortController")},
    "Events": {
        "rtvi.protocol.events": ("RTVIEvent", "InvalidMessage"),
        "core.event": ("Event", "EventName"),
        "core.event_queue": ("EmittedEvent", "EventQueue"),
    },
    "Messages": {
        "rtvi.protocol.messages": ("RTVIMessage",),
        "rtvi.protocol.payloads.base": ("Payload",),
        "rtvi.protocol.payloads.session": ALL,
        "rtvi.protocol.payloads.conversation": ALL,
        "rtvi.protocol.payloads.configuration": ALL,
    },
    "Configuration": {
        "rtvi.protocol.config": ("Option", "ServiceConfig", "Config"),
        "rtvi.members.config": ("GivenConfig",),
    },
    "Functions and helpers": {
        "rtvi.session.functions": ("FunctionCall", "FunctionCallHandler"),
        "rtvi.session.helpers": ("RTVIClientHelper",),
        "rtvi.members.llm_helper": ("LLMHelper",),
    },
    "Devices and media": {"core.media": ALL, "core.no_media": ALL},
    "Transports": {
        "transports.small_webrtc.transport": ("SmallWebRTCTransport",),
        "transports.daily.transport": ("DailyTransport",),
        "transports.websocket.transport": ("WebSocketTransport",),
        "transports.realtime.websocket": ("RealtimeWebSocketTransport",),
        "transports.realtime.webrtc": ("RealtimeWebRTCTransport",),
        "rtvi.transport": ALL,
        "media.page_media": ("PageMedia",),
        "core.http": ("HttpResponse", "NativeAbortController", "HttpClient"),
    },
    "Errors": {"errors": ALL},
    "The log": {"core.logs": ALL},
    "Testing": {
        "testing.script": ALL,
        "testing.scripted": ALL,
        "testing.following": ("FollowsScript",),
        "testing.recorded": ("replay",),
        "testing.pages": ("PageOpener", "RTVIPage", "ScriptedBot"),
        "testing.controllers": ALL,
        "testing.console_controllers": ALL,
        "testing.contract.suite": ("play", "tests_of"),
        "testing.contract.stage": ("Stage",),
        "testing.contract.scene": ("ContractError",),
        "testing.media": ("ScriptedTrack",),
        "testing.http": ALL,
    },
    "Notebooks": {
        "notebook.face": ("face", "Face", "FaceEvent", "Said", "Problem"),
        "notebook.page": ("attach",),
    },
    "Deprecated names": {"voice_client": ALL},
}
"""What the page has: of each module what is named. What the package exports besides gets a section of its own."""

PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="description" content="Every member of rtvi_web, and what the JavaScript client calls it.">
  <title>Reference of rtvi_web</title>
  <link rel="icon" href="favicon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="style.css">
  <link rel="stylesheet" href="reference.css">
</head>
<body class="reference">
  <header>
    <h1>Reference of rtvi_web</h1>
    <p>Every public member, and what the JavaScript client calls it. Made from the code.
    <a href="index.html">Talk to a bot</a></p>
  </header>
  <nav aria-label="Contents">
    <ul>{contents}</ul>
  </nav>
  <main>
{sections}
  </main>
</body>
</html>
"""


def reference_page(names: Path = NAMES) -> str:
    """The page, with the JavaScript names of a file.

    Raises:
        BuildError: a JavaScript name has neither a counterpart nor a reason, or a docstring is not well-formed.
    """
    api, sections = public_api()
    conformance = Conformance(api, names)
    if conformance.problems:
        raise BuildError(f"{names.name}: " + "; ".join(conformance.problems))
    page = Page(api)
    parts = {title: page.members(members) for title, members in sections.items()}
    parts["Coming from JavaScript"] = page.javascript(conformance.groups)
    ids = {title: re.sub(r"\W+", "-", title.lower()).strip("-") for title in parts}
    return PAGE.format(
        contents="".join(f'<li><a href="#{ids[title]}">{title}</a></li>' for title in parts),
        sections="\n".join(
            f'<section aria-labelledby="{ids[title]}"><h2 id="{ids[title]}">{title}</h2>{part}</section>'
            for title, part in parts.items()
        ),
    )


def public_api() -> tuple[Api, dict[str, list[Member]]]:
    """All that is public, and its sections."""
    api = Api()
    sections = {
        title: [member for module, names in modules.items() for member in api.add(module, *names)]
        for title, modules in SECTIONS.items()
    }
    exported = [(module, name) for module, name in api.exported() if name not in api.members]
    if exported:
        sections["More"] = [member for module, name in exported for member in api.add(module, name)]
    return api, sections


class Page:
    """Writes parts of the page; knows what can be linked to."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def members(self, members: Iterable[Member]) -> str:
        """Classes, functions and constants."""
        return "\n".join(self._top(member) for member in members)

    def javascript(self, groups: Iterable[Group]) -> str:
        """The names of the JavaScript client, and where they are here."""
        return "\n".join(
            f"<h3>{group.title}</h3>"
            + table(
                ("JavaScript", "Python", "Remarks"),
                [
                    (
                        code(row.js),
                        ", ".join(self._to(path) for path in row.counterparts) or "none",
                        escape(row.note),
                    )
                    for row in group.rows
                ],
            )
            for group in groups
        )

    def _top(self, member: Member) -> str:
        kind = "class " if member.kind == "class" else ""
        parts = [f'<h3 id="{member.path}">{kind}<code>{member.path}</code>{javascript_name(member)}</h3>']
        parts += [self._body(member)]
        fields = [each for each in member.members if each.kind == "value"]
        methods = [each for each in member.members if each.kind != "value"]
        if member.path == "RTVIEvent":
            parts.append(self._events(fields))
        elif fields:
            parts.append("<dl>" + "".join(self._field(each) for each in fields) + "</dl>")
        if len(methods) > 8:
            links = " ".join(f'<li><a href="#{each.path}">{each.name}</a></li>' for each in methods)
            parts.append(f'<ul class="index" aria-label="Members of {member.path}">{links}</ul>')
        parts += [
            f'<div class="member"><h4 id="{each.path}"><code>{each.name}</code>'
            f"{javascript_name(each)}</h4>{self._body(each)}</div>"
            for each in methods
        ]
        if inherited := list(self._api.inherited(member)):
            links = ", ".join(self._to(each.path, each.name) for each in inherited)
            parts.append(f'<p class="inherited">Inherited: {links}</p>')
        return f'<article class="card">{"".join(parts)}</article>'

    def _body(self, member: Member) -> str:
        docs = member.docs
        parts = [f"<pre>{self._linked(signature, member.name)}</pre>" for signature in member.signatures]
        parts.append(self._html(docs.text, member))
        if docs.args:
            parts.append(f"<dl>{''.join(self._argument(entry, member) for entry in docs.args)}</dl>")
        if docs.returns:
            parts.append(f'<p class="label">Returns</p>{self._html(docs.returns, member)}')
        if docs.raises:
            rows = (
                f"<dt><code>{self._linked(entry.names)}</code></dt><dd>{self._html(entry.text, member)}</dd>"
                for entry in docs.raises
            )
            parts.append(f'<p class="label">Raises</p><dl>{"".join(rows)}</dl>')
        return "".join(parts)

    def _argument(self, entry: Entry, member: Member) -> str:
        names = ", ".join(f'<code id="{member.path}:{name}">{name}</code>' for name in entry.names.split(", "))
        return f"<dt>{names}</dt><dd>{self._html(entry.text, member)}</dd>"

    def _field(self, member: Member) -> str:
        (signature,) = member.signatures
        text = self._html(member.docs.text, member)
        return f'<dt id="{member.path}"><code>{self._linked(signature)}</code></dt><dd>{text}</dd>'

    def _events(self, constants: Iterable[Member]) -> str:
        rows = []
        for constant in constants:
            event = next(event for event in EVENTS.values() if constant_of(event) == constant.path)
            annotation = re.search(r"Event\[(.*)\]\]", constant.signatures[0])
            gets = annotation[1] if annotation and annotation[1] != "()" else ""
            rows.append(
                (
                    f'<code id="{constant.path}">{constant.name}</code><br><small>{code(event)}</small>',
                    f"{code(event.callback)}<br><small>{code(event.js_callback)}</small>",
                    f"<code>{self._linked(gets)}</code>" if gets else "nothing",
                    code(event.wire) if event.wire else "none",
                )
            )
        lead = "<p>Beneath each name is how JavaScript writes it, which is accepted too.</p>"
        return lead + table(("Event", "Callback", "Handlers get", "Message"), rows)

    def _html(self, text: str, member: Member) -> str:
        return to_html(text, lambda name: self._address(name, member), member.path) if text else ""

    def _address(self, name: str, member: Member) -> str | None:
        """The place that a name in a docstring links to: a sibling, a member, or anything else."""
        owner = member.path.partition(".")[0]
        found = self._api.find(f"{owner}.{name}") or self._api.find(name)
        return f"#{found.path}" if found else None

    def _to(self, path: str, text: str = "") -> str:
        path, _, argument = path.partition(":")
        member = self._api.find(path)
        if member is None:
            raise BuildError(f"the reference page has no {path!r}")
        if argument:
            return f'<a href="#{member.path}:{argument}"><code>{text or f"{path}({argument}=…)"}</code></a>'
        return f'<a href="#{member.path}"><code>{text or path}</code></a>'

    def _linked(self, source: str, besides: str = "") -> str:
        """A piece of Python with links to the classes that it names."""

        def link(found: re.Match[str]) -> str:
            name = found[0]
            return f'<a href="#{name}">{name}</a>' if name in self._api.members and name != besides else name

        return re.sub(r"\b[A-Z]\w+\b", link, escape(source, quote=False))


def javascript_name(member: Member) -> str:
    names = ", ".join(map(code, member.docs.mirrors))
    return f" <small>JavaScript: {names}</small>" if names else ""


def code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. On a narrow screen each row is a block: the roles keep it a table, the labels stand for the heads."""
    head = "".join(f'<th role="columnheader" scope="col">{text}</th>' for text in heads)
    body = "".join(
        '<tr role="row">'
        + "".join(
            f'<td role="cell" data-label="{text}">{cell}</td>' for text, cell in zip(heads, row, strict=True) if cell
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<table role="table"><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )

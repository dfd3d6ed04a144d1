"""Docstrings in their parts, and these as HTML.

A docstring here is reStructuredText with Google's sections: `Args:`, `Attributes:`, `Returns:`, `Raises:`.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser, roles
from docutils.utils import SystemMessage, new_document
from docutils.writers.html5_polyglot import HTMLTranslator, Writer
from paths import BuildError

HEADING = re.compile(r"(Args|Attributes|Returns|Raises):\n", re.MULTILINE)
MIRRORS = re.compile(r"\s*Mirrors ``([^`(]+)(?:\(\))?``(\.(?=\s|$))?")


class Entry(NamedTuple):
    """What a section says of one name, or of several together."""

    names: str
    text: str


class Docs(NamedTuple):
    """A docstring in its parts, each text in reStructuredText; `mirrors` is what JavaScript calls it."""

    text: str = ""
    args: tuple[Entry, ...] = ()
    attributes: tuple[Entry, ...] = ()
    returns: str = ""
    raises: tuple[Entry, ...] = ()
    mirrors: tuple[str, ...] = ()


def parse(docstring: str) -> Docs:
    """A docstring in its parts; a sentence that says no more than what it mirrors is left out of the text."""
    paragraphs: list[str] = []
    sections = {"Args": "", "Attributes": "", "Returns": "", "Raises": ""}
    for block in re.split(r"\n\n(?! )", inspect.cleandoc(docstring)):
        if heading := HEADING.match(block):
            sections[heading[1]] = block[heading.end() :]
        else:
            paragraphs.append(block)
    text = "\n\n".join(paragraphs)
    return Docs(
        MIRRORS.sub(lambda found: "" if found[2] else found[0], text),
        tuple(_entries(sections["Args"])),
        tuple(_entries(sections["Attributes"])),
        inspect.cleandoc(sections["Returns"]),
        tuple(_entries(sections["Raises"])),
        tuple(found[1] for found in MIRRORS.finditer(text)),
    )


def _entries(section: str) -> Iterator[Entry]:
    for entry in re.split(r"\n(?! )", inspect.cleandoc("\n" + section)):
        if entry:
            names, _, text = entry.partition(":")
            yield Entry(names, inspect.cleandoc(text))


Link = Callable[[str], str | None]
"""From a name in a docstring, such as ``"get_config"``, to the address of what it names."""


def to_html(text: str, link: Link, where: str) -> str:
    """A text of a docstring as HTML.

    Raises:
        BuildError: it is not reStructuredText; names `where` it is.
    """
    document = new_document(where, _SETTINGS)
    document.settings.link = link
    try:
        Parser().parse(text, document)
    except SystemMessage as error:
        raise BuildError(f"the docstring of {where} is not reStructuredText: {error}") from None
    translator = _Translator(document)
    document.walkabout(translator)
    return "".join(translator.body).strip()


class _Translator(HTMLTranslator):
    """docutils' own, with `<code>` for literals and a `<pre>` that the keyboard can scroll."""

    def visit_document(self, node: nodes.document) -> None:
        return

    def depart_document(self, node: nodes.document) -> None:
        return

    def visit_literal(self, node: nodes.literal) -> None:
        self.body.append(f"<code>{self.encode(node.astext())}</code>")
        raise nodes.SkipNode

    def visit_literal_block(self, node: nodes.literal_block) -> None:
        self.body.append(f'<pre tabindex="0">{self.encode(node.astext())}</pre>\n')
        raise nodes.SkipNode


def _reference(
    role: str, rawtext: str, text: str, lineno: int, inliner: Any, options: object = None, content: Sequence[str] = ()
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """``:meth:`connect``` and the like: a link, if the page has what it names."""
    name = text.rpartition(".")[2] if text.startswith("~") else text
    code = nodes.literal(rawtext, name)
    address = inliner.document.settings.link(name)
    return [nodes.reference(rawtext, "", code, refuri=address) if address else code], []


for _role in ("attr", "class", "func", "meth", "mod"):
    roles.register_local_role(_role, cast("Any", _reference))  # its stubs allow references only

_SETTINGS = get_default_settings(Parser, Writer)
_SETTINGS.report_level, _SETTINGS.halt_level = 5, 2  # quiet, but nothing that is wrong passes
_SETTINGS.file_insertion_enabled = _SETTINGS.raw_enabled = False

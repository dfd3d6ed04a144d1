"""The reference page has every public member, and every name of the JavaScript client has its place on it."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conformance import NAMES, Conformance
from csp import inline_hashes
from docstrings import Docs, Entry, parse, to_html
from paths import STATIC, BuildError
from public_api import Api
from reference import SECTIONS, public_api, reference_page

import rtvi_web
import rtvi_web.realtime
import rtvi_web.transports
from rtvi_web.rtvi.protocol.events import EVENTS

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def api() -> Api:
    return public_api()[0]


class Anchors(HTMLParser):
    """The ids of a page, and the ids that it links to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        if (given.get("href") or "").startswith("#"):
            self.links.add((given["href"] or "")[1:])


@pytest.fixture(scope="module")
def html() -> str:
    return reference_page()


@pytest.fixture(scope="module")
def page(html: str) -> Anchors:
    return Anchors(html)


class TestThePage:
    def test_every_public_member_is_there(self, api: Api, page: Anchors) -> None:
        """As Python sees them: the page is made from the source."""
        paths = {path for cls in public_classes() for path in members_of(cls)}
        assert len(paths) > 300
        found = {path: api.find(path) for path in paths}
        assert sorted(path for path, member in found.items() if member is None) == []
        assert sorted({member.path for member in found.values() if member} - set(page.ids)) == []

    def test_everything_that_is_exported_is_there(self, page: Anchors) -> None:
        exported = {*rtvi_web.__all__, *rtvi_web.transports.__all__, *rtvi_web.realtime.__all__} - {"__version__"}
        assert sorted(exported - set(page.ids)) == []

    def test_the_realtime_client_is_there_with_all_its_members(self, page: Anchors) -> None:
        members = {f"RealtimeClient.{name}" for name in dir(rtvi_web.realtime.RealtimeClient) if name[0] != "_"}
        assert len(members) > 60
        assert sorted(members - set(page.ids)) == []
        assert {"realtime.Conversation", "realtime.Conversation.get_item", "Conversation"} <= set(page.ids)

    def test_every_event_is_there(self, page: Anchors) -> None:
        constants = {f"RTVIEvent.{name}" for name in vars(rtvi_web.RTVIEvent) if name.isupper()}
        assert len(constants) == len(EVENTS)
        assert constants <= set(page.ids)

    def test_no_link_leads_nowhere(self, page: Anchors) -> None:
        assert sorted(page.links - set(page.ids)) == []
        assert len(page.ids) == len(set(page.ids))

    def test_it_runs_no_script(self, page: Anchors, html: str) -> None:
        assert "script" not in page.tags
        assert "style" not in page.tags
        assert inline_hashes(html) == []
        assert " style=" not in html

    def test_pages_link_to_it(self) -> None:
        assert 'href="reference.html"' in (STATIC / "index.html").read_text()


class TestTheNamesOfJavaScript:
    def test_each_has_a_counterpart_or_a_reason(self, api: Api) -> None:
        conformance = Conformance(api)
        assert conformance.problems == []
        assert sum(len(group.rows) for group in conformance.groups) > 300
        for group in conformance.groups:
            assert len(group.rows) == len({row.js for row in group.rows}), group.title

    def test_a_name_that_a_docstring_mirrors_must_be_in_the_file(self, api: Api, tmp_path: Path) -> None:
        names = tmp_path / "names.toml"
        names.write_text(NAMES.read_text().replace('"sendText", ', ""))
        problems = Conformance(api, names).problems
        assert "sendText of RTVIClient.send_text is in no group" in problems
        assert not any("startBot " in problem for problem in problems)

    @pytest.mark.parametrize(
        ("group", "problem"),
        [
            ('find = "member of RTVIClient"\nnames = ["fly"]', "fly has neither a counterpart nor a reason"),
            ('find = "callback"\nnames = ["onFly"]', "onFly has neither a counterpart nor a reason"),
            ('find = "event"\nnames = ["flew"]', "flew has neither a counterpart nor a reason"),
            ('find = "inbound"\nnames = ["bot-flew"]', "bot-flew has neither a counterpart nor a reason"),
            ('find = "outbound"\nnames = ["fly"]', "fly has neither a counterpart nor a reason"),
            ('find = "export"\nnames = ["Fly"]', "Fly has neither a counterpart nor a reason"),
            (
                'find = "field"\nnames = ["Participant.wings"]',
                "Participant.wings has neither a counterpart nor a reason",
            ),
            ('find = "argument of RTVIClient"\nnames = ["wings"]', "wings has neither a counterpart nor a reason"),
            (
                'find = "export"\nnames = ["Fly"]\nsee.Fly = "RTVIClient.fly"',
                "Fly is said to be RTVIClient.fly, which does not exist",
            ),
            (
                'find = "export"\nnames = ["Fly"]\nsee.Fly = "RTVIClient:wings"',
                "Fly is said to be RTVIClient:wings, which does not exist",
            ),
            (
                'find = "member of RTVIClient"\nnames = ["connect"]\nabsent.connect = "No."',
                "connect is said to be absent, but is RTVIClient.connect",
            ),
            ('find = "export"\nnames = []\nnote.Fly = "High."', "Fly is not a name of this group"),
        ],
    )
    def test_a_javascript_name_without_a_counterpart_is_noticed(
        self, api: Api, tmp_path: Path, group: str, problem: str
    ) -> None:
        names = tmp_path / "names.toml"
        names.write_text(f'[[group]]\ntitle = "Test"\n{group}\n')
        found = [text for text in Conformance(api, names).problems if text.startswith("Test: ")]
        assert len(found) == 1
        assert problem in found[0]

    def test_the_page_is_not_made_if_a_name_has_no_counterpart(self, tmp_path: Path) -> None:
        names = tmp_path / "names.toml"
        names.write_text(NAMES.read_text() + '\n[[group]]\ntitle = "Test"\nfind = "event"\nnames = ["flew"]\n')
        with pytest.raises(BuildError, match="flew has neither a counterpart nor a reason"):
            reference_page(names)


class TestDocstrings:
    def test_its_parts(self) -> None:
        docs = parse(
            """Do it. Mirrors ``doIt()``.

            In two ways::

                one

            Args:
                first, second: what to do,
                    and how.
                third: ``{"a": 1}``.

            And then.

            Returns:
                :class:`It`: done.

            Raises:
                OneError, TwoError: it failed.
            """
        )
        assert docs == Docs(
            text="Do it.\n\nIn two ways::\n\n    one\n\nAnd then.",
            args=(Entry("first, second", "what to do,\nand how."), Entry("third", '``{"a": 1}``.')),
            returns=":class:`It`: done.",
            raises=(Entry("OneError, TwoError", "it failed."),),
            mirrors=("doIt",),
        )

    def test_a_sentence_that_says_more_than_what_is_mirrored_stays(self) -> None:
        docs = parse("Do it. Mirrors ``doIt()``; but better.")
        assert (docs.text, docs.mirrors) == ("Do it. Mirrors ``doIt()``; but better.", ("doIt",))

    def test_roles_are_links_where_they_can_be(self) -> None:
        html = to_html("See :meth:`do_it`, :mod:`x` and ``<b>``.", {"do_it": "#A.do_it"}.get, "test")
        link = '<a class="reference external" href="#A.do_it"><code>do_it</code></a>'
        assert html == f"<p>See {link}, <code>x</code> and <code>&lt;b&gt;</code>.</p>"

    @pytest.mark.parametrize("text", ["An ``open literal", ":nonsense:`x`"])
    def test_a_broken_docstring_fails_the_build_by_name(self, text: str) -> None:
        with pytest.raises(BuildError, match=r"the docstring of RTVIClient\.do_it"):
            to_html(text, lambda name: None, "RTVIClient.do_it")


def public_classes() -> Iterator[type]:
    """The classes that the page should have."""
    for module, names in ((module, names) for modules in SECTIONS.values() for module, names in modules.items()):
        imported = importlib.import_module(f"rtvi_web.{module}")
        for name, value in vars(imported).items():
            defined = inspect.isclass(value) and value.__module__ == imported.__name__
            if defined and (name in names or not (names or name.startswith("_"))):
                yield value
    yield from (value for value in map(vars(rtvi_web).get, rtvi_web.__all__) if inspect.isclass(value))


def members_of(cls: type) -> Iterator[str]:
    """The paths of a class's public members, inherited ones too, and its own."""
    path = "realtime.Conversation" if cls is rtvi_web.realtime.Conversation else cls.__name__  # of two, the second
    yield path
    for base in cls.__mro__:
        if base.__module__.startswith("rtvi_web."):
            for name in {**vars(base), **getattr(base, "__annotations__", {})}:
                if not name.startswith("_") and name != "model_config" and not re.fullmatch("model_.*", name):
                    yield f"{path}.{name}"

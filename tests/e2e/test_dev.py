"""`make dev`: a saved page or module shows in the open page, which loads itself again."""

import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Visit
from servers import free_port

WITHIN = 2.0
"""Seconds from saving a file until the page shows the change, the start of Python included."""
ATTEMPTS = 10  # one has to be that quick: the machine may be busy
PAGE = """<!doctype html>
<html lang="en">
<head><title>probe</title><link rel="icon" href="data:,"><script type="module" src="loader.js"></script></head>
<body><h1>0</h1><p id="version"></p>
<script type="py">
from js import document
from rtvi_web import RTVIClient, __version__
document.getElementById("version").textContent = __version__
</script>
</body>
</html>
"""


class Sources:
    """Copies of static/ and rtvi_web/, and the address where `make dev` serves them."""

    def __init__(self, folder: Path) -> None:
        self.static, self.package = folder / "static", folder / "rtvi_web"
        shutil.copytree(ROOT / "static", self.static)
        shutil.copytree(ROOT / "rtvi_web", self.package, ignore=shutil.ignore_patterns("__pycache__"))
        self.page, self.version = self.static / "probe.html", self.package / "_version.py"
        self.page.write_text(PAGE)
        (self.static / "bare.html").write_text("<p>A page without a head</p>")
        self.url = ""
        self.output: Iterator[str] = iter(())

    @property
    def command(self) -> list[str]:
        folders = ["--static", str(self.static), "--package", str(self.package)]
        return [sys.executable, str(ROOT / "build" / "dev.py"), "--port", str(free_port()), *folders]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    sources = Sources(tmp_path_factory.mktemp("sources"))
    with subprocess.Popen(sources.command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = next(filter(None, (re.search(r"http://\S+", line) for line in process.stdout)), None)
            assert found, "no address was printed"
            sources.url, sources.output = found[0], process.stdout
            yield sources
        finally:
            process.terminate()
            assert process.stdout is not None
            assert process.stdout.read().endswith("The bot has ended.\n")


@pytest.mark.alone
@pytest.mark.parametrize("what", ["a page", "the package"])
def test_a_saved_change_shows_by_itself(sources: Sources, visit: Visit, what: str) -> None:
    page = visit(f"{sources.url}probe.html", permissions=[])
    version = page.locator("#version", has_text=re.compile("."))
    version.wait_for()
    times = []
    for attempt in range(1, ATTEMPTS + 1):
        text = f"{attempt}.0.{len(what)}"
        if what == "a page":
            sources.page.write_text(PAGE.replace("<h1>0</h1>", f"<h1>{text}</h1>"))
        else:
            sources.version.write_text(f'__version__ = "{text}"\n')
        saved = time.monotonic()
        page.locator("h1, #version", has_text=text).wait_for()
        version.wait_for()
        times.append(time.monotonic() - saved)
        if times[-1] < WITHIN:
            return
    pytest.fail(f"seconds until a change was seen: {times}")


def test_all_pages_follow_their_sources(sources: Sources) -> None:
    pages = [path.name for path in sources.static.glob("*.html")]
    assert {"index.html", "realtime.html", "bare.html"} < set(pages)
    for name in [*pages, "plain.html"]:
        with urllib.request.urlopen(sources.url + name) as page:
            assert page.read().count(b'<script type="module" src="live.js?') == 1


def test_a_page_that_cannot_be_made_is_reported_and_ends_nothing(sources: Sources, visit: Visit) -> None:
    index = sources.static / "index.html"
    text = index.read_text()
    page = visit(f"{sources.url}probe.html", permissions=[])
    index.write_text(text.replace("pyscript/core.js", "nothing.js"))
    assert any("static/index.html must load PyScript once" in line for line in sources.output)
    index.write_text(text)
    sources.page.write_text(PAGE.replace("<h1>0</h1>", "<h1>mended</h1>"))
    page.locator("h1", has_text="mended").wait_for()


@pytest.mark.parametrize("path", ["", "live-changes", "status", "start"])
def test_a_foreign_host_name_is_refused(sources: Sources, path: str) -> None:
    request = urllib.request.Request(sources.url + path, headers={"Host": "rebound.example"})
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        urllib.request.urlopen(request)
    refused.value.close()

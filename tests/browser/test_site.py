"""dist/ as it is served: under a sub-path, under the strict policy, with no request to any other host."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from downloads import npm_packages
from paths import BUILD, DIST
from playwright.sync_api import Page, Route, expect
from serve import serve, site

PREFIX = "/a/project/page/"
BOOT_TIMEOUT_MS = 90_000

PAGE = """<!doctype html><title>test</title><link rel="icon" href="data:,"><p id="result"></p>
<script type="module">
import {{ loadPyodide }} from "../pyodide/pyodide.mjs";
const pyodide = await loadPyodide({options});
document.getElementById("result").textContent = await pyodide.runPythonAsync(`{python}`);
</script>"""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """dist/ under a sub-path; what the test writes to `tmp_path` is served beside it, under more/."""
    with serve(tmp_path, f"{PREFIX}more/", app=site(None, DIST, PREFIX)) as url:
        yield url.removesuffix("more/")


@pytest.fixture
def page(playwright_browsers: dict[str, Any], url: str) -> Iterator[Page]:
    """A page in a fresh profile, closed before the server; it may have asked no other host for anything."""
    hosts: set[str] = set()
    context = playwright_browsers["chrome"].new_context()
    context.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    yield context.new_page()
    context.close()
    assert len(hosts) == 1, hosts


def expect_result(page: Page, text: str) -> None:
    expect(page.locator("#result")).to_have_text(text, timeout=BOOT_TIMEOUT_MS)


def test_load_pyodide_with_rtvi_web_is_all_it_takes(page: Page, url: str, tmp_path: Path) -> None:
    python = "import rtvi_web; rtvi_web.RTVIClient.__name__"
    (tmp_path / "page.html").write_text(PAGE.format(options='{packages: ["rtvi-web"]}', python=python))
    page.goto(f"{url}more/page.html")
    expect_result(page, "RTVIClient")


def test_micropip_installs_the_plain_wheel(page: Page, url: str, tmp_path: Path) -> None:
    (wheel,) = (DIST / "wheels").glob("rtvi_web-*.whl")  # beside the console's, after make wheels
    python = f"""
import micropip
await micropip.install("{url}wheels/{wheel.name}")
import inspect, rtvi_web
inspect.getsource(rtvi_web)[:3] + rtvi_web.RTVIClient.__name__
"""
    (tmp_path / "page.html").write_text(PAGE.format(options='{packages: ["micropip"]}', python=python))
    page.goto(f"{url}more/page.html")
    expect_result(page, '"""RTVIClient')  # with its source: it is the plain wheel, not the compiled one


@pytest.mark.parametrize("name", ["index.html", "plain.html"])
def test_the_page_starts_with_and_without_pyscript(page: Page, url: str, name: str) -> None:
    held: list[Route] = []
    page.route("**/pyodide.asm.wasm", lambda route: held.append(route))  # It cannot start before anybody has looked.
    page.goto(url + name, wait_until="commit")
    expect(page.locator("[data-boot] progress")).to_be_visible(timeout=BOOT_TIMEOUT_MS)
    for route in held:
        route.continue_()
    page.unroute("**/pyodide.asm.wasm")  # after, as it continues what is still held
    expect(page.locator("[data-boot]")).to_be_hidden(timeout=BOOT_TIMEOUT_MS)
    expect(page.locator(".py-error")).to_have_count(0)


@pytest.mark.parametrize("name", ["index.html", "plain.html"])
def test_a_file_that_cannot_be_loaded_is_named_on_the_page(page: Page, url: str, name: str) -> None:
    page.route("**/pyodide.asm.wasm", lambda route: route.fulfill(status=404))
    page.goto(url + name)
    label = page.locator("[data-boot] label")
    expect(label).to_contain_text("Python could not start", timeout=BOOT_TIMEOUT_MS)
    expect(label).to_contain_text("pyodide.asm.wasm", timeout=BOOT_TIMEOUT_MS)


def test_a_broken_connection_is_told_on_the_page(page: Page, url: str) -> None:
    page.route("**/pyodide.asm.wasm", lambda route: route.abort())
    page.goto(f"{url}plain.html")
    expect(page.locator("[data-boot] label")).to_contain_text("Python could not start", timeout=BOOT_TIMEOUT_MS)


def test_the_lock_and_the_files_agree() -> None:
    packages = json.loads((DIST / "pyodide/pyodide-lock.json").read_text())["packages"]
    assert {"rtvi-web", "pydantic", "pydantic-core", "micropip"} <= set(packages)
    assert "pytest" not in packages
    for package in packages.values():
        data = (DIST / "pyodide" / package["file_name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == package["sha256"]
    wheels = {path.relative_to(DIST / "pyodide").as_posix() for path in (DIST / "pyodide").rglob("*.whl")}
    assert wheels == {each["file_name"] for each in packages.values()}


def test_the_standard_library_is_whole() -> None:
    stock = npm_packages(BUILD / "npm" / "site") / "pyodide" / "python_stdlib.zip"
    with zipfile.ZipFile(stock) as theirs, zipfile.ZipFile(DIST / "pyodide/python_stdlib.zip") as ours:
        modules = {name for name in theirs.namelist() if name.endswith(".py")}
        assert len(modules) > 500
        assert {f"{name}c" for name in modules} <= set(ours.namelist())
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in ours.infolist())

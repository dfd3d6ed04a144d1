"""mount(): a face in an app, whose own routes stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from fastapi import FastAPI, WebSocket
from hypothesis import given
from hypothesis import strategies as st
from rtvi_web_console import Face, Options, mount
from rtvi_web_console.carried import CarriedSite
from sites import Bot, carried_site
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.testclient import TestClient

from rtvi_web.core.checks import join_url


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> CarriedSite:
    return carried_site(tmp_path_factory.mktemp("site"))


class Runner:
    """An app like that of Pipecat's runner, whose routes come after mount()."""

    def __init__(self, **options: Any) -> None:
        self.happened: list[str] = []
        self.app = FastAPI(lifespan=self.lifespan, **options)

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        self.happened.append("startup")
        yield
        self.happened.append("shutdown")

    def add_routes(self) -> None:
        self.app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)

        @self.app.get("/")
        async def root() -> str:
            return "the runner's root"

        @self.app.post("/start")
        async def start() -> dict[str, str]:
            return {"sessionId": "1"}

        @self.app.get("/{path:path}")
        async def catch_all(path: str) -> str:
            return f"caught {path}"

        @self.app.websocket("/face/ws")
        async def socket(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text("the runner's socket")
            await websocket.close()


def test_an_app_of_fastapi_is_changed_in_place_and_keeps_its_routes(site: CarriedSite) -> None:
    runner = Runner()
    assert mount(runner.app, site=site) is runner.app
    runner.add_routes()
    with TestClient(runner.app) as browser:
        assert browser.get("/").json() == "the runner's root"
        assert browser.post("/start").json() == {"sessionId": "1"}
        assert browser.get("/faces").json() == "caught faces"
        page = browser.get("/face/")
        assert "<title>Talk to the bot</title>" in page.text
        assert browser.get("/face/missing.js").status_code == 404, "not what catches everything else"
        with browser.websocket_connect("/face/ws") as socket:
            assert socket.receive_text() == "the runner's socket"
    assert runner.happened == ["startup", "shutdown"]


def test_the_files_are_public_whatever_rules_the_app_has_for_others(site: CarriedSite) -> None:
    runner = Runner()
    mount(runner.app, site=site)
    runner.add_routes()
    with TestClient(runner.app, cookies={"session": "1"}) as browser:
        asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
        for answer in (
            browser.get("/face/loader.js", headers=asked),
            browser.options("/face/loader.js", headers=asked),
        ):
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in answer.headers
        assert browser.get("/", headers=asked).headers["Access-Control-Allow-Credentials"] == "true"


def test_the_page_comes_ahead_of_routes_that_were_there_before(site: CarriedSite) -> None:
    everything = PlainTextResponse("everything")
    app = Starlette(routes=[Mount("/", app=everything)])
    mount(app, site=site)
    browser = TestClient(app)
    assert "<title>" in browser.get("/face/").text
    assert browser.get("/face").history[0].status_code == 307
    assert browser.get("/").text == "everything"


def test_any_other_app_is_wrapped_and_gets_sockets_and_lifespan(site: CarriedSite) -> None:
    bot = Bot()
    app = mount(bot, site=site)
    assert app is not bot
    with TestClient(app) as browser:
        assert "<title>" in browser.get("/face/").text
        assert browser.get("/").text == "bot GET /"
        assert browser.post("/start").text == "bot POST /start"
        with browser.websocket_connect("/face/ws") as socket:
            assert socket.receive_text() == "bot /face/ws"
    assert bot.asked == ["lifespan", "http", "http", "websocket"]


@pytest.mark.parametrize("make", [FastAPI, Starlette])
def test_two_calls_mount_once(site: CarriedSite, make: type[Starlette]) -> None:
    app = make()
    mount(app, title="one", site=site)
    mount(app, title="two", site=site)
    mount(app, path="face/", title="two", site=site)
    assert mount(app, title="two", site=site) is app
    assert "<title>two</title>" in TestClient(app).get("/face/").text
    assert isinstance(app.middleware_stack, Face)
    assert not isinstance(app.middleware_stack.app, Face)
    assert mount(app, title="two", site=site) is app, "it has started, and nothing changes"


def test_two_calls_wrap_once(site: CarriedSite) -> None:
    app = mount(Bot(), title="one", site=site)
    assert mount(app, title="two", site=site) is app
    assert "<title>two</title>" in TestClient(app).get("/face/").text


@pytest.mark.parametrize("make", [FastAPI, Bot])
def test_the_second_call_replaces_the_site_too(site: CarriedSite, make: type[Any], tmp_path: Path) -> None:
    other = carried_site(tmp_path, {"loader.js": b"other"})
    app = mount(make(), site=site)
    assert mount(app, site=other) is app
    browser = TestClient(app)
    assert browser.get("/face/loader.js").text == "other"
    assert mount(app, site=other) is app, "it has started, and nothing changes"
    for changed in ({"site": site}, {"site": other, "title": "two"}, {"site": other, "path": "/new"}):
        with pytest.raises(RuntimeError, match="before the server starts"):
            mount(app, **changed)
    assert browser.get("/face/loader.js").text == "other"


def test_an_app_may_have_two_faces(site: CarriedSite) -> None:
    for app in (FastAPI(), Bot()):
        both = mount(mount(app, title="one", site=site), path="/other", title="two", site=site)
        browser = TestClient(both)
        assert "<title>one</title>" in browser.get("/face/").text
        assert "<title>two</title>" in browser.get("/other/").text


def test_too_late_is_said_with_what_to_do(site: CarriedSite) -> None:
    app = FastAPI()
    with TestClient(app), pytest.raises(RuntimeError, match=r"before the server starts .*before main\(\)"):
        mount(app, site=site)


def test_what_is_no_app_is_refused(site: CarriedSite) -> None:
    with pytest.raises(TypeError, match="needs an ASGI app"):
        mount("bot:app", site=site)  # type: ignore[type-var]


@pytest.mark.parametrize("path", ["/face", "/a/b/face/", "face", "/"])
def test_it_works_under_any_path(site: CarriedSite, path: str) -> None:
    browser = TestClient(mount(Bot(), path=path, site=site))
    folder = f"/{path.strip('/')}/".replace("//", "/")
    page = browser.get(folder)
    assert "<title>" in page.text
    assert browser.get(f"{folder}loader.js").status_code == 200
    assert browser.post("/start").text == "bot POST /start"
    assert browser.get("/api/offer").text == "bot GET /api/offer"


def start_address(page: str, address: str) -> str:
    """Where a page at an address starts its bot."""
    [text] = re.findall(r'id="settings">(.*?)</script>', page)
    found = json.loads(text)
    return urljoin(address, join_url(found["base_url"], found["endpoint"]))


@pytest.mark.parametrize("path", ["/face", "/a/b", "/"])
@pytest.mark.parametrize("prefix", ["", "/behind", "/behind/two"])
def test_the_start_endpoint_is_worked_out_behind_a_prefix(site: CarriedSite, path: str, prefix: str) -> None:
    folder = f"{path.rstrip('/')}/"
    for app, root_path in ((mount(Bot(), path=path, site=site), prefix), (Starlette(), "")):
        if isinstance(app, Starlette):  # what a proxy adds, an outer app may add as well
            app.router.routes.append(Mount(prefix, app=mount(Bot(), path=path, site=site)))
        page = TestClient(app, root_path=root_path).get(f"{prefix}{folder}")
        assert "<title>" in page.text
        assert start_address(page.text, f"https://host{prefix}{folder}") == f"https://host{prefix}/start"


def test_the_folder_without_its_slash_leads_to_it_behind_a_prefix_too(site: CarriedSite) -> None:
    app = mount(Bot(), path="/a/face", site=site)
    answer = TestClient(app, follow_redirects=False).get("/a/face?x=1&y=é")
    assert answer.status_code == 307
    assert urljoin("https://host/behind/a/face", answer.headers["Location"]).startswith(
        "https://host/behind/a/face/?x=1&y="
    )


@pytest.mark.filterwarnings("ignore:The `root_path` parameter is deprecated")
def test_a_prefix_that_is_only_in_the_app_is_known(site: CarriedSite) -> None:
    runner = Runner(root_path="/behind")
    mount(runner.app, site=site)
    for path in ("/face/", "/behind/face/"):  # the proxy takes the prefix away, or leaves it
        assert "<title>" in TestClient(runner.app).get(path).text


@pytest.mark.parametrize("path", ["/a//b", "/a/../b", "/.", "/a b", "/a?b", "/é", "/<b>"])
def test_a_path_that_is_none_is_refused(site: CarriedSite, path: str) -> None:
    with pytest.raises(ValueError, match="is not a path"):
        mount(Bot(), path=path, site=site)


@given(st.text())
def test_a_path_is_refused_or_a_folder(path: str) -> None:
    try:
        folder = Options.of(path=path).path
    except ValueError:
        return
    assert folder == "" or (folder.startswith("/") and not folder.endswith("/") and "//" not in folder)
    assert urljoin("https://host/", folder) == f"https://host{folder or '/'}"


@pytest.mark.parametrize("value", [None, 5, b"/x"])
@pytest.mark.parametrize("name", ["path", "start", "transport", "title", "connect", "frame"])
def test_an_option_of_another_type_is_refused_at_once(name: str, value: Any) -> None:
    given: Any = {name: [value] if name in ("connect", "frame") else value}
    with pytest.raises(TypeError, match=f"^{name} "):
        Options.of(**given)


@pytest.mark.parametrize(
    "start", ["", "/", "//elsewhere/start", "ftp://a/start", "https://", "ws://a/start", "http://a:0/"]
)
def test_a_start_endpoint_that_is_none_is_refused(start: str) -> None:
    with pytest.raises(ValueError, match=r"start=|not an origin"):
        Options.of(start=start)


def test_a_start_endpoint_with_a_user_name_is_refused_without_showing_it() -> None:
    with pytest.raises(ValueError, match="browsers refuse") as raised:
        Options.of(start="https://user:s3cret@bots.example/start")
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("start", "address"),
    [
        ("https://bots.example/v1/start?a=/b", "https://bots.example/v1/start?a=/b"),
        ("https://bots.example", "https://bots.example/"),
        ("https://bots.example?a=1", "https://bots.example/?a=1"),
    ],
)
def test_a_start_endpoint_elsewhere_stays_as_it_is(site: CarriedSite, start: str, address: str) -> None:
    page = TestClient(mount(Bot(), start=start, site=site)).get("/face/")
    assert start_address(page.text, "https://host/face/") == address
    policy = page.headers["Content-Security-Policy"]
    assert "connect-src 'self' https://bots.example wss://bots.example;" in policy


@pytest.mark.parametrize(
    ("transport", "hint"), [("web-rtc", "'webrtc'"), ("websockets", "'websocket'"), ("x", "one of")]
)
def test_an_unknown_transport_is_refused(transport: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"{hint}"):
        Options.of(transport=transport)


def test_what_a_person_writes_is_text_on_the_page(site: CarriedSite) -> None:
    app = mount(Bot(), title="</title><script>alert()</script>", start="/start?</script><b>", site=site)
    page = TestClient(app).get("/face/")
    assert "<script>alert" not in page.text
    assert "<b>" not in page.text
    assert start_address(page.text, "https://host/face/").endswith("/start?</script><b>")


def test_a_script_is_found_beside_the_file_that_mounts(
    site: CarriedSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = mount(Bot(), script="sites.py", site=site)
    assert 'src="own/sites.py"' in TestClient(app).get("/face/").text

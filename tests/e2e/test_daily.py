"""DailyTransport in a page with a strict Content-Security-Policy: the real daily-js, and a call machine of ours."""

from conftest import Visit
from csp import policy
from daily_files import daily_files
from in_page import InPagePython
from local_bot import LocalBot
from playwright.sync_api import Page, Route

SESSION = """
from rtvi_web.browser import _js
from rtvi_web.transports import DailyTransport

room, scope = js.dailyRoom, _js.Scope()

def answer(event):
    message = json.loads(js.JSON.stringify(event.detail.data))
    if message["type"] == "client-ready":
        data = {"version": "2.2.0"}
        room.say(_js.plain({"label": "rtvi-ai", "type": "bot-ready", "id": message["id"], "data": data}), "bot-1")

scope.listen(room, "sent", answer)
context = js.AudioContext.new()
room.join("bot-1", "Pipecat", _js.plain({"audio": context.createMediaStreamDestination().stream.getAudioTracks()[0]}))

async def start(params, timeout, abort):
    return {"room_url": "https://example.daily.co/room", "token": "t"}

def new_daily_client(**config):
    config = {"bundlePathOverride": str(js.location.origin) + "/daily", **config}
    return RTVIClient(transport=DailyTransport({"dailyConfig": config}), custom_connect_handler=start, timeout=30)
"""


def page_with_daily(page: Page, site: str) -> InPagePython:
    """An empty page under the policy of our site, with daily-js and what is needed for a session."""
    files = daily_files()

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/javascript", body=files[route.request.url.rpartition("/")[2]])

    page.route("**/daily/*.js", answer)
    in_page = InPagePython(page, site, policy=policy())
    for name in ("daily.js", "room.js"):
        page.add_script_tag(url=f"/daily/{name}")
    in_page.run(SESSION)
    return in_page


def test_a_session_under_a_strict_policy(visit: Visit, bot: LocalBot) -> None:
    in_page = page_with_daily(visit(""), bot.address)
    result = in_page.run(
        """
        client = new_daily_client(avoidEval=True)
        ready = await client.connect()
        result = [ready.version, client.state, room.mic == client.tracks().local.audio]
        await client.disconnect()
        """
    )
    assert result == ["2.2.0", "ready", True]
    in_page.check_released()


def test_a_call_machine_that_the_policy_forbids(visit: Visit, bot: LocalBot) -> None:
    """daily-js evaluates it, unless it is told not to. The policy also forbids its report to Daily's error tracker."""
    in_page = page_with_daily(visit("", allow=("Content Security Policy",)), bot.address)
    failed = in_page.run("result = await failure(new_daily_client().connect())")
    assert (failed["type"], failed["phase"]) == ("TransportStartError", "link")
    assert "Failed to load call object bundle" in failed["text"]
    assert '"avoidEval": True' in failed["text"]
    in_page.check_released()

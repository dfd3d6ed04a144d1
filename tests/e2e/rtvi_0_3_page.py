"""Python in a page, for the servers of RTVI 0.3."""

from collections.abc import Iterator

import pytest
from conftest import Visit
from in_page import InPagePython
from local_bot import LocalBot
from rtvi_0_3_server import Rtvi03Servers

PREPARE = """
CONFIG = [
    {"service": "tts", "options": [{"name": "voice", "value": "alloy"}]},
    {"service": "llm", "options": [{"name": "model", "value": "local"}, {"name": "run_on_config", "value": False}]},
]

def new_client(**params):
    params = {"base_url": BASE, "services": {"llm": "openai"}, "config": CONFIG} | params
    return RTVIClient(transport=SmallWebRTCTransport(), params=params, enable_mic=False)

async def answer_to(client, text, **options):
    '''What the bot says until it has stopped speaking.'''
    llm = client.get_helper("llm") or client.register_helper("llm", LLMHelper())
    words = []
    stop = client.on(RTVIEvent.BOT_LLM_TEXT, lambda piece: words.append(piece.text))
    ended = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=PATIENCE))
    await asyncio.sleep(0)
    await llm.append_to_messages({"role": "user", "content": text}, run_immediately=True)
    await ended
    stop()
    return "".join(words).strip()
"""


@pytest.fixture(name="page")
def open_page(bot: LocalBot, rtvi_0_3_server: Rtvi03Servers, visit: Visit) -> Iterator[InPagePython]:
    """Python in a page, with `new_client()` and `answer_to()`."""
    others = tuple(url.split("/")[2] for url in (rtvi_0_3_server.connect_url, rtvi_0_3_server.bot_url))
    tab = visit(
        "",
        permissions=["microphone", "local-network-access"],
        # RTVI 0.3 bots have no PATCH, some tests ask what is refused, and some documents use names of old.
        allow=("405", "404 (Not Found)", "400 (Bad Request)", "DeprecationWarning"),
        others=others,
    )
    in_page = InPagePython(tab, bot.address)
    in_page.run(f"BASE = {rtvi_0_3_server.connect_url!r}\n" + PREPARE)
    yield in_page
    in_page.check_released()

"""How many messages a second a callback and a listener handle, ours and the JavaScript client's, in the same page.

`python benchmarks/messages.py` prints the ratio of their rates, and microseconds per message (of batches of 100), and
fails if a goal is missed. Both clients are connected over WebRTC to a peer in the page. Each frame reaches them
as the browser delivers it, as a `message` event of the data channel: the whole path inside the page is measured, but
neither the network nor the creation of the events. The JavaScript client logs nothing (LogLevel.NONE).
"""

import json
import sys
from dataclasses import dataclass, field
from typing import Any

from bench import servers
from figures import Figure, finish, options, paired
from side_by_side import CLIENTS, side_by_side

SMALL, LARGE = 123, 1024  # bytes
MIN_RATIO = {SMALL: 0.03, LARGE: 0.10}
MAX_MICROSECONDS = {SMALL: 15, LARGE: 50}  # per message, the median of batches of 100


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of message, and its names in both clients."""

    type: str
    callback: str
    js_callback: str
    event: str
    size: int
    data: dict[str, Any]
    filler: str  # the field of `data` that is filled up to the size

    def frames(self) -> list[str]:
        """A hundred messages that differ, all of the same size."""
        return [self._frame(number) for number in range(100)]

    def _frame(self, number: int) -> str:
        data = {**self.data, self.filler: f"{number:02} "}
        message = {"label": "rtvi-ai", "type": self.type, "data": data}
        missing = self.size - len(_dumps(message))
        data[self.filler] += ("word " * self.size)[: missing - 1] + "."
        return _dumps(message)


def _dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


_PRODUCTS = [
    {"id": f"p-{n}", "name": "Espresso", "price": {"amount": 12.5 + n, "currency": "EUR"}, "tags": ["hot", "new"],
     "stock": {"shop": n, "store": 40 - n}, "sold_out": False}
    for n in range(5)
]  # fmt: skip
_TTFB = [{"processor": f"OpenAILLMService#{n}", "model": "gpt-4.1", "value": 0.25 + n} for n in range(6)]
KINDS = (
    Kind("bot-llm-text", "on_bot_llm_text", "onBotLlmText", "botLlmText", SMALL, {}, "text"),
    Kind("bot-tts-text", "on_bot_tts_text", "onBotTtsText", "botTtsText", SMALL, {}, "text"),
    Kind("server-message", "on_server_message", "onServerMessage", "serverMessage", SMALL, {"kind": "note"}, "text"),
    Kind(
        "server-message", "on_server_message", "onServerMessage", "serverMessage", LARGE,
        {"kind": "menu", "products": _PRODUCTS}, "text",
    ),
    Kind("metrics", "on_metrics", "onMetrics", "metrics", LARGE, {"ttfb": _TTFB, "processing": _TTFB}, "note"),
)  # fmt: skip


@dataclass
class Result:
    """The result of one client for one kind of message, round by round."""

    rates: list[float] = field(default_factory=list)
    batches: list[float] = field(default_factory=list)  # microseconds per message


Results = dict[tuple[Kind, str], Result]

LISTEN = """async ([who, callbacks, events]) => {
  const handled = await window[who].listen(callbacks, events);
  window[who].session = { channel: clientChannel(), handled };
}"""
FEED = "([who, frames, s]) => feed(window[who].session.channel, frames, window[who].session.handled, s)"


def measure(rounds: int, seconds: float) -> Results:
    """Rounds of both clients in turn."""
    results = {(kind, who): Result() for kind in KINDS for who in CLIENTS}
    events = sorted({kind.event for kind in KINDS})
    callbacks = {
        "ours": sorted({kind.callback for kind in KINDS}),
        "theirs": sorted({kind.js_callback for kind in KINDS}),
    }
    with servers() as url, side_by_side(f"{url}site/", "loopback.js") as page:
        for who in CLIENTS:
            page.evaluate(LISTEN, [who, callbacks[who], events])
        for kind in KINDS:
            for round in range(rounds + 1):
                for who in CLIENTS:
                    fed = page.evaluate(FEED, [who, kind.frames(), seconds])
                    if fed["handled"] != 2 * fed["messages"]:
                        sys.exit(
                            f"{who}: {fed['messages']} {kind.type} messages, but {fed['handled']} calls of handlers"
                        )
                    if round:  # the first warms up
                        results[kind, who].rates.append(fed["rate"])
                        results[kind, who].batches += fed["batches"]
        for who in CLIENTS:
            page.evaluate("who => window[who].end()", who)
    return results


def figures(results: Results) -> list[Figure]:
    """Rates and times of each kind of message."""
    found = []
    for kind in KINDS:
        ours, theirs = (results[kind, who] for who in CLIENTS)
        name = f"{kind.type} of {kind.size} bytes"
        found += [
            Figure(f"{name}", ours.batches, "µs", most=MAX_MICROSECONDS[kind.size]),
            Figure(f"{name}, theirs", theirs.batches, "µs"),
            Figure(f"{name}, our rate ÷ theirs", paired(ours.rates, theirs.rates), least=MIN_RATIO[kind.size]),
        ]
    return found


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5)
    arguments = parser.parse_args()
    finish(figures(measure(arguments.rounds, arguments.seconds)), arguments)


if __name__ == "__main__":
    main()

"""How a page waits for a file that comes late: as long as something comes, and not much longer."""

import json
import subprocess
from typing import Any

import pytest
from paths import BUILD

pytestmark = pytest.mark.build

SCENE = """
const { LateFile } = await import(process.argv[1]);
let seconds = [];
globalThis.setInterval = (tick) => seconds.push(tick) && tick;
globalThis.clearInterval = (tick) => (seconds = seconds.filter((other) => other !== tick));
const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const pass = async (count) => {
  for (let i = 0; i < count; i++) seconds.forEach((tick) => tick());
  await settle();
};
const bodies = {};
globalThis.fetch = async (address, { signal }) => {
  const body = new ReadableStream({
    start: (controller) => {
      bodies[address] = controller;
      signal.addEventListener("abort", () => controller.error(signal.reason));
    },
  });
  return new Response(body);
};
const send = async (name, byte) => {
  bodies[name].enqueue(Uint8Array.of(byte));
  await settle();
};
const marks = [];
const file = (name) => new LateFile(name, name, {}, (mark) => marks.push(mark));
const outcome = (promise) => promise.then(() => "here", (error) => error.message);
"""


def play(steps: str) -> Any:
    """What a file does, where a second passes when the steps say so."""
    code = f"{SCENE}{steps}"
    command = ["node", "--input-type=module", "-e", code, str(BUILD / "snapshot" / "page" / "late.mjs")]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


def test_a_file_that_comes_slowly_arrives() -> None:
    steps = """
    const slow = file("slow");
    const ended = outcome(slow.arrive());
    for (const byte of [1, 2, 3]) { await pass(14); await send("slow", byte); }
    await pass(14);
    bodies.slow.close();
    console.log(JSON.stringify([await ended, [...slow.bytes()], marks, seconds.length]));
    """
    assert play(steps) == ["here", [1, 2, 3], ["late:slow"], 0]


def test_a_file_of_which_nothing_comes_any_more_fails_and_is_asked_for_again() -> None:
    steps = """
    const dead = file("dead");
    let ended = outcome(dead.arrive());
    await pass(14); await send("dead", 1); await pass(1); await pass(15);
    const first = await ended;
    ended = outcome(dead.arrive());
    await settle(); await send("dead", 2); bodies.dead.close();
    console.log(JSON.stringify([first, await ended, [...dead.bytes()], seconds.length]));
    """
    assert play(steps) == ["nothing of dead came for 15 s", "here", [2], 0]


def test_a_file_waits_for_its_turn_while_another_comes() -> None:
    steps = """
    const [one, other] = [file("one"), file("other")];
    const ended = [outcome(one.arrive()), outcome(other.arrive())];
    for (const byte of [1, 2, 3]) { await pass(14); await send("one", byte); }
    bodies.one.close();
    await pass(10); await send("other", 4); bodies.other.close();
    console.log(JSON.stringify(await Promise.all(ended)));
    """
    assert play(steps) == ["here", "here"]

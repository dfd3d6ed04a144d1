"""How a memory snapshot is cut and put together again, and how Pyodide's loader is patched."""

import json
import subprocess
from pathlib import Path

import pytest
from downloads import npm_packages
from hypothesis import given
from hypothesis import strategies as st
from paths import BUILD, BuildError
from snapshot.blocks import BLOCK, changed_blocks, data_image
from snapshot.patches import LOADER, Patch, patched

pytestmark = pytest.mark.build

PATCH = Patch("the number is larger", "one", "two")


def leb(value: int) -> bytes:
    """A signed LEB128 number."""
    encoded = bytearray()
    while not -64 <= value < 64:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(encoded) + bytes([value & 0x7F])


def unsigned(value: int) -> bytes:
    """An unsigned LEB128 number."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(encoded) + bytes([value])


def module(*segments: tuple[int, bytes]) -> bytes:
    """A WebAssembly module with a section of no interest and these data segments."""
    data = b"".join(b"\x00\x41" + leb(at) + b"\x0b" + unsigned(len(part)) + part for at, part in segments)
    section = unsigned(len(segments)) + data
    return b"\x00asm\x01\x00\x00\x00" + b"\x00\x03abc" + b"\x0b" + unsigned(len(section)) + section


def restored(memory: bytes, runs: list[int], blocks: bytes) -> bytes:
    """What restore.mjs makes of a memory."""
    heap = bytearray(memory)
    to = taken = 0
    for skipped, written in zip(runs[::2], runs[1::2], strict=True):
        to += skipped * BLOCK
        size = written * BLOCK
        heap[to : to + size] = blocks[taken : taken + size]
        to += size
        taken += size
    assert taken == len(blocks)
    return bytes(heap)


def test_the_data_segments_fill_the_memory() -> None:
    image = data_image(module((3, b"abc"), (1000, b"x" * 300)), 2000)
    assert image == b"\0" * 3 + b"abc" + b"\0" * 994 + b"x" * 300 + b"\0" * 700


def test_a_segment_of_another_kind_is_refused() -> None:
    passive = b"\x00asm\x01\x00\x00\x00" + b"\x0b\x04\x01\x01\x01a"
    with pytest.raises(BuildError, match="a kind that build/snapshot does not know"):
        data_image(passive, 100)


COUNT = 6
places = st.dictionaries(st.integers(0, COUNT * BLOCK - 1), st.integers(0, 255), max_size=12)


@given(places, places, places)
def test_what_is_cut_gives_the_memory_back(
    data: dict[int, int], started: dict[int, int], changed: dict[int, int]
) -> None:
    """Whatever starting the module wrote, here or in the page."""
    wasm = module(*((at, bytes([value])) for at, value in data.items()))
    image = data_image(wasm, COUNT * BLOCK)

    def written(places: dict[int, int]) -> bytes:
        memory = bytearray(image)
        for at, value in places.items():
            memory[at] = value
        return bytes(memory)

    heap, initial = written(changed), written(started)
    runs, blocks = changed_blocks(heap, initial, wasm)
    assert restored(initial, runs, blocks) == heap
    assert len(blocks) <= BLOCK * len({at // BLOCK for at in (*started, *changed)})


def test_a_patch_that_matches_once_is_applied() -> None:
    assert patched("one, three", (PATCH,), "file") == "two, three"


@pytest.mark.parametrize(("text", "times"), [("three", 0), ("one, one", 2)])
def test_a_patch_that_does_not_match_once_stops_the_build(text: str, times: int) -> None:
    with pytest.raises(BuildError, match=f"The patch of file “the number is larger” .* matches {times} times"):
        patched(text, (PATCH,), "file")


def test_the_patches_match_the_pinned_pyodide() -> None:
    loader = (npm_packages(BUILD / "npm" / "site") / "pyodide" / "pyodide.mjs").read_text()
    assert all(patch.new in patched(loader, LOADER, "pyodide.mjs") for patch in LOADER)


def test_an_object_that_no_other_page_has_stops_the_build(tmp_path: Path) -> None:
    pyodide = npm_packages(BUILD / "npm" / "site") / "pyodide"
    prelude = tmp_path / "prelude.py"
    prelude.write_text("import sys, js\nsys.kept = js.RegExp.new('of this page')")
    job = {
        "pyodide": str(pyodide.resolve()),
        "stdlib": str((pyodide / "python_stdlib.zip").resolve()),
        "lockInfo": json.loads((pyodide / "pyodide-lock.json").read_text())["info"],
        "prelude": str(prelude),
        "wheels": [],
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    done = subprocess.run(
        ["node", str(BUILD / "snapshot" / "take.mjs"), str(tmp_path / "job.json")], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "prelude.py has left a JavaScript object in Python, which no other page has: /of this page/" in done.stderr
    assert len(done.stderr) < 1000

"""The part of a memory image that a page does not have already."""

from collections.abc import Iterator, Sequence

from paths import BuildError

BLOCK = 256
DATA_SECTION = 11
I32_CONST = 0x41
END = 0x0B


def changed_blocks(heap: bytes, initial: bytes, wasm: bytes) -> tuple[list[int], bytes]:
    """The blocks of `heap` that must be written into the memory of a fresh instance of `wasm`.

    Those are the blocks that differ from the data segments, and those that starting the instance has written to.

    Args:
        heap: the memory to restore; its size is a multiple of BLOCK.
        initial: the memory of a fresh instance, before any Python.

    Returns:
        The runs of blocks, as pairs of blocks to skip and blocks to write, and the blocks themselves.
    """
    data = data_image(wasm, len(heap))
    initial = initial.ljust(len(heap), b"\0")
    runs: list[int] = []
    blocks = bytearray()
    end = 0  # of the last run, in blocks
    for number in range(len(heap) // BLOCK):
        part = slice(number * BLOCK, (number + 1) * BLOCK)
        if heap[part] == data[part] == initial[part]:
            continue
        if runs and end == number:
            runs[-1] += 1
        else:
            runs += [number - end, 1]
        end = number + 1
        blocks += heap[part]
    return runs, bytes(blocks)


def data_image(wasm: bytes, size: int) -> bytes:
    """The memory as the data segments of a module fill it."""
    memory = bytearray(size)
    for offset, segment in _segments(wasm):
        memory[offset : offset + len(segment)] = segment
    return bytes(memory)


def _segments(wasm: bytes) -> Iterator[tuple[int, bytes]]:
    at = 8  # after the magic number and the version
    while at < len(wasm):
        section = wasm[at]
        length, at = _unsigned(wasm, at + 1)
        if section == DATA_SECTION:
            count, here = _unsigned(wasm, at)
            for _ in range(count):
                if wasm[here] != 0 or wasm[here + 1] != I32_CONST:
                    raise BuildError("pyodide.asm.wasm has a data segment of a kind that build/snapshot does not know")
                offset, here = _signed(wasm, here + 2)
                if wasm[here] != END:
                    raise BuildError("pyodide.asm.wasm has a data segment with an offset that is not a constant")
                size, here = _unsigned(wasm, here + 1)
                yield offset, wasm[here : here + size]
                here += size
        at += length


def _unsigned(data: Sequence[int], at: int) -> tuple[int, int]:
    """An LEB128 number, and the place after it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def _signed(data: Sequence[int], at: int) -> tuple[int, int]:
    begin = at
    value, at = _unsigned(data, at)
    bits = 7 * (at - begin)
    return value - (1 << bits) if data[at - 1] & 0x40 else value, at

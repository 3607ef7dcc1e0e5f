"""
Fernet tokens, a batch at a time, in one call of the kernel.

A batch is one run of bytes, back to back or with a line feed after each record, and an array
of unsigned 32-bit offsets, one more than there are records.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from array import array
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

from . import _long_tokens as long_tokens
from ._kernel import Arena, Kernel, with_kernel

#: A batch holds at most so many bytes, or else a single record.
BATCH_BYTES = 1 << 20
#: A batch holds at most so many records.
BATCH_RECORDS = 8_192
#: The length that marks a token which is not valid.
INVALID = 0xFFFF_FFFF
#: Bytes of a message at most.
LONGEST_MESSAGE = 1 << 28

_HEAD = 24
_IV = 16
#: Bytes of a time and of a length.
_RESULT = 12
#: Room for the key, and for the alignment of every place.
_SPARE = 128
#: Version, time, IV, and tag.
_AROUND = 1 + _HEAD + 32

_BIG_ENDIAN = sys.byteorder == "big"


class Batch(NamedTuple):
    """Records in one run of bytes."""

    data: bytes | bytearray | memoryview
    offsets: array[int]
    line_feeds: bool = False


class Opened(NamedTuple):
    """What opening a batch of tokens gave."""

    #: The plaintexts, with line feeds where the tokens had them.
    data: bytearray
    #: A length a token, or :data:`INVALID`.
    lengths: array[int]
    #: A number a token: its Unix time in seconds.
    times: array[int]


def token_length(length: int) -> int:
    """Characters in the token of a message of ``length`` bytes."""
    return (_AROUND + length - length % 16 + 16 + 2) // 3 * 4


def offsets_of(lengths: list[int]) -> array[int]:
    """Where records of these lengths begin, back to back, and where the last one ends."""
    return array("I", accumulate(lengths, initial=0))


def unix_time() -> int:
    """Now, in whole seconds."""
    return int(time.time())


def make_heads(count: int, when: int) -> bytearray:
    """The time and a random IV for each of ``count`` tokens."""
    heads = bytearray(_HEAD * count)
    for place, byte in enumerate(struct.pack(">Q", when)):
        heads[place::_HEAD] = bytes([byte]) * count
    ivs = os.urandom(_IV * count)
    for place in range(_IV):
        heads[8 + place :: _HEAD] = ivs[place::_IV]
    return heads


def seal(key: bytes | bytearray, records: Batch, when: int) -> Batch:
    """Seals a batch into tokens of the time ``when``, separated as the records are."""
    data, offsets, line_feeds = records
    gap = int(line_feeds)
    count = len(offsets) - 1
    lengths = [end - start - gap for start, end in pairwise(offsets)]
    # As token_length, without a call for each of them.
    places = offsets_of([(n - n % 16 + _AROUND + 18) // 3 * 4 + gap for n in lengths])
    size = places[-1]
    heads = make_heads(count, when)
    need = len(data) + size + 8 * len(offsets) + len(heads) + _SPARE

    def work(kernel: Kernel, arena: Arena) -> bytearray | None:
        if need > kernel.arena_length:
            return None
        at = [
            arena.write(key),
            arena.write(heads),
            arena.write(_words(offsets)),
            arena.write(data),
            arena.write(_words(places)),
        ]
        out = arena.place(size)
        kernel.run("seal_batch", count, gap, *at, out)
        return arena.read(out, size)

    sealed = with_kernel(work)
    if sealed is None:
        sealed = long_tokens.seal(key, data, lengths, heads, gap)
    return Batch(sealed, places, line_feeds)


def open_batch(key: bytes | bytearray, tokens: Batch) -> Opened:
    """Opens a batch of tokens into plaintexts that follow each other as they do."""
    data, offsets, line_feeds = tokens
    gap = int(line_feeds)
    count = len(offsets) - 1
    need = 2 * len(data) + 4 * len(offsets) + _RESULT * count + _SPARE

    def work(kernel: Kernel, arena: Arena) -> Opened | None:
        if need > kernel.arena_length:
            return None
        key_at = arena.write(key)
        offsets_at = arena.write(_words(offsets))
        data_at = arena.write(data)
        times_at = arena.place(_RESULT * count)
        out = arena.place(len(data))
        kernel.run("open_batch", count, gap, key_at, offsets_at, data_at, times_at, out)
        times = _array("Q", arena.read(times_at, 8 * count))
        lengths = _array("I", arena.read(times_at + 8 * count, 4 * count))
        size = sum(lengths) - INVALID * lengths.count(INVALID) + gap * count
        return Opened(arena.read(out, size), lengths, times)

    opened = with_kernel(work)
    if opened is None:
        parts = [
            long_tokens.open_token(key, memoryview(data)[start : end - gap])
            for start, end in pairwise(offsets)
        ]
        feed = b"\n" * gap
        opened = Opened(
            bytearray(b"".join((part or (b"", 0))[0] + feed for part in parts)),
            array("I", [INVALID if part is None else len(part[0]) for part in parts]),
            array("Q", [0 if part is None else part[1] for part in parts]),
        )
    return opened


def ranges(lengths: list[int]) -> Iterator[tuple[int, int]]:
    """Splits records of these lengths into runs that each fit a batch."""
    start = size = 0
    for index, length in enumerate(lengths):
        if index > start and (size + length > BATCH_BYTES or index - start == BATCH_RECORDS):
            yield start, index
            start, size = index, 0
        size += length
    if start < len(lengths):
        yield start, len(lengths)


def _words(words: array[int]) -> array[int]:
    """The kernel's words are little-endian."""
    if not _BIG_ENDIAN:
        return words
    swapped = words[:]
    swapped.byteswap()
    return swapped


def _array(kind: str, data: bytearray) -> array[int]:
    words = array(kind)
    words.frombytes(data)
    return _words(words)

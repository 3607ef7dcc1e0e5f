"""Seals data into the lines of a sealed export."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from ._sealed_format import BATCH_SLICES, SLICE, TYPE_FINAL, TYPE_SLICE
from ._tokens import Batch, offsets_of, seal, unix_time


class SealedBatch(NamedTuple):
    """Lines of an export."""

    lines: bytes | bytearray | memoryview
    #: Slices, and bytes of the data, up to the end of these lines.
    slices: int
    bytes: int


def sealed_batches(source: BinaryIO, key: bytearray) -> Iterator[SealedBatch]:
    """The lines after the header. All tokens have one time."""
    when = unix_time()
    index = size = 0
    ended = False
    while not ended:
        records: list[bytes] = []
        while len(records) < BATCH_SLICES and not ended:
            data = _read_slice(source)
            ended = len(data) < SLICE
            if data:
                records.append(struct.pack(">QB", index, TYPE_SLICE) + data)
                index += 1
                size += len(data)
        if ended:
            records.append(struct.pack(">QBQQ", index, TYPE_FINAL, index, size))
        offsets = offsets_of([len(record) + 1 for record in records])
        joined = bytearray(b"\n".join(records) + b"\n")
        sealed = seal(key, Batch(joined, offsets, True), when)
        joined[:] = bytes(len(joined))
        yield SealedBatch(sealed.data, index, size)


def _read_slice(source: BinaryIO) -> bytes:
    """A full slice, or what is left: a pipe gives less at a time."""
    data = source.read(SLICE) or b""
    if len(data) == SLICE or not data:
        return data
    parts, length = [data], len(data)
    while length < SLICE and (data := source.read(SLICE - length) or b""):
        parts.append(data)
        length += len(data)
    return b"".join(parts)

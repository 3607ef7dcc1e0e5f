"""Opens the lines of a sealed export, in their order."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from typing import BinaryIO

from ._line_reader import LineReader
from ._sealed_format import (
    BATCH_SLICES,
    FINAL_DATA,
    FULL_LINE,
    LEAST_ITERATIONS,
    MAX_HEADER,
    RECORD_HEAD,
    SLICE,
    TYPE_FINAL,
    TYPE_SLICE,
    Header,
    file_key,
    header_cut_short,
    read_header,
)
from ._tokens import INVALID, Batch, open_batch
from .errors import SealedExportError
from .keys import wipe

_MAX_ITERATIONS = 2**32 - 1


class ExportReader:
    """Reads one export, and counts what it holds."""

    header: Header

    def __init__(
        self, source: BinaryIO, kind: str, max_iterations: int, expect_id: str | None
    ) -> None:
        self._source = LineReader(source)
        self._kind = kind
        self._max_iterations = max_iterations
        self._expect_id = expect_id
        self._time: int | None = None
        #: A slice that is not full: only the final record may follow it.
        self._short: bytes | None = None
        self._ended = False
        #: Slices, and bytes of the data, so far.
        self.slices = 0
        self.bytes = 0

    def read(self, secret: bytearray) -> Iterator[bytes]:
        """The data, in pieces that are authenticated and in their places."""
        self.header = read_header_line(self._source)
        self._check_header()
        line = 2
        key: bytearray | None = None
        try:
            while True:
                tokens, failure = self._take_lines(line)
                if key is None:
                    # A file whose first token is missing is not worth a derivation.
                    if failure and not tokens:
                        raise failure
                    key = file_key(self.header, secret)
                yield from self._open(key, tokens, line)
                line += len(tokens)
                if failure:
                    raise SealedExportError("trailing-data", line) if self._ended else failure
                if not tokens:
                    break
            if not self._ended:
                raise SealedExportError("truncated", line)
        finally:
            if key is not None:
                wipe(key)

    def _check_header(self) -> None:
        """Judges the header before anything is derived: nobody has authenticated it yet."""
        header = self.header
        if self._expect_id is not None and self._expect_id != header.id:
            raise SealedExportError("unexpected-id", 1)
        wanted = "key" if header.kdf == "key" else "passphrase"
        if wanted != self._kind:
            reason = f"the file was sealed under a {wanted}, not under a {self._kind}"
            raise SealedExportError("wrong-secret-or-header", 1, reason)
        count = header.iterations
        if count is None or LEAST_ITERATIONS <= count <= self._max_iterations:
            return
        bounds = (
            f"expected {LEAST_ITERATIONS} to {_MAX_ITERATIONS}"
            if not LEAST_ITERATIONS <= count <= _MAX_ITERATIONS
            else f"more than {self._max_iterations}, so raise max_iterations if you trust it"
        )
        reason = f"it asks for {count} iterations, {bounds}"
        raise SealedExportError("iterations-out-of-range", 1, reason)

    def _take_lines(self, first: int) -> tuple[list[bytes], SealedExportError | None]:
        """Some lines, and what is wrong with the line after them."""
        lines: list[bytes] = []
        while len(lines) < BATCH_SLICES:
            line = self._source.readline(FULL_LINE + 1)
            if line.endswith(b"\n"):
                lines.append(line)
            elif not line:
                break
            else:
                code = "line-too-long" if len(line) > FULL_LINE else "truncated"
                return lines, SealedExportError(code, first + len(lines))
        if not lines and first == 2:
            return lines, SealedExportError("truncated", first)
        return lines, None

    def _open(self, key: bytearray, lines: list[bytes], first: int) -> Iterator[bytes]:
        if not lines:
            return
        offsets = array("I", [0])
        for line in lines:
            offsets.append(offsets[-1] + len(line))
        data, lengths, times = open_batch(key, Batch(b"".join(lines), offsets, True))
        at = 0
        try:
            for index, length in enumerate(lengths):
                size = 0 if length == INVALID else length
                record = None if length == INVALID else bytes(data[at : at + size])
                at += size + 1
                piece = self._take(record, times[index], first + index)
                if piece:
                    yield piece
        finally:
            data[:] = bytes(len(data))

    def _take(self, record: bytes | None, time: int, line: int) -> bytes | None:
        """Checks a record; returns the data that may be given out now."""
        if self._ended:
            raise SealedExportError("trailing-data", line)
        if record is None:
            if line > 2:
                raise SealedExportError("bad-token", line)
            reason = f"wrong {self._kind}, or not the file that it was"
            raise SealedExportError("wrong-secret-or-header", line, reason)
        if len(record) < RECORD_HEAD:
            raise SealedExportError("bad-token", line, "it holds no record")
        index, kind = struct.unpack_from(">QB", record)
        if index != self.slices:
            raise SealedExportError("out-of-order", line)
        if self._time is None:
            self._time = time
        if time != self._time:
            raise SealedExportError("bad-token", line, "it has another time than the others")
        if kind == TYPE_FINAL:
            return self._take_final(record, line)
        return self._take_slice(record, kind, line)

    def _take_final(self, record: bytes, line: int) -> bytes | None:
        numbers = struct.pack(">QQ", self.slices, self.bytes)
        if len(record) != RECORD_HEAD + FINAL_DATA or record[RECORD_HEAD:] != numbers:
            reason = "it tells of another amount of data than there is"
            raise SealedExportError("bad-token", line, reason)
        self._ended = True
        short, self._short = self._short, None
        return short

    def _take_slice(self, record: bytes, kind: int, line: int) -> bytes | None:
        if kind != TYPE_SLICE:
            raise SealedExportError("bad-token", line, f"it holds a record of type {kind}")
        if self._short is not None:
            size = len(self._short)
            reason = f"it holds {size} bytes and is not the last slice, expected {SLICE}"
            raise SealedExportError("bad-token", line - 1, reason)
        data = record[RECORD_HEAD:]
        if not 1 <= len(data) <= SLICE:
            reason = f"it holds {len(data)} bytes, expected 1 to {SLICE}"
            raise SealedExportError("bad-token", line, reason)
        self.slices += 1
        self.bytes += len(data)
        if len(data) < SLICE:
            self._short = data
            return None
        return data


def read_header_line(source: LineReader) -> Header:
    """
    Reads the first line.

    :raises SealedExportError: if it is no header.
    """
    line = source.readline(MAX_HEADER + 1)
    if line.endswith(b"\n"):
        return read_header(line[:-1])
    if len(line) > MAX_HEADER:
        raise SealedExportError("line-too-long", 1)
    raise header_cut_short(line)

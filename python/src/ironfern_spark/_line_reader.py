"""Lines out of a file, of a length that is bounded."""

from __future__ import annotations

from typing import BinaryIO


class LineReader:
    """Lines out of a binary file that may give less than it is asked for."""

    _CHUNK = 1 << 18

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._held = b""
        self._at = 0
        self._done = False

    def readline(self, limit: int) -> bytes:
        """A line with its line feed, or ``limit`` bytes of it, or what is left."""
        while True:
            end = self._held.find(b"\n", self._at, self._at + limit) + 1
            if end or len(self._held) - self._at >= limit or self._done:
                stop = end or min(self._at + limit, len(self._held))
                line = self._held[self._at : stop]
                self._at = stop
                return line
            chunk = self._source.read(self._CHUNK) or b""
            self._done = not chunk
            self._held = self._held[self._at :] + chunk
            self._at = 0

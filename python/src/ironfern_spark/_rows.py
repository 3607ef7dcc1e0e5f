"""Rows in which the places of some values are known, and what a format has to offer."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from .errors import RowError

#: Bytes that a row may have, without its line end.
LONGEST_ROW = 16 << 20
#: Bytes of the longest name or id.
LONGEST_PART = 4_096
#: The number of a CSV file's header, which is no row.
HEADER = -1
_BOM = b"\xef\xbb\xbf"


class Row(NamedTuple):
    """A row, or a header, or a blank line."""

    #: Its number from 0, or :data:`HEADER`.
    number: int
    #: Its first line, from 1.
    line: int
    #: What stands before, between and after the values, and the values: an odd number.
    parts: list[bytes]
    #: For each value the position of its field.
    fields: list[int]
    #: The row's id as its context has it, where there is one.
    id: bytes | None = None
    #: Whether it is a header or a blank line.
    blank: bool = False


class RowReader(Protocol):
    """Makes rows of the lines of one input."""

    def read(self, line: bytes, ended: bool) -> Row | None:
        """The row that a line completes; ``ended`` says whether a line feed ended it."""

    def finish(self) -> None:
        """Says that there are no more lines; raises if a row is not complete."""


class RowFormat(Protocol):
    """How rows are read, and values and tokens written in them."""

    #: The type of its values in messages.
    type: int
    #: The fields as the caller named them, and as contexts have them.
    fields: list[str]
    names: list[bytes]

    def reader(self, longest: int, encrypted: bool) -> RowReader:
        """Begins to read an input; ``encrypted`` says whether its values are already."""

    def write_token(self, token: bytes) -> bytes:
        """A token as it stands in a row."""

    def read_token(self, raw: bytes) -> bytes:
        """The token that stands in a row; what is no token becomes empty."""

    def write_value(self, value: bytes) -> bytes | None:
        """A decrypted value as it stands in a row, or ``None`` if it could not."""


def row_text(data: bytes, line: int, row: int) -> str:
    """
    The text of a row.

    :raises RowError: if it is not UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        reason = "it is UTF-16, so convert it to UTF-8 first" if utf16 else "it is not UTF-8"
        raise RowError(reason, line, row) from None


def bom_length(data: bytes) -> int:
    """Bytes of the byte order mark that UTF-8 text may begin with."""
    return len(_BOM) if data.startswith(_BOM) else 0


def spliced(data: bytes, spans: list[tuple[int, int]]) -> list[bytes]:
    """The bytes cut at both ends of each span."""
    parts = []
    at = 0
    for start, end in spans:
        parts += [data[at:start], data[start:end]]
        at = end
    return [*parts, data[at:]]

"""The cells of a CSV record as they stand, with or without quotes."""

from __future__ import annotations

import re
from typing import NamedTuple

QUOTE = b'"'
#: The record goes on, or a quote was not meant as one.
NOT_CLOSED = 'a quote in it is not closed, so if quotes are no quotes here, choose quote="none"'
_QUOTE_CODE = QUOTE[0]
_BAD_QUOTED = re.compile(rb'["\r\n]')
_BAD_PLAIN = re.compile(rb"[\r\n]")
_REASONS = {
    b'"': "a quote stands in a cell that does not begin with one",
    b"\r": "no line feed follows a carriage return",
    b"\n": "a line feed stands in a cell without quotes",
}

Spans = list[tuple[int, int]]


class Dialect(NamedTuple):
    """The characters that make cells."""

    delimiter: bytes
    #: Whether cells may stand in quotes.
    quotes: bool


class Fault(NamedTuple):
    """What is wrong with a record, and at which byte."""

    reason: str
    at: int


def find_cells(data: bytes, start: int, end: int, dialect: Dialect, most: int) -> Spans | Fault:
    """Each cell's start and end, its quotes included, or what is wrong."""
    delimiter, quotes = dialect
    bad = _BAD_QUOTED if quotes else _BAD_PLAIN
    cells: Spans = []
    at = start
    while True:
        if len(cells) == most:
            return Fault(f"it has more than {most} cells", at)
        first = at
        if quotes and at < end and data[at] == _QUOTE_CODE:
            at = _end_of_quoted(data, at, end)
            if at < 0:
                return Fault(NOT_CLOSED, first)
            if at < end and data[at : at + 1] != delimiter:
                return Fault("text follows a closing quote", at)
        else:
            at = data.find(delimiter, at, end)
            at = end if at < 0 else at
            if found := bad.search(data, first, at):
                return Fault(_REASONS[found[0]], found.start())
        cells.append((first, at))
        if at == end:
            return cells
        at += 1


def _end_of_quoted(data: bytes, start: int, end: int) -> int:
    """The byte after the closing quote, or -1."""
    at = data.find(QUOTE, start + 1, end)
    while at >= 0:
        if data[at + 1 : min(at + 2, end)] != QUOTE:
            return at + 1
        at = data.find(QUOTE, at + 2, end)
    return -1


def cell_value(cell: bytes, quotes: bool) -> bytes:
    """What a cell says: its bytes without the quotes."""
    if not quotes or not cell.startswith(QUOTE):
        return cell
    return cell[1:-1].replace(b'""', b'"')


def write_cell(cell: bytes, dialect: Dialect) -> bytes | None:
    """A cell as it stood, in quotes if it stood in a file of another delimiter."""
    if not isinstance(find_cells(cell, 0, len(cell), dialect, 1), Fault):
        return cell
    if not dialect.quotes or any(c in cell for c in b'"\r\n'):
        return None
    return QUOTE + cell + QUOTE


def looks_like_rows(data: bytes, start: int, end: int, delimiter: bytes, columns: int) -> bool:
    """
    Whether the lines of a record look like a row each, of which the cell from ``start`` to
    ``end`` made one.

    Two stray quotes join rows at the same column, or else the number of cells would be wrong:
    then every line has the delimiters of a row. Lines of text have that by chance, but hardly
    all of them. Delimiters other than a comma are rare in text: there one line is enough.
    """
    lines = rows = at = 0
    for line in data.split(b"\n"):
        row = line.count(delimiter) == columns - 1
        if row and delimiter != b"," and at > start and at + len(line) < end:
            return True
        rows += row
        lines += line not in (b"", b"\r")
        at += len(line) + 1
    return rows >= 2 and 4 * rows >= 3 * lines

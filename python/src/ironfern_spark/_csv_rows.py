"""
The rows of a CSV file (RFC 4180) as they stand: nothing is parsed and written again, so that
all but the cells in question stays byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ._csv_cells import (
    NOT_CLOSED,
    QUOTE,
    Dialect,
    Fault,
    Spans,
    cell_value,
    find_cells,
    looks_like_rows,
    write_cell,
)
from ._rows import HEADER, LONGEST_PART, Row, bom_length, row_text, spliced
from .errors import RowError, shown

#: Columns that a file may have.
_MOST_COLUMNS = 65_536
#: Columns whose names are listed where one is looked for in vain.
_LISTED = 10
_DELIMITERS = (",", ";", "\t", "|")


@dataclass
class CsvFormat:
    """CSV as a format of rows."""

    fields: list[str]
    row_id: str | None
    delimiter: str
    quotes: bool
    multiline: bool
    type: int = 1
    names: list[bytes] = field(init=False)
    dialect: Dialect = field(init=False)

    def __post_init__(self) -> None:
        self.names = [name.encode() for name in self.fields]
        self.dialect = Dialect(self.delimiter.encode("ascii"), self.quotes)

    def reader(self, longest: int, encrypted: bool) -> CsvReader:
        return CsvReader(self, longest, self.multiline or encrypted)

    def write_token(self, token: bytes) -> bytes:
        return token

    def read_token(self, raw: bytes) -> bytes:
        return cell_value(raw, self.quotes)

    def write_value(self, value: bytes) -> bytes | None:
        return write_cell(value, self.dialect)


class _Columns(NamedTuple):
    number: int
    #: The columns that are fields, in the order of the file: column, field.
    fields: list[tuple[int, int]]
    id: int | None


class CsvReader:
    """Makes rows of the lines of one file."""

    def __init__(self, format: CsvFormat, longest: int, multiline: bool) -> None:
        self._format = format
        self._longest = longest
        self._multiline = multiline
        self._columns: _Columns | None = None
        self._row = HEADER
        self._line = 1
        self._first_line = 1
        #: The beginning of a record whose quotes are not closed.
        self._kept: bytearray | None = None

    def read(self, line: bytes, ended: bool) -> Row | None:
        if self._kept is None:
            self._first_line = self._line
        self._line += 1
        data = self._join(line)
        if data is None:
            return None
        number, self._row = self._row, self._row + 1
        row_text(data, self._first_line, number)
        start = bom_length(data) if self._columns is None else 0
        end = len(data) - (1 if ended and data.endswith(b"\r") else 0)
        cells = self._find_cells(data, start, end)
        if isinstance(cells, Fault):
            raise self._fault(cells, data, number)
        if self._columns is not None:
            return self._data_row(number, data, cells, self._columns)
        # Nothing of the header is encrypted, not even in the columns that are fields.
        for span in cells:
            self._check_swallowed(data, span, cells, number)
        quotes = self._format.quotes
        names = [cell_value(data[a:b], quotes).decode() for a, b in cells]
        self._columns = self._find_columns(names)
        return Row(number, self._first_line, [data], [], blank=True)

    def finish(self) -> None:
        if self._kept is not None:
            self._check_open(bytes(self._kept), ended=True)

    def _join(self, line: bytes) -> bytes | None:
        """
        The record that a line completes: a line feed within quotes does not end a record, and
        it is within quotes where an odd number of them precedes it.
        """
        kept = self._kept
        if (0 if kept is None else len(kept)) + len(line) > self._longest:
            reason = f"it has more than {self._longest} bytes"
            reason = reason if kept is None else f"{reason}: {NOT_CLOSED}"
            raise RowError(reason, self._first_line, self._row)
        odd = self._format.quotes and line.count(QUOTE) % 2 == 1
        if kept is None:
            if not odd:
                return line
            self._kept = bytearray(line) + b"\n"
            # A stray quote is found here, and not only when half of the file is read.
            self._check_open(line, ended=False)
            return None
        kept += line
        if not odd:
            kept += b"\n"
            return None
        self._kept = None
        return bytes(kept)

    def _check_open(self, data: bytes, ended: bool) -> None:
        """Refuses the beginning of a record; that it is one only at the end of the input."""
        start = bom_length(data) if self._columns is None else 0
        cells = self._find_cells(data, start, len(data))
        if isinstance(cells, Fault) and (ended or cells.reason != NOT_CLOSED):
            raise self._fault(cells, data, self._row)

    def _find_cells(self, data: bytes, start: int, end: int) -> Spans | Fault:
        most = _MOST_COLUMNS if self._columns is None else self._columns.number
        return find_cells(data, start, end, self._format.dialect, most)

    def _fault(self, fault: Fault, data: bytes, number: int) -> RowError:
        line = self._first_line + data.count(b"\n", 0, fault.at)
        return RowError(fault.reason, line, number)

    def _data_row(self, number: int, data: bytes, cells: Spans, columns: _Columns) -> Row:
        line = self._first_line
        # An empty line is no row to most readers, and there is nothing to encrypt.
        if len(cells) == 1 and cells[0][0] == cells[0][1] and columns.number > 1:
            return Row(number, line, [data], [], blank=True)
        if len(cells) != columns.number:
            raise RowError(f"it has {len(cells)} cells, not {columns.number}", line, number)
        encrypted = [column for column, _ in columns.fields]
        if not self._multiline and b"\n" in data:
            for column, span in enumerate(cells):
                if column not in encrypted:
                    self._check_swallowed(data, span, cells, number)
        parts = spliced(data, [cells[column] for column in encrypted])
        fields = [index for _, index in columns.fields]
        if columns.id is None:
            return Row(number, line, parts, fields)
        start, end = cells[columns.id]
        row_id = cell_value(data[start:end], self._format.quotes)
        if len(row_id) > LONGEST_PART:
            reason = f"its id has more than {LONGEST_PART} bytes"
            raise RowError(reason, line, number, self._format.row_id)
        return Row(number, line, parts, fields, row_id)

    def _check_swallowed(
        self, data: bytes, span: tuple[int, int], cells: Spans, number: int
    ) -> None:
        """
        Refuses a cell in quotes that holds other rows, as two quotes make it in a file whose
        quotes are characters as any other: its rows would stay unencrypted.
        """
        start, end = span
        if self._multiline or len(cells) < 2 or data[start : start + 1] != QUOTE:
            return
        if data.find(b"\n", start, end) < 0:
            return
        if not looks_like_rows(data, start, end, self._format.dialect.delimiter, len(cells)):
            return
        line = self._first_line + data.count(b"\n", 0, start)
        reason = (
            'a cell in quotes holds what looks like whole rows, so choose quote="none" if '
            "quotes are no quotes in this file, or multiline=True if the cell is meant so"
        )
        raise RowError(reason, line, number)

    def _find_columns(self, names: list[str]) -> _Columns:
        format = self._format
        columns = {self._find(names, name): index for index, name in enumerate(format.fields)}
        row_id = None if format.row_id is None else self._find(names, format.row_id)
        return _Columns(len(names), sorted(columns.items()), row_id)

    def _find(self, names: list[str], name: str) -> int:
        found = [column for column, each in enumerate(names) if each == name]
        if len(found) == 1:
            return found[0]
        reason = (
            f"it has several columns {shown(name)}"
            if found
            else f"it has no column {shown(name)}{self._other_columns(names, name)}"
        )
        raise RowError(reason, self._first_line, HEADER, name)

    def _other_columns(self, names: list[str], name: str) -> str:
        """What helps whoever named a column that is not there."""
        for other in _DELIMITERS:
            if other != self._format.delimiter and len(names) == 1 and other in names[0]:
                return f"; the delimiter {shown(other)} would split it, so choose that one"
        for each in names:
            if each.strip() == name.strip():
                return f", but {shown(each)}: spaces around a name are part of it"
        more = len(names) - _LISTED
        listed = ", ".join(map(shown, names[:_LISTED]))
        return f"; it has {listed}{f' and {more} more' if more > 0 else ''}"

"""Files of fields, as docs/FORMATS.md describes them: strictly, and byte for byte."""

import json
import re

from field_values import head, read_field
from tokens import InvalidToken


class BadRow(ValueError):
    """Something of the rows is wrong, and its line is told."""

    def __init__(self, line):
        super().__init__(f"bad-row at {line}")


def csv_records(text, delimiter):
    """Each record's first line, its cells as they stand, and its line end."""
    at, line = 0, 1
    cell = re.compile(rf'"(?:[^"]|"")*"|[^"\r\n{re.escape(delimiter)}]*')
    while at < len(text):
        cells, first = [], line
        while True:
            match = cell.match(text, at)
            cells.append(match[0])
            line += match[0].count("\n")
            at = match.end()
            if not text.startswith(delimiter, at):
                break
            at += 1
        end = re.compile(r"\r?\n|\Z").match(text, at)
        if not end:
            raise BadRow(first)
        at, line = end.end(), line + 1
        yield first, cells, end[0]


def unquoted(cell):
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def column_of(columns, name, line):
    if columns.count(name) != 1:
        raise BadRow(line)
    return columns.index(name)


def decrypt_csv(key, text, fields, delimiter=",", rowId=None):
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    out, columns = [], None
    for line, cells, end in csv_records(text[len(mark) :], delimiter):
        if columns is None:
            columns = [unquoted(cell) for cell in cells]
            places = [(name, column_of(columns, name, line)) for name in fields]
            id_at = None if rowId is None else column_of(columns, rowId, line)
        elif cells != [""] or len(columns) == 1:
            if len(cells) != len(columns):
                raise BadRow(line)
            row_id = None if id_at is None else unquoted(cells[id_at])
            check_id(row_id, line)
            for name, at in places:
                cells[at] = opened(key, unquoted(cells[at]), b"\1", name, row_id, line)
        out.append(delimiter.join(cells) + end)
    return mark + "".join(out)


def opened(key, token, kind, name, row_id, line):
    try:
        value = read_field(key, token, head(kind, name, row_id))
    except InvalidToken:
        raise ValueError(f"invalid-token at {line}")
    if kind == b"\2" and (not value or "\n" in value):
        raise ValueError(f"invalid-token at {line}")
    return value


def check_id(row_id, line):
    if row_id is not None and len(row_id.encode()) > 4_096:
        raise BadRow(line)


class Members(list):
    """An object's members, of which names may be repeated."""


def at_pointer(row, pointer, line):
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(row, Members):
            found = [value for name, value in row if name == step]
            if len(found) != 1:
                raise BadRow(line)
            [row] = found
        elif isinstance(row, list) and step.isdigit() and int(step) < len(row):
            row = row[int(step)]
        else:
            raise BadRow(line)
    return row


def id_text(value, line):
    if not isinstance(value, (str, Number)):
        raise BadRow(line)
    text = value.text if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)
    check_id(text, line)
    return text


class Number:
    """A number as it stands."""

    def __init__(self, text):
        self.text = text


def decrypt_jsonl(key, text, fields, rowId=None):
    out = []
    for line, whole in enumerate(re.findall(r"[^\n]*\n|[^\n]+\Z", text), 1):
        if whole.strip(" \t\r\n"):
            try:
                row = json.loads(
                    whole, object_pairs_hook=Members, parse_int=Number, parse_float=Number
                )
            except ValueError:
                raise BadRow(line)
            row_id = None if rowId is None else id_text(at_pointer(row, rowId, line), line)
            for name in fields:
                token = at_pointer(row, name, line)
                value = opened(key, token, b"\2", name, row_id, line)
                whole = whole.replace(f'"{token}"', value, 1)
        out.append(whole)
    return "".join(out)

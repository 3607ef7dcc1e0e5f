"""
Fields: some cells of CSV, or some values of JSON lines, become Fernet tokens that are bound
to their field and, with ``row_id``, to their row. All else stays byte for byte.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Literal, NamedTuple

from ._csv_rows import CsvFormat
from ._jsonl_rows import JsonlFormat, path_tree, pointer_steps, pointer_to
from ._line_reader import LineReader
from ._replace_file import Path, replacing
from ._rows import LONGEST_PART, LONGEST_ROW, Row, RowFormat, RowReader
from ._tokens import BATCH_BYTES, BATCH_RECORDS, token_length
from .errors import InvalidTokenError, RowError, shown
from .fernet import InTime, decrypt_values, encrypt_values, token_age
from .keys import Key, borrowed_key, hkdf, wipe

_PURPOSE = b"ironfern/fields/1"
#: Bytes that precede the longest value.
_LONGEST_HEAD = 4 + 2 * (4 + LONGEST_PART) + 1
_DELIMITER = re.compile(r'[^"\r\n\w=\-\u0080-\uffff]', re.ASCII)


class Fields(NamedTuple):
    """
    Which fields of which rows.

    :param format: ``"csv"`` (RFC 4180, with a header) or ``"jsonl"``; UTF-8 both.
    :param names: columns as the header has them; or JSON Pointers as ``"/user/email"``, and
        for members of the outermost object their names too.
    :param row_id: the column, or the path of a string or number, that tells the rows apart,
        and is not encrypted. With it a value is bound to its row.
    :param optional: those of the fields that a row may lack; of JSON lines only.
    :param delimiter: of CSV only, by default a comma.
    :param quote: of CSV only. ``"none"``: a quote is a character as any other.
    :param multiline: of CSV only: whether a cell that stays may hold what looks like rows.
    """

    format: Literal["csv", "jsonl"]
    names: Sequence[str]
    row_id: str | None = None
    optional: Sequence[str] = ()
    delimiter: str | None = None
    quote: Literal["double", "none"] | None = None
    multiline: bool | None = None


class FieldsResult(NamedTuple):
    """What was encrypted or decrypted."""

    #: How many rows there were; a header and blank lines are none.
    rows: int
    #: How many values of each field there were.
    values: dict[str, int]


def encrypt_fields(
    source: BinaryIO, target: BinaryIO, key: Key, fields: Fields
) -> FieldsResult:
    """
    Encrypts fields of the rows that a binary file gives into another one.

    :raises RowError: if a row is malformed, too long, not UTF-8, or lacks a field.
    :raises TypeError: if an option is of the wrong type, or not of this format.
    :raises ValueError: if an option is out of its bounds, or no row has any of the fields.
    """
    format = row_format(fields)
    heads = _Heads(format)

    def replace(secret: bytearray, rows: list[Row]) -> list[bytes]:
        messages = [
            heads.of(row, place) + row.parts[2 * place + 1] for row, place in _places(rows)
        ]
        tokens = encrypt_values(secret, messages)
        return [format.write_token((token or "").encode()) for token in tokens]

    return _transform(source, target, key, format, LONGEST_ROW, False, replace)


def decrypt_fields(
    source: BinaryIO,
    target: BinaryIO,
    key: Key,
    fields: Fields,
    *,
    ttl: int | None = None,
    current_time: int | None = None,
) -> FieldsResult:
    """
    Decrypts what :func:`encrypt_fields` encrypted, into the bytes that it was given.

    :raises InvalidTokenError: where a field holds no token, a bad one, or one of another
        field or row; ``line`` and ``field`` say where. What was written before is a prefix.
    :raises RowError: as :func:`encrypt_fields`.
    """
    format = row_format(fields)
    in_time = token_age(ttl, current_time)
    longest = token_length(LONGEST_ROW) + len(format.names) * token_length(_LONGEST_HEAD)
    heads = _Heads(format)

    def replace(secret: bytearray, rows: list[Row]) -> list[bytes]:
        return _opened(secret, format, heads, rows, in_time)

    return _transform(source, target, key, format, longest, True, replace)


def encrypt_fields_file(
    source: Path, target: Path, key: Key, fields: Fields, *, overwrite: bool = True
) -> FieldsResult:
    """As :func:`encrypt_fields`, from file to file; the target appears whole."""
    with open(source, "rb", buffering=0) as rows:
        with replacing(target, overwrite=overwrite, source=rows) as out:
            return encrypt_fields(rows, out, key, fields)


def decrypt_fields_file(
    source: Path,
    target: Path,
    key: Key,
    fields: Fields,
    *,
    ttl: int | None = None,
    current_time: int | None = None,
    overwrite: bool = True,
) -> FieldsResult:
    """As :func:`decrypt_fields`, from file to file; the target appears whole."""
    with open(source, "rb", buffering=0) as rows:
        with replacing(target, overwrite=overwrite, source=rows) as out:
            return decrypt_fields(rows, out, key, fields, ttl=ttl, current_time=current_time)


class _Heads:
    """What precedes a value in its message: where it belongs, and of what type it is."""

    def __init__(self, format: RowFormat) -> None:
        self._type = bytes([format.type])
        self._parts = [_part(name) for name in format.names]
        self._heads = [_part(part) + self._type for part in self._parts]

    def of(self, row: Row, place: int) -> bytes:
        field = row.fields[place]
        if row.id is None:
            return self._heads[field]
        return _part(self._parts[field] + _part(row.id)) + self._type


def _part(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _places(rows: list[Row]) -> Iterator[tuple[Row, int]]:
    for row in rows:
        for place in range(len(row.fields)):
            yield row, place


def _opened(
    secret: bytearray, format: RowFormat, heads: _Heads, rows: list[Row], in_time: InTime | None
) -> list[bytes]:
    places = list(_places(rows))
    tokens = [format.read_token(row.parts[2 * place + 1]) for row, place in places]
    messages = decrypt_values(secret, tokens, in_time=in_time, bad_tokens="null")
    values = []
    for (row, place), message in zip(places, messages):
        head = heads.of(row, place)
        good = message is not None and message.startswith(head)
        value = format.write_value(message[len(head) :]) if good and message else None
        if value is None:
            name = format.fields[row.fields[place]]
            raise InvalidTokenError(index=row.number, line=row.line, field=name)
        values.append(value)
    return values


def _transform(
    source: BinaryIO,
    target: BinaryIO,
    key: Key,
    format: RowFormat,
    longest: int,
    encrypted: bool,
    replace: Callable[[bytearray, list[Row]], list[bytes]],
) -> FieldsResult:
    rows = 0
    counts = [0] * len(format.fields)
    with borrowed_key(key) as root:
        secret = hkdf(root, _PURPOSE)
    try:
        for run, feeds in _runs(source, format.reader(longest, encrypted), longest):
            values = iter(replace(secret, run))
            out = []
            for row, feed in zip(run, feeds):
                for place, field in enumerate(row.fields):
                    row.parts[2 * place + 1] = next(values)
                    counts[field] += 1
                rows += not row.blank
                out += [*row.parts, feed]
            target.write(b"".join(out))
    finally:
        wipe(secret)
    if rows and not any(counts):
        names = ", ".join(shown(name) for name in format.fields)
        raise ValueError(
            f"Cannot find {names} in any row: none of the {rows} rows has such a field, "
            "so look at how it is written"
        )
    return FieldsResult(rows, dict(zip(format.fields, counts)))


def _runs(
    source: BinaryIO, reader: RowReader, longest: int
) -> Iterator[tuple[list[Row], list[bytes]]]:
    """Rows that are worked on together, and what ends each of them."""
    rows: list[Row] = []
    feeds: list[bytes] = []
    values = size = 0
    number = 0
    lines = LineReader(source)
    while line := lines.readline(longest + 2):
        number += 1
        ended = line.endswith(b"\n")
        if len(line) - ended > longest:
            raise RowError(f"it has more than {longest} bytes", number)
        row = reader.read(line[:-1] if ended else line, ended)
        if row is None:
            continue
        rows.append(row)
        feeds.append(b"\n" if ended else b"")
        values += len(row.fields)
        size += sum(map(len, row.parts))
        if values >= BATCH_RECORDS or size >= BATCH_BYTES:
            yield rows, feeds
            rows, feeds, values, size = [], [], 0, 0
    reader.finish()
    if rows:
        yield rows, feeds


def row_format(fields: Fields) -> RowFormat:
    """
    Checks which fields are asked for.

    :raises TypeError: if an option is of the wrong type, or not of this format.
    :raises ValueError: if one is out of its bounds, or a field is named twice.
    """
    if not isinstance(fields, Fields):
        raise TypeError(f"Cannot use the fields: expected Fields, got {type(fields).__name__}")
    if isinstance(fields.names, str):
        raise TypeError("Cannot use names: expected a list of names, got a single text")
    names = [_checked_name(name) for name in fields.names]
    if not names:
        raise ValueError("Cannot use names: it is empty, so name one at least")
    if fields.row_id is not None:
        _checked_name(fields.row_id)
    if fields.format == "csv":
        return _csv_format(fields, names)
    if fields.format == "jsonl":
        return _jsonl_format(fields, names)
    raise ValueError('Cannot use the format: expected "csv" or "jsonl"')


def _checked_name(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"Cannot use the name of a field: got {type(name).__name__}")
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise ValueError("Cannot use the name of a field: it has a lone surrogate") from None
    if length > LONGEST_PART:
        raise ValueError(f"Cannot use the name of a field: it has over {LONGEST_PART} bytes")
    return name


def _csv_format(fields: Fields, names: list[str]) -> CsvFormat:
    if fields.optional:
        raise TypeError("Cannot use optional with CSV: every row has every column")
    delimiter = "," if fields.delimiter is None else fields.delimiter
    # What a token is made of would cut it in two.
    if not isinstance(delimiter, str) or not _DELIMITER.fullmatch(delimiter):
        raise ValueError(
            "Cannot use the delimiter: expected one character of ASCII that is neither a "
            "quote, nor a line end, nor in base64url"
        )
    quote = "double" if fields.quote is None else fields.quote
    if quote not in ("double", "none"):
        raise ValueError('Cannot use the quote: expected "double" or "none"')
    every = names if fields.row_id is None else [*names, fields.row_id]
    for name in every:
        if every.count(name) > 1:
            raise _repeated(name)
    return CsvFormat(names, fields.row_id, delimiter, quote == "double", bool(fields.multiline))


def _jsonl_format(fields: Fields, names: list[str]) -> JsonlFormat:
    for name in ("delimiter", "quote", "multiline"):
        if getattr(fields, name) is not None:
            raise TypeError(f"Cannot use {name} with JSON lines")
    pointers = [_pointer(name) for name in names]
    optional = [_pointer(_checked_name(name)) for name in fields.optional]
    for pointer in optional:
        if pointer not in pointers:
            raise ValueError(f"Cannot use optional {shown(pointer)}: it is not a field")
    every = pointers if fields.row_id is None else [*pointers, _pointer(fields.row_id)]
    paths = path_tree([pointer_steps(pointer) or [] for pointer in every])
    if isinstance(paths, int):
        raise _repeated(every[paths])
    absent = {index for index, pointer in enumerate(pointers) if pointer in optional}
    return JsonlFormat(names, pointers, absent, fields.row_id, paths)


def _pointer(name: str) -> str:
    pointer = name if name.startswith("/") else pointer_to(name)
    if name and pointer_steps(pointer) is not None:
        return pointer
    raise ValueError(
        f'Cannot use the field {shown(name)}: expected a JSON Pointer as "/user/email", in '
        'which "~" is "~0" and "/" is "~1", or a name'
    )


def _repeated(name: str) -> ValueError:
    return ValueError(f"Cannot use {shown(name)}: it is named twice, or within another field")

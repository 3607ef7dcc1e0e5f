"""Lines: each one becomes a Fernet token, and back."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Union

from ._replace_file import replacing
from ._tokens import BATCH_BYTES, INVALID, Batch, open_batch, seal, token_length, unix_time
from .errors import InvalidTokenError, RowError
from .fernet import (
    BadTokens,
    InTime,
    Message,
    chunked,
    decrypt_values,
    encrypt_values,
    texts,
    token_age,
)
from .keys import Key, borrowed_key

Path = Union[str, "os.PathLike[str]"]

#: Bytes of a line at most.
LONGEST_LINE = 16 << 20
_LONGEST_TOKEN = token_length(LONGEST_LINE)
_LINES = 8_192


def encrypt_line_values(values: Iterable[Message | None], key: Key) -> Iterator[str | None]:
    """Encrypts lines, a batch at a time. The key is read when the first one is asked for."""
    index = 0
    with borrowed_key(key) as secret:
        for part in chunked(values):
            for place, line in enumerate(part):
                if line is not None and _has_line_feed(line):
                    raise ValueError(
                        f"Cannot encrypt line {index + place + 1}: it holds a line feed, so "
                        "pass lines without their ends, or a file to encrypt_lines_file"
                    )
            yield from encrypt_values(secret, part)
            index += len(part)


def _has_line_feed(line: Message) -> bool:
    if isinstance(line, str):
        return "\n" in line
    return isinstance(line, (bytes, bytearray)) and b"\n" in line


def decrypt_line_values(
    tokens: Iterable[Message | None],
    key: Key,
    *,
    bad_tokens: BadTokens = "error",
    in_time: InTime | None = None,
) -> Iterator[str | None]:
    """Decrypts lines, a batch at a time."""
    index = 0
    with borrowed_key(key) as secret:
        for part in chunked(tokens):
            try:
                opened = decrypt_values(secret, part, in_time=in_time, bad_tokens=bad_tokens)
            except InvalidTokenError as error:
                at = index + (error.index or 0)
                raise InvalidTokenError(index=at, line=at + 1) from None
            yield from texts(opened)
            index += len(part)


def encrypt_lines_file(source: Path, target: Path, key: Key, *, overwrite: bool = True) -> int:
    """
    Encrypts each line of a file into a token on a line of its own, in constant memory.

    A line ends with a line feed; a carriage return belongs to it. Whether the last line has
    a line feed stays as it is. The target appears whole, or stays what it was.

    :returns: how many lines there were.
    :raises RowError: if a line has more than 16 MiB.
    :raises OSError: if the system refuses to read or write a file.
    """
    with borrowed_key(key) as secret, open(source, "rb", buffering=0) as lines:
        with replacing(target, overwrite=overwrite, source=lines) as out:
            count = 0
            for batch, ended in _batches(lines, LONGEST_LINE):
                out.write(_ended(seal(secret, batch, unix_time()).data, ended))
                count += len(batch.offsets) - 1
            return count


def decrypt_lines_file(
    source: Path,
    target: Path,
    key: Key,
    *,
    ttl: int | None = None,
    current_time: int | None = None,
    overwrite: bool = True,
) -> int:
    """
    Decrypts what :func:`encrypt_lines_file` wrote. A target appears only if every token was
    opened.

    :returns: how many lines there were.
    :raises InvalidTokenError: if a token cannot be opened; ``line`` is its line.
    :raises RowError: if a line is longer than any token.
    :raises OSError: if the system refuses to read or write a file.
    """
    in_time = token_age(ttl, current_time)
    with borrowed_key(key) as secret, open(source, "rb", buffering=0) as lines:
        with replacing(target, overwrite=overwrite, source=lines) as out:
            count = 0
            for batch, ended in _batches(lines, _LONGEST_TOKEN):
                data, lengths, times = open_batch(secret, batch)
                for index, length in enumerate(lengths):
                    if length == INVALID or (in_time and not in_time(times[index])):
                        at = count + index
                        raise InvalidTokenError(index=at, line=at + 1)
                out.write(_ended(data, ended))
                count += len(lengths)
            return count


def _ended(data: bytes | bytearray | memoryview, ended: bool) -> memoryview:
    """The lines' bytes, without the line feed that the file does not have at its end."""
    view = memoryview(data)
    return view if ended else view[:-1]


def _batches(file: BinaryIO, longest: int) -> Iterator[tuple[Batch, bool]]:
    """The lines of a file, and whether the last of them has a line feed."""
    rest = b""
    done = 0
    while True:
        chunk = file.read(BATCH_BYTES)
        if not chunk:
            break
        # What holds no line feed is joined when one comes, so that time stays linear.
        if b"\n" not in chunk:
            pieces, size = [rest, chunk], len(rest) + len(chunk)
            while size <= longest and (chunk := file.read(BATCH_BYTES)):
                pieces.append(chunk)
                size += len(chunk)
                if b"\n" in chunk:
                    break
            text = b"".join(pieces)
        else:
            text = rest + chunk
        end = text.rfind(b"\n") + 1
        for batch in _split(text[:end], longest, done):
            yield batch, True
            done += len(batch.offsets) - 1
        rest = text[end:]
        _check_length(len(rest), longest, done + 1)
    if rest:
        yield Batch(rest + b"\n", array("I", [0, len(rest) + 1]), True), False


def _split(text: bytes, longest: int, done: int) -> Iterator[Batch]:
    """Whole lines, in batches."""
    start = 0
    while start < len(text):
        offsets = array("I", [0])
        at = start
        while at < len(text) and len(offsets) <= _LINES:
            end = text.index(b"\n", at) + 1
            _check_length(end - 1 - at, longest, done + len(offsets))
            if end - start > BATCH_BYTES and at > start:
                break
            offsets.append(end - start)
            at = end
        yield Batch(memoryview(text)[start:at], offsets, True)
        done += len(offsets) - 1
        start = at


def _check_length(length: int, longest: int, line: int) -> None:
    if length > longest:
        raise RowError(f"it has more than {longest} bytes", line=line)

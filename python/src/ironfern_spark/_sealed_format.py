"""The numbers of the format ``ironfern-export``, version 1, its header, and its key."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import NamedTuple

from ._tokens import token_length
from .errors import SealedExportError
from .keys import hkdf, wipe

FORMAT = "ironfern-export"
VERSION = 1
#: Bytes of input in every slice but the last one.
SLICE = 65_510
#: Bytes before a record's data: the index (u64be) and the type (u8).
RECORD_HEAD = 9
#: Bytes of the final record's data: slices and input bytes (u64be each).
FINAL_DATA = 16
TYPE_SLICE = 0
TYPE_FINAL = 1
#: Characters of a full slice's line, without its line feed; no line is longer.
FULL_LINE = token_length(RECORD_HEAD + SLICE)
#: Bytes of the header, without its line feed, at most.
MAX_HEADER = 4_096
LEAST_ITERATIONS = 100_000
USUAL_ITERATIONS = 600_000
MOST_ITERATIONS = 10_000_000
#: The most iterations that are read, unless the reader says otherwise.
USUAL_MAX_ITERATIONS = 2_000_000
#: Slices that are sealed or opened at once, about 1 MiB; no part of the format.
BATCH_SLICES = 16

_MAX_SAFE_INTEGER = 2**53 - 1
_START = b'{"format":"ironfern-export"'


class Header(NamedTuple):
    """A header, and its line as it is in the file."""

    #: Without its line feed.
    line: bytes
    id: str
    #: ``"key"`` or ``"pbkdf2-sha256"``.
    kdf: str
    iterations: int | None = None
    salt: str | None = None


def new_header(iterations: int | None) -> Header:
    """A header of its own for a new export; without iterations its root is a key."""
    if iterations is None:
        return _with_line(_random_text(), "key", None, None)
    return _with_line(_random_text(), "pbkdf2-sha256", iterations, _random_text())


def read_header(line: bytes) -> Header:
    """
    Reads a header: what is understood of it is written again, and has to be the same.

    :raises SealedExportError: if it is not.
    """
    try:
        read = json.loads(line.decode("latin-1"))
        kdf = read["kdf"]
        header = _with_line(read["id"], kdf["name"], kdf.get("iterations"), kdf.get("salt"))
        good = header.line == line and _is_known(header)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        good = False
    if not good:
        reason = (
            "it ends with a carriage return, so the file's line feeds were converted"
            if line.endswith(b"\r")
            else None
        )
        raise SealedExportError("bad-header", 1, reason)
    return header


def header_cut_short(start: bytes) -> SealedExportError:
    """
    The error of a file that ends before its header does: one that could have gone on as a
    sealed export was cut, another one never was one.
    """
    cut = start.startswith(_START) or _START.startswith(start)
    return SealedExportError("truncated" if cut else "bad-header", 1)


def is_random_text(text: object) -> bool:
    """Whether it is what 16 bytes are written as: 22 characters of base64url."""
    if not isinstance(text, str) or len(text) != 22 or not text.isascii():
        return False
    try:
        raw = base64.urlsafe_b64decode(f"{text}==")
    except ValueError:
        return False
    return _text_of(raw) == text


def file_key(header: Header, secret: bytearray) -> bytearray:
    """The key that seals this one file; the caller wipes it."""
    root = secret
    if header.salt is not None and header.iterations is not None:
        salt = base64.urlsafe_b64decode(f"{header.salt}==")
        root = bytearray(hashlib.pbkdf2_hmac("sha256", secret, salt, header.iterations))
    try:
        purpose = f"{FORMAT}/{VERSION}".encode()
        return hkdf(root, purpose + hashlib.sha256(header.line).digest())
    finally:
        if root is not secret:
            wipe(root)


def _with_line(id: str, name: str, iterations: int | None, salt: str | None) -> Header:
    kdf: dict[str, object] = {"name": name}
    if name != "key":
        kdf |= {"iterations": iterations, "salt": salt}
    fields = {"format": FORMAT, "version": VERSION, "id": id, "kdf": kdf}
    line = json.dumps(fields, separators=(",", ":")).encode("ascii")
    if name == "key":
        return Header(line, id, name)
    return Header(line, id, name, iterations, salt)


def _is_known(header: Header) -> bool:
    if not is_random_text(header.id):
        return False
    if header.kdf == "key":
        return True
    count = header.iterations
    is_count = isinstance(count, int) and not isinstance(count, bool)
    in_bounds = is_count and count is not None and abs(count) <= _MAX_SAFE_INTEGER
    return header.kdf == "pbkdf2-sha256" and in_bounds and is_random_text(header.salt)


def _random_text() -> str:
    return _text_of(os.urandom(16))


def _text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")

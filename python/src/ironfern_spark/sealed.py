"""Sealed exports, from file to file and through streams, in constant memory."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, Union

from ._line_reader import LineReader
from ._replace_file import Path, replacing
from ._sealed_format import (
    LEAST_ITERATIONS,
    MOST_ITERATIONS,
    USUAL_ITERATIONS,
    USUAL_MAX_ITERATIONS,
    Header,
    file_key,
    is_random_text,
    new_header,
)
from ._sealed_reader import ExportReader, read_header_line
from ._sealed_writer import sealed_batches
from .keys import Key, Passphrase, read_key, read_passphrase, wipe

#: A file's path, or an open binary file.
Source = Union[str, "os.PathLike[str]", BinaryIO]

_MAX_ITERATIONS = 2**32 - 1


class SealedExportInfo(NamedTuple):
    """What was sealed, or opened to its end."""

    #: The export's name for good: 22 characters of base64url.
    id: str
    #: How many slices there are.
    slices: int
    #: Bytes of the data.
    bytes: int


class ExportInspection(NamedTuple):
    """What an export says of itself. **Nothing of it is verified.**"""

    id: str
    #: ``"key"`` or ``"pbkdf2-sha256"``.
    kdf: str
    #: PBKDF2 iterations; ``None`` with a key.
    iterations: int | None
    #: When it was sealed, in Unix seconds, if that can be read.
    time: int | None


class OpenedExport(Iterator[bytes]):
    """
    The data of an export, in pieces that are authenticated. Until the iteration has ended
    without an error it is only the beginning of the data.
    """

    def __init__(self, pieces: Iterator[bytes], reader: ExportReader) -> None:
        self._pieces = pieces
        self._reader = reader
        self._ended = False

    def __iter__(self) -> OpenedExport:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except StopIteration:
            self._ended = True
            raise

    @property
    def info(self) -> SealedExportInfo:
        """
        What was opened.

        :raises ValueError: before the iteration has ended.
        """
        if not self._ended:
            raise ValueError("Cannot tell what was opened: the export was not read to its end")
        reader = self._reader
        return SealedExportInfo(reader.header.id, reader.slices, reader.bytes)


def seal_file(
    source: Path,
    target: Path,
    *,
    passphrase: Passphrase | None = None,
    key: Key | None = None,
    iterations: int | None = None,
    overwrite: bool = True,
) -> SealedExportInfo:
    """
    Seals a file. The target appears whole and on the disk, or stays what it was.

    :param passphrase: exactly one of ``passphrase`` and ``key``.
    :param iterations: of PBKDF2, 100,000 to 10,000,000, by default 600,000; not with a key.
    :raises TypeError: if there is not exactly one secret.
    :raises ValueError: if the secret or the iterations are out of their bounds.
    :raises OSError: if the system refuses to read or write a file.
    """
    secret, header = _sealing(passphrase, key, iterations)
    try:
        with open(source, "rb", buffering=0) as data:
            with replacing(target, overwrite=overwrite, source=data) as out:
                return _write_export(data, out, secret, header)
    finally:
        wipe(secret)


def seal_stream(
    source: BinaryIO,
    target: BinaryIO,
    *,
    passphrase: Passphrase | None = None,
    key: Key | None = None,
    iterations: int | None = None,
) -> SealedExportInfo:
    """Seals what a binary file gives into another one, as :func:`seal_file`."""
    secret, header = _sealing(passphrase, key, iterations)
    try:
        return _write_export(source, target, secret, header)
    finally:
        wipe(secret)


def open_export(
    source: BinaryIO,
    *,
    passphrase: Passphrase | None = None,
    key: Key | None = None,
    max_iterations: int = USUAL_MAX_ITERATIONS,
    expect_id: str | None = None,
) -> OpenedExport:
    """
    Opens an export that a binary file gives. **Keep nothing of what it yields until it has
    ended without an error.**

    :param max_iterations: the most iterations that the file may ask for: nobody has
        authenticated their number when they are done.
    :param expect_id: the id that the export must have.
    :raises SealedExportError: when used: at the first line that is not as it was sealed.
    :raises TypeError: if there is not exactly one secret.
    :raises ValueError: if an option is out of its bounds.
    """
    _check_opening(max_iterations, expect_id)
    kind, secret = _secret(passphrase, key)
    reader = ExportReader(source, kind, max_iterations, expect_id)

    def pieces() -> Iterator[bytes]:
        try:
            yield from reader.read(secret)
        finally:
            wipe(secret)

    return OpenedExport(pieces(), reader)


def open_file(
    source: Path,
    target: Path,
    *,
    passphrase: Passphrase | None = None,
    key: Key | None = None,
    max_iterations: int = USUAL_MAX_ITERATIONS,
    expect_id: str | None = None,
    overwrite: bool = True,
) -> SealedExportInfo:
    """
    Opens an export into a file, which appears only when all of it was opened.

    :raises SealedExportError: if the export is not as it was sealed.
    :raises TypeError: as :func:`open_export`.
    :raises ValueError: as :func:`open_export`.
    :raises OSError: if the system refuses to read or write a file.
    """
    with open(source, "rb", buffering=0) as sealed:
        opened = open_export(
            sealed,
            passphrase=passphrase,
            key=key,
            max_iterations=max_iterations,
            expect_id=expect_id,
        )
        with replacing(target, overwrite=overwrite, source=sealed) as out:
            for piece in opened:
                out.write(piece)
            return opened.info


def verify_export(
    source: Source,
    *,
    passphrase: Passphrase | None = None,
    key: Key | None = None,
    max_iterations: int = USUAL_MAX_ITERATIONS,
    expect_id: str | None = None,
) -> SealedExportInfo:
    """Opens an export to its end and keeps nothing of it; errors as :func:`open_export`."""
    with _opened(source) as sealed:
        opened = open_export(
            sealed,
            passphrase=passphrase,
            key=key,
            max_iterations=max_iterations,
            expect_id=expect_id,
        )
        for _ in opened:
            pass
        return opened.info


def inspect_export(source: Source) -> ExportInspection:
    """
    Reads what an export says of itself, without a secret: **nothing of it is verified**.

    :raises SealedExportError: if the first line is no header.
    :raises OSError: if the system refuses to read the file.
    """
    with _opened(source) as sealed:
        lines = LineReader(sealed)
        header = read_header_line(lines)
        start = lines.readline(12)
    return ExportInspection(header.id, header.kdf, header.iterations, _time_of(start))


class _opened:  # noqa: N801
    """Opens a path for the length of a block; leaves an open file open."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._file: BinaryIO | None = None

    def __enter__(self) -> BinaryIO:
        if isinstance(self._source, (str, os.PathLike)):
            self._file = open(self._source, "rb", buffering=0)
            return self._file
        return self._source

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def _time_of(start: bytes) -> int | None:
    try:
        raw = base64.urlsafe_b64decode(start)
    except ValueError:
        return None
    time = int.from_bytes(raw[1:9], "big")
    return time if len(raw) == 9 and raw[0] == 0x80 and time < 2**53 else None


def _secret(passphrase: Passphrase | None, key: Key | None) -> tuple[str, bytearray]:
    if (passphrase is None) == (key is None):
        raise TypeError("Cannot use the secret: give exactly one of passphrase and key")
    if key is not None:
        return "key", read_key(key)
    assert passphrase is not None
    return "passphrase", read_passphrase(passphrase)


def _sealing(
    passphrase: Passphrase | None, key: Key | None, iterations: int | None
) -> tuple[bytearray, Header]:
    if iterations is not None:
        if key is not None:
            raise TypeError("Cannot use iterations with a key: there is nothing to derive")
        _check_count("iterations", iterations, MOST_ITERATIONS)
    kind, secret = _secret(passphrase, key)
    count = USUAL_ITERATIONS if iterations is None else iterations
    return secret, new_header(None if kind == "key" else count)


def _check_opening(max_iterations: int, expect_id: str | None) -> None:
    _check_count("max_iterations", max_iterations, _MAX_ITERATIONS)
    if expect_id is not None and not is_random_text(expect_id):
        raise ValueError("Cannot use expect_id: expected 22 characters of base64url")


def _check_count(name: str, count: int, most: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"Cannot use {name}: expected an integer, got {type(count).__name__}")
    if not LEAST_ITERATIONS <= count <= most:
        raise ValueError(f"Cannot use {name}: expected {LEAST_ITERATIONS} to {most}")


def _write_export(
    data: BinaryIO, out: BinaryIO, secret: bytearray, header: Header
) -> SealedExportInfo:
    key = file_key(header, secret)
    try:
        out.write(header.line + b"\n")
        slices = size = 0
        for batch in sealed_batches(data, key):
            out.write(batch.lines)
            slices, size = batch.slices, batch.bytes
        return SealedExportInfo(header.id, slices, size)
    finally:
        wipe(key)

"""
Replacing a file as a whole: its name stands for the old content or for all of the new one,
whatever happens in between.

The content is written to ``.ironfern-HASH-RANDOM.tmp`` in the target's folder, where HASH is
of the target's name, and takes the target's name when it is on the disk. A process that is
killed leaves that file behind, and the next one with the same target removes it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, BinaryIO, Union

Path = Union[str, "os.PathLike[str]"]

#: A folder that cannot be opened or synced, as on Windows, needs no sync.
_NO_SYNC = (errno.EACCES, errno.EBADF, errno.EINVAL, errno.EISDIR, errno.EPERM)


@contextmanager
def replacing(
    target: Path, *, overwrite: bool = True, source: IO[bytes] | None = None
) -> Iterator[BinaryIO]:
    """
    A file to write to, which becomes the target at the end of the block, and vanishes if the
    block raises. Only its owner can read it. A symbolic link's own target is written.

    :param source: the open input, which must not be the same file.
    :raises FileExistsError: if the target exists and is not to be replaced.
    :raises OSError: if it is no file, is the source, or cannot be written.
    """
    path = os.path.realpath(os.fspath(target))
    _check_target(path, overwrite, source)
    start = _temporary_start(path)
    _remove_leftovers(start, source)
    temporary = f"{start}{os.urandom(8).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _publish(temporary, path, overwrite)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(os.path.dirname(path))


def _check_target(path: str, overwrite: bool, source: IO[bytes] | None) -> None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return
    if not os.path.isfile(path):
        raise OSError(errno.EINVAL, "Cannot write it: it is not a file", path)
    if source is not None and os.path.samestat(status, os.fstat(source.fileno())):
        raise OSError(errno.EINVAL, "Cannot write it: it is the same file as the input", path)
    if not overwrite:
        raise _exists(path)


def _exists(path: str) -> FileExistsError:
    return FileExistsError(errno.EEXIST, "Cannot write it: it exists, overwrite is False", path)


def _temporary_start(path: str) -> str:
    folder, name = os.path.split(path)
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    return os.path.join(folder, f".ironfern-{digest}-")


def _remove_leftovers(start: str, source: IO[bytes] | None) -> None:
    """
    Removes what runs left that were killed. Nothing tells whether a writer still lives: of
    two that write one target at once, the later one wins and the earlier one fails.
    """
    folder, beginning = os.path.split(start)
    name = re.compile(re.escape(beginning) + r"[0-9a-f]{16}\.tmp")
    for entry in os.listdir(folder):
        if not name.fullmatch(entry):
            continue
        leftover = os.path.join(folder, entry)
        with suppress(OSError):
            is_source = source is not None and os.path.samestat(
                os.stat(leftover), os.fstat(source.fileno())
            )
            if not is_source:
                os.unlink(leftover)


def _publish(temporary: str, path: str, overwrite: bool) -> None:
    if overwrite:
        try:
            os.replace(temporary, path)
        except FileNotFoundError:
            raise OSError(
                errno.ENOENT,
                "Cannot write it: the temporary file is gone, so another run began later",
                path,
            ) from None
        return
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:
        # There are no hard links here.
        if os.path.lexists(path):
            raise _exists(path) from None
        os.replace(temporary, path)
        return
    with suppress(OSError):
        os.unlink(temporary)


def _sync_folder(folder: str) -> None:
    """Makes the new name last, not only the content."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno in _NO_SYNC:
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)

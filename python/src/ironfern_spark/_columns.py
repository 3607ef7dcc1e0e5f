"""
Columns: the kernel takes the very layout of Arrow's strings, bytes back to back and offsets,
so that no value becomes an object of Python.
"""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ._tokens import (
    BATCH_BYTES,
    BATCH_RECORDS,
    INVALID,
    Batch,
    open_batch,
    seal,
    unix_time,
)
from .errors import InvalidTokenError
from .fernet import BadTokens, InTime

_Numbers = npt.NDArray[np.int64]


def encrypt_series(key: bytearray, column: pd.Series[Any]) -> pd.Series[Any]:
    """
    Encrypts a series of text, or of bytes. Nulls stay nulls.

    :raises TypeError: if its values are of another type.
    """
    values = _arrow(column, "encrypt")
    if values is None:
        return column
    data, offsets, present = _parts(values)
    when = unix_time()
    tokens: list[bytes] = []
    lengths: list[_Numbers] = []
    for start, end in _ranges(offsets):
        sealed = seal(key, _batch(data, offsets, start, end), when)
        tokens.append(bytes(sealed.data))
        lengths.append(np.diff(np.asarray(sealed.offsets, dtype=np.int64)))
    return _series(tokens, _joined(lengths), present, pa.large_string(), column)


def decrypt_series(
    key: bytearray,
    column: pd.Series[Any],
    *,
    binary: bool,
    bad_tokens: BadTokens,
    in_time: InTime | None,
) -> pd.Series[Any]:
    """
    Decrypts a series of tokens. Nulls stay nulls.

    :raises InvalidTokenError: if a token cannot be opened, and that is to be an error.
    :raises TypeError: if the values are neither text nor bytes.
    :raises ValueError: if a message is to be text and is not UTF-8.
    """
    values = _arrow(column, "decrypt")
    if values is None:
        return column
    data, offsets, present = _parts(values)
    messages: list[bytes] = []
    lengths: list[_Numbers] = []
    valid = np.ones(len(offsets) - 1, dtype=np.bool_)
    for start, end in _ranges(offsets):
        opened, sizes, times = open_batch(key, _batch(data, offsets, start, end))
        found = np.asarray(sizes, dtype=np.int64)
        good = found != INVALID
        kept = np.where(good, found, 0)
        if in_time is not None:
            fresh = np.fromiter((in_time(time) for time in times), np.bool_, len(times))
            good &= fresh
        if bad_tokens == "error" and not good.all():
            # A position within Spark's batch would tell nobody anything.
            raise InvalidTokenError()
        messages.append(_without(bytes(opened), kept, good))
        lengths.append(np.where(good, kept, 0))
        valid[start:end] = good
    seen = present.copy()
    seen[present] = valid
    kind = pa.large_binary() if binary else pa.large_string()
    full = np.zeros(len(present), dtype=np.int64)
    full[present] = _joined(lengths)
    return _series(messages, full[seen], seen, kind, column)


def _without(data: bytes, lengths: _Numbers, good: npt.NDArray[np.bool_]) -> bytes:
    """The messages that are accepted, of all that could be opened."""
    if good.all() or not lengths[~good].any():
        return data
    ends = np.cumsum(lengths)
    return b"".join(
        data[end - length : end] for end, length, ok in zip(ends, lengths, good) if ok
    )


def _arrow(column: pd.Series[Any], doing: str) -> pa.Array | None:
    """The column in Arrow's layout; ``None`` if there is no value in it."""
    try:
        values = pa.Array.from_pandas(column, type=pa.large_binary())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        # Their own messages may hold a value.
        raise TypeError(
            f"Cannot {doing} the column: expected text or binary data, so cast it to string"
        ) from None
    return None if values.null_count == len(values) else values


def _parts(values: pa.Array) -> tuple[memoryview, _Numbers, npt.NDArray[np.bool_]]:
    """The bytes of the values that are not null, their offsets, and which they are."""
    present = values.is_valid().to_numpy(zero_copy_only=False)
    dense = values.drop_null()
    _, offsets, data = dense.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[dense.offset :][: len(dense) + 1]
    return memoryview(data if data is not None else b""), places, present


def _ranges(offsets: _Numbers) -> list[tuple[int, int]]:
    """Runs of values that each fit a batch."""
    runs = []
    start = 0
    count = len(offsets) - 1
    while start < count:
        limit = int(offsets[start]) + BATCH_BYTES
        end = int(np.searchsorted(offsets, limit, side="right")) - 1
        end = min(max(end, start + 1), start + BATCH_RECORDS, count)
        runs.append((start, end))
        start = end
    return runs


def _batch(data: memoryview, offsets: _Numbers, start: int, end: int) -> Batch:
    first, last = int(offsets[start]), int(offsets[end])
    words = array("I")
    words.frombytes((offsets[start : end + 1] - first).astype(np.uint32).tobytes())
    return Batch(data[first:last], words)


def _joined(lengths: list[_Numbers]) -> _Numbers:
    return np.concatenate(lengths) if lengths else np.zeros(0, dtype=np.int64)


def _series(
    parts: list[bytes],
    lengths: _Numbers,
    present: npt.NDArray[np.bool_],
    kind: pa.DataType,
    like: pd.Series[Any],
) -> pd.Series[Any]:
    """A series of these values, with nulls where there is none."""
    full = np.zeros(len(present), dtype=np.int64)
    full[present] = lengths
    offsets = np.zeros(len(present) + 1, dtype=np.int64)
    np.cumsum(full, out=offsets[1:])
    validity = pa.py_buffer(np.packbits(present, bitorder="little").tobytes())
    buffers = [validity, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(parts))]
    values = pa.Array.from_buffers(kind, len(present), buffers)
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        raise ValueError(
            "Cannot give a message as text: it is not UTF-8, so ask for binary=True"
        ) from None
    return pd.Series(values.to_numpy(zero_copy_only=False), index=like.index, dtype=object)

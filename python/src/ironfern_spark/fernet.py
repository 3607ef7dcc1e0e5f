"""Fernet tokens of many values at once, and how old they may be."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal, TypeVar, Union, overload

from ._tokens import (
    BATCH_BYTES,
    BATCH_RECORDS,
    INVALID,
    LONGEST_MESSAGE,
    Batch,
    offsets_of,
    open_batch,
    ranges,
    seal,
    unix_time,
)
from .errors import InvalidTokenError
from .keys import Key, borrowed_key

#: A message, as text (in UTF-8) or bytes.
Message = Union[str, bytes, bytearray]
#: What becomes of a token that cannot be opened: an error, or ``None`` in its place.
BadTokens = Literal["error", "null"]

#: Seconds that a token's clock may be ahead of ours (fernet/spec).
_MAX_CLOCK_SKEW = 60
#: Seconds of some 3,000 years: who asks for more counts milliseconds.
_MILLISECONDS = 10**11

T = TypeVar("T")
InTime = Callable[[int], bool]


def encrypt_many(messages: Sequence[Message | None], key: Key) -> list[str | None]:
    """
    Encrypts messages into tokens, which ``cryptography.fernet`` reads. ``None`` stays ``None``.

    :raises TypeError: if a message is neither text nor bytes nor ``None``.
    :raises ValueError: if one is longer than 256 MiB, or holds a lone surrogate.
    """
    with borrowed_key(key) as secret:
        return encrypt_values(secret, messages)


@overload
def decrypt_many(
    tokens: Sequence[Message | None],
    key: Key,
    *,
    text: Literal[True] = True,
    bad_tokens: BadTokens = "error",
    ttl: int | None = None,
    current_time: int | None = None,
) -> list[str | None]: ...


@overload
def decrypt_many(
    tokens: Sequence[Message | None],
    key: Key,
    *,
    text: Literal[False],
    bad_tokens: BadTokens = "error",
    ttl: int | None = None,
    current_time: int | None = None,
) -> list[bytes | None]: ...


def decrypt_many(
    tokens: Sequence[Message | None],
    key: Key,
    *,
    text: bool = True,
    bad_tokens: BadTokens = "error",
    ttl: int | None = None,
    current_time: int | None = None,
) -> list[str | None] | list[bytes | None]:
    """
    Decrypts tokens. ``None`` stays ``None``.

    :param text: whether the messages are text in UTF-8; otherwise they are bytes.
    :param bad_tokens: ``"null"`` gives ``None`` in the place of a token that cannot be opened.
    :param ttl: how many seconds a token is valid; without it time is not looked at.
    :param current_time: the Unix time to compare with, instead of now; only with ``ttl``.
    :raises InvalidTokenError: if a token cannot be opened; ``index`` is its position.
    :raises ValueError: if a message is not UTF-8, or a time is out of its bounds.
    """
    check_bad_tokens(bad_tokens)
    in_time = token_age(ttl, current_time)
    with borrowed_key(key) as secret:
        opened = decrypt_values(secret, tokens, in_time=in_time, bad_tokens=bad_tokens)
    return texts(opened) if text else opened


def encrypt_values(key: bytearray, messages: Sequence[Message | None]) -> list[str | None]:
    """As :func:`encrypt_many`, under the bytes of a key."""
    data, lengths = _joined(messages, message_bytes)
    when = unix_time()
    tokens: list[str | None] = []
    for batch in _batches(data, lengths):
        sealed = seal(key, batch, when)
        text = bytes(sealed.data).decode("ascii")
        tokens += [text[a:b] for a, b in pairwise(sealed.offsets)]
    return _with_nulls(tokens, messages)


def decrypt_values(
    key: bytearray,
    tokens: Sequence[Message | None],
    *,
    in_time: InTime | None = None,
    bad_tokens: BadTokens = "error",
) -> list[bytes | None]:
    """As :func:`decrypt_many` with ``text=False``, under the bytes of a key."""
    data, lengths = _joined(tokens, _token_bytes)
    messages: list[bytes | None] = []
    for batch in _batches(data, lengths):
        messages += _open_messages(key, batch, in_time)
    messages = _with_nulls(messages, tokens)
    if bad_tokens == "error" and None in messages:
        for index, message in enumerate(messages):
            if message is None and tokens[index] is not None:
                raise InvalidTokenError(index=index)
    return messages


def _open_messages(key: bytearray, batch: Batch, in_time: InTime | None) -> list[bytes | None]:
    opened, lengths, times = open_batch(key, batch)
    data = bytes(opened)
    opened[:] = bytes(len(opened))
    messages: list[bytes | None] = []
    at = 0
    for length, time in zip(lengths, times):
        if length == INVALID:
            messages.append(None)
            continue
        good = in_time is None or in_time(time)
        messages.append(data[at : at + length] if good else None)
        at += length
    return messages


def _joined(
    values: Sequence[Message | None], convert: Callable[[Message, int], bytes]
) -> tuple[bytes, list[int]]:
    """The bytes of the values that are not ``None``, back to back, and their lengths."""
    try:
        text = "".join(values)  # type: ignore[arg-type]
    except TypeError:
        text = "é"  # not all of them are text
    # Text in ASCII, which is converted at once, takes half of the time.
    if text.isascii() and len(text) <= LONGEST_MESSAGE:
        return text.encode(), list(map(len, values))  # type: ignore[arg-type]
    parts = [convert(value, i) for i, value in enumerate(values) if value is not None]
    return b"".join(parts), list(map(len, parts))


def _batches(data: bytes, lengths: list[int]) -> Iterator[Batch]:
    view = memoryview(data)
    at = 0
    for start, end in ranges(lengths):
        offsets = offsets_of(lengths[start:end])
        size = offsets[-1]
        yield Batch(view[at : at + size], offsets)
        at += size


def _with_nulls(found: list[T | None], values: Sequence[object]) -> list[T | None]:
    """A result for each value, ``None`` for ``None``."""
    if len(found) == len(values):
        return found
    rest = iter(found)
    return [None if value is None else next(rest) for value in values]


def texts(messages: list[bytes | None]) -> list[str | None]:
    """
    Messages as text.

    :raises ValueError: if one is not UTF-8.
    """
    try:
        return [None if m is None else m.decode() for m in messages]
    except UnicodeDecodeError:
        # Its own error holds the message.
        raise ValueError(
            "Cannot give a message as text: it is not UTF-8, so ask for bytes"
        ) from None


def message_bytes(message: Message, index: int) -> bytes:
    """
    The bytes of a message.

    :raises TypeError: if it is neither text nor bytes.
    :raises ValueError: if it is too long, or holds a lone surrogate.
    """
    if isinstance(message, str):
        try:
            data = message.encode()
        except UnicodeEncodeError:
            # Its own error holds the message.
            raise ValueError(f"Cannot encrypt value {index}: it has a lone surrogate") from None
    elif isinstance(message, (bytes, bytearray)):
        data = bytes(message)
    else:
        raise TypeError(
            f"Cannot encrypt value {index}: expected text or bytes, "
            f"got {type(message).__name__}"
        )
    if len(data) > LONGEST_MESSAGE:
        raise ValueError(
            f"Cannot encrypt value {index}: it has more than {LONGEST_MESSAGE} bytes, "
            "so use a sealed export"
        )
    return data


def _token_bytes(token: Message, index: int) -> bytes:
    if isinstance(token, str):
        # What is not ASCII is no token.
        return token.encode("ascii", "replace")
    if isinstance(token, (bytes, bytearray)):
        return bytes(token)
    raise TypeError(
        f"Cannot decrypt value {index}: expected a token, got {type(token).__name__}"
    )


def check_bad_tokens(bad_tokens: BadTokens) -> None:
    """
    Checks the option.

    :raises ValueError: if it is neither of the two.
    """
    if bad_tokens not in ("error", "null"):
        raise ValueError('Cannot use bad_tokens: expected "error" or "null"')


def token_age(ttl: int | None, current_time: int | None) -> InTime | None:
    """
    Checks the two options, and says whether a token of a Unix time is accepted.

    :raises TypeError: if one is no number, or ``current_time`` is without ``ttl``.
    :raises ValueError: if one is negative or in milliseconds.
    """
    if ttl is None:
        if current_time is not None:
            raise TypeError("Cannot use current_time without ttl: nothing would be compared")
        return None
    for name, value in (("ttl", ttl), ("current_time", current_time)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"Cannot use {name}: expected seconds, got {type(value).__name__}")
        if not 0 <= value < _MILLISECONDS:
            raise ValueError(f"Cannot use {name}: expected seconds, from 0 to less than 10^11")
    age = ttl

    def in_time(time: int) -> bool:
        # A stream may last longer than its tokens.
        now = int(clock.time()) if current_time is None else current_time
        return time + age >= now and time <= now + _MAX_CLOCK_SKEW

    return in_time


def chunked(values: Iterable[Message | None]) -> Iterator[list[Message | None]]:
    """About as many values as fit a batch, again and again."""
    part: list[Message | None] = []
    size = 0
    for value in values:
        part.append(value)
        size += len(value) if isinstance(value, (str, bytes, bytearray)) else 0
        if size >= BATCH_BYTES or len(part) == BATCH_RECORDS:
            yield part
            part, size = [], 0
    if part:
        yield part

"""Fernet tokens of many values at once, and how old they may be."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal, Union, overload

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
    given = [None if m is None else message_bytes(m, i) for i, m in enumerate(messages)]
    records = [m for m in given if m is not None]
    when = unix_time()
    tokens: list[str] = []
    for start, end in ranges([len(record) for record in records]):
        part = records[start:end]
        offsets = offsets_of([len(record) for record in part])
        sealed = seal(key, Batch(b"".join(part), offsets), when)
        text = bytes(sealed.data).decode("ascii")
        places = sealed.offsets.tolist()
        tokens += [text[a:b] for a, b in pairwise(places)]
    if len(records) == len(given):
        return list(tokens)
    rest = iter(tokens)
    return [None if m is None else next(rest) for m in given]


def decrypt_values(
    key: bytearray,
    tokens: Sequence[Message | None],
    *,
    in_time: InTime | None = None,
    bad_tokens: BadTokens = "error",
) -> list[bytes | None]:
    """As :func:`decrypt_many` with ``text=False``, under the bytes of a key."""
    given = [None if t is None else _token_bytes(t, i) for i, t in enumerate(tokens)]
    records = [t for t in given if t is not None]
    messages: list[bytes | None] = []
    for start, end in ranges([len(record) for record in records]):
        messages += _open_part(key, records[start:end], in_time)
    if len(records) < len(given):
        rest = iter(messages)
        messages = [None if t is None else next(rest) for t in given]
    if bad_tokens == "error":
        for index, message in enumerate(messages):
            if message is None and given[index] is not None:
                raise InvalidTokenError(index=index)
    return messages


def _open_part(
    key: bytearray, tokens: list[bytes], in_time: InTime | None
) -> list[bytes | None]:
    batch = Batch(b"".join(tokens), offsets_of([len(token) for token in tokens]))
    data, lengths, times = open_batch(key, batch)
    messages: list[bytes | None] = []
    at = 0
    for length, time in zip(lengths, times):
        if length == INVALID:
            messages.append(None)
            continue
        good = in_time is None or in_time(time)
        messages.append(bytes(data[at : at + length]) if good else None)
        at += length
    data[:] = bytes(len(data))
    return messages


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

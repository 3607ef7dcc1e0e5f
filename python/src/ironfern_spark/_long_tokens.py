"""
Fernet tokens too long for a batch: AES-128-CBC and HMAC-SHA256 in pieces that fit the
kernel's arena.
"""

from __future__ import annotations

import base64
import hmac
import struct
from collections.abc import Callable

from ._kernel import Arena, Kernel, with_kernel

#: Bytes that are worked on in one call, a multiple of a block.
_PIECE = 1 << 20
_BLOCK = 16
_TAG = 32
_PREFIX = 1 + 8 + _BLOCK
_VERSION = 0x80

_Bytes = bytes | bytearray | memoryview


def seal(
    key: bytes | bytearray, data: _Bytes, lengths: list[int], heads: bytearray, gap: int
) -> bytearray:
    """Seals the records into tokens, each with ``gap`` line feeds after it."""
    out = bytearray()
    at = 0
    view = memoryview(data)
    for index, length in enumerate(lengths):
        out += _seal_one(key, view[at : at + length], heads[24 * index : 24 * index + 24])
        out += b"\n" * gap
        at += length + gap
    return out


def _seal_one(key: bytes | bytearray, message: memoryview, head: bytearray) -> bytes:
    padding = _BLOCK - len(message) % _BLOCK
    padded = bytearray(message) + bytes([padding]) * padding
    try:
        body = _cbc("cbc_encrypt", key[_BLOCK:], bytes(head[8:]), padded)
    finally:
        padded[:] = bytes(len(padded))
    signed = bytes([_VERSION]) + head + body
    return base64.urlsafe_b64encode(signed + _mac(key[:_BLOCK], signed))


def open_token(key: bytes | bytearray, token: memoryview) -> tuple[bytes, int] | None:
    """The message of a token, and its time; ``None`` for a token that is not valid."""
    raw = _decode(bytes(token))
    if raw is None or len(raw) < _PREFIX + _BLOCK + _TAG or raw[0] != _VERSION:
        return None
    if (len(raw) - _PREFIX - _TAG) % _BLOCK:
        return None
    signed = raw[:-_TAG]
    if not hmac.compare_digest(_mac(key[:_BLOCK], signed), raw[-_TAG:]):
        return None
    padded = _cbc("cbc_decrypt", key[_BLOCK:], raw[9:_PREFIX], signed[_PREFIX:])
    padding = padded[-1]
    good = 1 <= padding <= _BLOCK and padded.endswith(bytes([padding]) * padding)
    time = struct.unpack_from(">Q", raw, 1)[0]
    return (bytes(padded[:-padding]), time) if good else None


def _decode(text: bytes) -> bytes | None:
    """Strict base64url: what is not what its bytes are encoded as is ``None``."""
    try:
        raw = base64.urlsafe_b64decode(text)
    except ValueError:
        return None
    return raw if base64.urlsafe_b64encode(raw) == text else None


def _cbc(operation: str, key: _Bytes, iv: bytes, data: _Bytes) -> bytearray:
    out = bytearray()
    view = memoryview(data)
    for start in range(0, len(view), _PIECE):
        piece, iv = with_kernel(_cbc_piece(operation, key, iv, view[start : start + _PIECE]))
        out += piece
    return out


def _cbc_piece(
    operation: str, key: _Bytes, iv: bytes, piece: memoryview
) -> Callable[[Kernel, Arena], tuple[bytearray, bytes]]:
    def work(kernel: Kernel, arena: Arena) -> tuple[bytearray, bytes]:
        key_at, iv_at, data_at = arena.write(key), arena.write(iv), arena.write(piece)
        kernel.run(operation, key_at, iv_at, data_at, len(piece))
        return arena.read(data_at, len(piece)), bytes(arena.read(iv_at, _BLOCK))

    return work


def _mac(key: _Bytes, data: bytes) -> bytes:
    return hmac.digest(bytes(key), data, "sha256")

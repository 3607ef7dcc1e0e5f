"""
Keys and passphrases, and where they come from.

A job of Spark takes :class:`SecretFile` or :class:`SecretVariable` only: what is sent to the
workers then is a path or the name of a variable, which each worker reads for itself.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Union

KEY_LENGTH = 32
_LONGEST = 1 << 20
_HEXADECIMAL = re.compile(rb"[0-9a-fA-F]{64}\Z")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{43}=?\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SPACE = b" \t\n\r\f\v"
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_EXPECTED = "expected 44 characters as generate_key() writes them"


@dataclass(frozen=True)
class SecretFile:
    """
    A secret that is read from a file, by each process that needs it.

    Spaces and line ends around a key do not count; of a passphrase one line end at its end
    does not. The file should be readable by its owner only.
    """

    path: str

    def __init__(self, path: str | os.PathLike[str]) -> None:
        text = os.fspath(path)
        if text.endswith("=") and _BASE64.match(text.encode("utf-8", "replace")):
            raise ValueError("Cannot use the path: it is a key, expected where to find one")
        object.__setattr__(self, "path", text)

    def read(self) -> bytearray:
        """
        The secret's bytes as they stand in the file.

        :raises OSError: if the file cannot be read; the error does not name it.
        :raises ValueError: if it is empty, too long, or begins with a byte order mark.
        """
        try:
            with open(self.path, "rb", buffering=0) as file:
                others = stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o066
                content = bytearray(file.read(_LONGEST + 3) or b"")
        except (OSError, ValueError) as error:
            # A name may be the secret itself, given by mistake.
            reason = getattr(error, "strerror", None) or "it is no path"
            number = getattr(error, "errno", None) or 0
            raise OSError(number, f"Cannot read the file of the secret: {reason}") from None
        if others and os.name == "posix":
            warnings.warn("Others can read the file of the secret: chmod 600 it", stacklevel=2)
        if len(content) > _LONGEST + 2:
            raise ValueError("Cannot use the secret: its file has more than 1 MiB")
        if content.startswith(_BYTE_ORDER_MARKS):
            raise ValueError(
                "Cannot use the secret: its file begins with a byte order mark, "
                "so save it as UTF-8 without"
            )
        if content.endswith(b"\n"):
            del content[-1:]
            if content.endswith(b"\r"):
                del content[-1:]
        if not content:
            raise ValueError("Cannot use the secret: its file is empty")
        return content


@dataclass(frozen=True)
class SecretVariable:
    """A secret that is read from an environment variable, by each process that needs it."""

    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.match(self.name):
            # The name may be the secret itself, given by mistake.
            raise ValueError("Cannot use the variable: expected its name, not the secret")

    def read(self) -> bytearray:
        """
        The secret's bytes.

        :raises ValueError: if the variable is not set, or empty.
        """
        # A variable's name may be the secret itself, given by mistake.
        value = os.environb.get(os.fsencode(self.name)) if os.supports_bytes_environ else None
        if not os.supports_bytes_environ and self.name in os.environ:
            value = os.environ[self.name].encode()
        if value is None:
            raise ValueError(
                "Cannot use the secret: no variable of that name is set in this process; "
                "SecretVariable takes the name of a variable, not the secret"
            )
        if not value:
            raise ValueError("Cannot use the secret: the variable is empty")
        return bytearray(value)


#: Where a worker reads its secret.
SecretSource = Union[SecretFile, SecretVariable]
#: A key: where to read it, its text, or its 32 bytes.
Key = Union[SecretFile, SecretVariable, str, bytes, bytearray]
#: A passphrase: where to read it, or its text or bytes.
Passphrase = Union[SecretFile, SecretVariable, str, bytes, bytearray]


def generate_key() -> str:
    """A new random key as text: 44 characters, as ``cryptography.fernet`` writes them."""
    return base64.urlsafe_b64encode(os.urandom(KEY_LENGTH)).decode("ascii")


def read_key(key: Key) -> bytearray:
    """
    The 32 bytes of a key; the caller wipes them.

    :raises TypeError: if it is no key and no source of one.
    :raises ValueError: if it is not 32 bytes, or base64 text of 32 bytes.
    """
    if isinstance(key, (SecretFile, SecretVariable)):
        text = key.read()
        try:
            return _key_of_text(bytes(text))
        finally:
            wipe(text)
    if isinstance(key, str):
        return _key_of_text(key.encode("utf-8", "replace"))
    if isinstance(key, (bytes, bytearray)):
        if len(key) == KEY_LENGTH:
            return bytearray(key)
        return _key_of_text(bytes(key))
    raise TypeError(
        f"Cannot use the key: expected a SecretFile, a SecretVariable, text or bytes, "
        f"got {type(key).__name__}"
    )


def _key_of_text(given: bytes) -> bytearray:
    text = given.strip(_SPACE)
    if _HEXADECIMAL.match(text):
        raise ValueError(
            "Cannot use the key: it has 64 hexadecimal digits, expected base64; "
            "decode it to 32 bytes"
        )
    if not _BASE64.match(text):
        raise ValueError(
            f"Cannot use the key: its {len(text)} characters are not the base64 of "
            f"{KEY_LENGTH} bytes, {_EXPECTED}"
        )
    url_safe = text.rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_") + b"="
    try:
        key = bytearray(base64.urlsafe_b64decode(url_safe))
    except binascii.Error:
        key = bytearray()
    mixed = any(c in text for c in b"+/") and any(c in text for c in b"-_")
    if mixed or base64.urlsafe_b64encode(key) != url_safe:
        raise ValueError(f"Cannot use the key: it is not base64, {_EXPECTED}")
    return key


def read_passphrase(passphrase: Passphrase) -> bytearray:
    """
    The bytes of a passphrase; the caller wipes them.

    :raises TypeError: if it is neither a source nor text nor bytes.
    :raises ValueError: if it is empty, too long, or text with a lone surrogate.
    """
    if isinstance(passphrase, (SecretFile, SecretVariable)):
        secret = passphrase.read()
    elif isinstance(passphrase, str):
        try:
            secret = bytearray(passphrase.encode())
        except UnicodeEncodeError:
            raise ValueError("Cannot use the passphrase: it holds a lone surrogate") from None
    elif isinstance(passphrase, (bytes, bytearray)):
        secret = bytearray(passphrase)
    else:
        raise TypeError(
            "Cannot use the passphrase: expected a SecretFile, a SecretVariable, text or "
            f"bytes, got {type(passphrase).__name__}"
        )
    if not 0 < len(secret) <= _LONGEST:
        raise ValueError("Cannot use the passphrase: it is empty, or has more than 1 MiB")
    return secret


def check_source(key: SecretSource) -> None:
    """
    Refuses a key that would be sent to the workers within the job.

    :raises TypeError: if it is no source of a key.
    """
    if not isinstance(key, (SecretFile, SecretVariable)):
        raise TypeError(
            "Cannot use a key as it is in a job of Spark: it would be sent to every worker "
            "within the job, so pass SecretFile(path) or SecretVariable(name)"
        )


@contextmanager
def borrowed_key(key: Key) -> Iterator[bytearray]:
    """The 32 bytes of a key, which are wiped at the end."""
    copy = read_key(key)
    try:
        yield copy
    finally:
        wipe(copy)


def hkdf(key: bytes | bytearray, info: bytes) -> bytearray:
    """HKDF-SHA256 (RFC 5869) with no salt, one block."""
    prk = hmac.digest(bytes(KEY_LENGTH), bytes(key), "sha256")
    return bytearray(hmac.digest(prk, info + b"\x01", "sha256"))


def wipe(secret: bytearray) -> None:
    """Puts zeros into it. Python may have made other copies before: see the README."""
    secret[:] = bytes(len(secret))

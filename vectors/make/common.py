"""What the makers of all files share: cases, randomness that is the same every time,
and tokens built by hand, so that bad ones can be built too.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16
TIME = 1_700_000_000
#: The key of most cases: the bytes 0 to 31.
KEY = bytes(range(32))
PASSPHRASE = "correct horse battery staple ✓"


class Cases:
    """The cases of one file, in order."""

    def __init__(self):
        self.list = []

    def good(self, name, input, output, **more):
        self.list.append({"name": name, **more, "input": input, "output": output})

    def bad(self, name, rule, input, error="invalid-token", **more):
        self.list.append({"name": name, "rule": rule, "input": input, "error": error, **more})


def drawer(name):
    """Makes bytes that look random and depend on the name and on their number only."""
    count = 0

    def draw(length=16):
        nonlocal count
        count += 1
        out = b""
        while len(out) < length:
            out += hashlib.sha256(f"{name} {count} {len(out)}".encode()).digest()
        return out[:length]

    return draw


def text64(data):
    """base64url with its padding."""
    return base64.urlsafe_b64encode(data).decode()


def bare64(data):
    """base64url without its padding."""
    return text64(data).rstrip("=")


def bytes64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part(data):
    return len(data).to_bytes(4, "big") + data


def framed(context, kind, value):
    """A message: its context's parts, its type, its value."""
    return part(b"".join(map(part, context))) + bytes([kind]) + value


def hkdf(root, info):
    return hmac.digest(hmac.digest(bytes(32), root, "sha256"), info + b"\1", "sha256")


def pad(message):
    count = BLOCK - len(message) % BLOCK
    return message + bytes([count]) * count


def signed(key, raw):
    """The token of everything before its MAC, with the MAC that it should have."""
    return raw + hmac.digest(key[:16], raw, "sha256")


def raw_token(key, padded, iv, time=TIME, version=0x80):
    """A token's bytes, of blocks that may be padded or not."""
    encryptor = Cipher(algorithms.AES(key[16:]), modes.CBC(iv)).encryptor()
    head = bytes([version]) + time.to_bytes(8, "big") + iv
    return signed(key, head + encryptor.update(padded) + encryptor.finalize())


def token(key, message, iv, time=TIME):
    """A good token, as text."""
    text = text64(raw_token(key, pad(message), iv, time))
    if time == TIME:
        own = Fernet(text64(key))._encrypt_from_parts(message, time, iv).decode()
        assert text == own, "cryptography writes another token"
    return text


def flip(data, at, bit=1):
    changed = bytearray(data)
    changed[at] ^= bit
    return bytes(changed)


def spare_bit(text):
    """Base64 whose last character has a bit that no byte has."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    dense = text.rstrip("=")
    assert dense != text, "there is no spare bit"
    return dense[:-1] + alphabet[alphabet.index(dense[-1]) + 1] + text[len(dense) :]


def looser64(text):
    """Spellings of base64url that decoders often take, and that are none."""
    assert text.endswith("=") and ("-" in text or "_" in text)
    return {
        "the other alphabet": text.replace("-", "+").replace("_", "/"),
        "no padding": text.rstrip("="),
        "a space before it": " " + text,
        "a space within": text[:20] + " " + text[20:],
        "a line feed at the end": text + "\n",
        "a carriage return at the end": text + "\r",
        "more padding": text + "=",
        "padding within": text[:20] + "====" + text[20:],
        "a spare bit": spare_bit(text),
        "a character of no alphabet": text[:20] + "*" + text[20:],
        "a letter that is not ASCII": "é" + text[1:],
        "a NUL at the end": text + "\0",
    }

"""Values under a passphrase, in Flet's two formats: flet.json and flet_aes_gcm.json.

What Flet's own code wrote stands in `given`. The other cases take few iterations, so
that they can be tried often; `iterations` lists those that a reader is to try.
"""

import hashlib
import json
from pathlib import Path

from common import (
    KEY,
    PASSPHRASE,
    TIME,
    Cases,
    bytes64,
    drawer,
    flip,
    looser64,
    pad,
    raw_token,
    signed,
    spare_bit,
    text64,
    token,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

GIVEN = Path(__file__).parent / "given"
FEW = 1_000
#: No reader that derives a key first comes to the end of it.
NEVER = 4_294_967_295


def derive(passphrase, salt, iterations):
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, iterations)


def written_by_flet(cases, file):
    for number, each in enumerate(json.loads((GIVEN / file).read_text())["cases"]):
        given = {
            "passphrase": each["secretKey"],
            "iterations": [each["iterations"]],
            "value": each["encrypted"],
        }
        output = {"text": each["plainText"], "iterations": each["iterations"]}
        cases.good(f"Flet {number}: {each['iterations']} iterations", given, output, source="Flet")


class Fernets:
    """Values of the first format."""

    NOTE = "Values of flet.security.encrypt"

    @staticmethod
    def make():
        cases, draw = Cases(), drawer("flet")
        written_by_flet(cases, "flet_encrypt.json")
        salt, iv = draw(), draw()
        key = derive(PASSPHRASE, salt, FEW)
        text = token(key, b"rows", iv)

        def given(value, iterations=(FEW,), passphrase=PASSPHRASE):
            return {"passphrase": passphrase, "iterations": list(iterations), "value": value}

        def wrapped(token):
            return text64(salt + token.encode())

        out = {"text": "rows", "iterations": FEW}
        cases.good("one cost", given(wrapped(text)), out)
        cases.good("the second of two costs", given(wrapped(text), [FEW - 1, FEW]), out)
        cases.good("the first of two costs", given(wrapped(text), [FEW, FEW + 1]), out)
        kept = "\ufeffe\u0301\0"
        named = given(wrapped(token(key, kept.encode(), iv)))
        cases.good("text is kept as it is", named, {**out, "text": kept})

        for name, loose in looser64(wrapped(text)).items():
            cases.bad(f"base64: {name}", "base64", given(loose, [NEVER]))
        # A text without characters of its own alphabet would be no other spelling.
        token_text = next(
            each
            for each in (token(key, b"rows", draw()) for _ in range(200))
            if "-" in each and "_" in each and each.endswith("==")
        )
        for name, loose in looser64(token_text).items():
            value = text64(salt + loose.encode())
            cases.bad(f"token's base64: {name}", "token-base64", given(value, [NEVER]))
        raw = bytes64(text)
        for name, rule, bad in [
            ("nothing", "blocks", b""),
            ("version 0x81", "version", flip(raw, 0)),
            ("no block", "blocks", raw[:25] + raw[-32:]),
            ("a byte more", "blocks", raw + b"\0"),
            ("the first 25 bytes", "blocks", raw[:25]),
        ]:
            value = wrapped(text64(bad))
            cases.bad(f"token: {name}", rule, given(value, [NEVER]))
        cases.bad("nothing", "blocks", given("", [NEVER]))
        cases.bad("a part of a salt", "blocks", given(text64(salt[:15]), [NEVER]))

        value = wrapped(text)
        cases.bad("another passphrase", "mac", given(value, passphrase="x"))
        composed, decomposed = "\u00e9", "e\u0301"
        named = wrapped(token(derive(composed, salt, FEW), b"rows", iv))
        cases.good("a passphrase that NFD changes", given(named, passphrase=composed), out)
        cases.bad("a passphrase in NFD", "mac", given(named, passphrase=decomposed))
        cases.bad("other iterations", "mac", given(value, [FEW - 1, FEW + 1]))
        cases.bad("another salt", "mac", given(text64(flip(salt, 0) + text.encode())))
        cases.bad("a bit of the MAC", "mac", given(wrapped(text64(flip(raw, -1)))))
        cases.bad("a token under the passphrase's key of 0 salt", "mac", given(
            wrapped(token(derive(PASSPHRASE, bytes(16), FEW), b"rows", iv))
        ))
        cases.bad("padding of 0", "padding", given(wrapped(text64(raw_token(key, bytes(16), iv)))))
        broken = token(key, b"\xff", iv)
        cases.bad("text that is no UTF-8", "utf-8", given(wrapped(broken)), error="bad-text")
        return cases.list


def gcm_key(passphrase, salt, iterations):
    digits = hashlib.sha256(text64(derive(passphrase, salt, iterations)).encode()).hexdigest()
    return digits[:32].encode()


class Gcms:
    """Values of the second format."""

    NOTE = "Values of flet.security.encrypt_aes_gcm_256"

    @staticmethod
    def make():
        cases, draw = Cases(), drawer("flet gcm")
        written_by_flet(cases, "flet_encrypt_aes_gcm_256.json")
        salt, nonce = draw(), draw(32)
        key = gcm_key(PASSPHRASE, salt, FEW)

        def sealed(message, nonce=nonce, key=key, data=None):
            return salt + nonce + AESGCM(key).encrypt(nonce, message, data)

        def given(value, iterations=(FEW,), passphrase=PASSPHRASE):
            return {"passphrase": passphrase, "iterations": list(iterations), "value": value}

        raw = sealed(b"rows")
        out = {"text": "rows", "iterations": FEW}
        cases.good("one cost", given(text64(raw)), out)
        cases.good("the second of two costs", given(text64(raw), [FEW - 1, FEW]), out)
        cases.good("empty", given(text64(sealed(b""))), {**out, "text": ""})
        long = "naïve 🔑 " * 30
        cases.good("300 bytes and more", given(text64(sealed(long.encode()))), {**out, "text": long})

        text = next(
            each
            for each in (text64(sealed(b"rows", draw(32))) for _ in range(200))
            if "-" in each and "_" in each and each.endswith("=")
        )
        for name, loose in looser64(text).items():
            cases.bad(f"base64: {name}", "base64", given(loose, [NEVER]))
        for length in [0, 16, 48, 63]:
            value = text64(raw[:length])
            cases.bad(f"length: {length} bytes", "length", given(value, [NEVER]))
        for name, at in {"salt": 0, "nonce": 16, "nonce's end": 47, "ciphertext": 48, "tag": -1}.items():
            cases.bad(f"tag: a bit of the {name}", "tag", given(text64(flip(raw, at))))
        cases.bad("tag: cut", "tag", given(text64(raw[:-1])))
        cases.bad("tag: another passphrase", "tag", given(text64(raw), passphrase="x"))
        cases.bad("tag: other iterations", "tag", given(text64(raw), [FEW - 1, FEW + 1]))
        cases.bad("tag: with associated data", "tag", given(text64(sealed(b"rows", data=b"x"))))
        derived = derive(PASSPHRASE, salt, FEW)
        cases.bad("tag: under PBKDF2's key itself", "tag", given(text64(sealed(b"rows", key=derived))))
        fernet = salt + token(derived, b"rows", bytes(16)).encode()
        cases.bad("tag: a value of the first format", "tag", given(text64(fernet)))
        broken = text64(sealed(b"\xff"))
        cases.bad("text that is no UTF-8", "utf-8", given(broken), error="bad-text")
        return cases.list

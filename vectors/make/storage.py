"""Records of a storage, and blind indexes: storage.json and blind_index.json."""

import hmac

from common import (
    KEY,
    TIME,
    Cases,
    bytes64,
    drawer,
    flip,
    framed,
    hkdf,
    looser64,
    pad,
    part,
    raw_token,
    text64,
    token,
)

JSON, BYTES = 1, 2
KINDS = {JSON: "json", BYTES: "bytes"}
VALUES = b"ironfern/storage/1"
NAMES = b"ironfern/storage-names/1"
INDEX = b"ironfern/index/1"
PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"


def hidden_name(root, prefix, key):
    text = part(prefix.encode()) + part(key.encode())
    return prefix + hmac.digest(hkdf(root, NAMES), text, "sha256")[:16].hex()


def plain_name(prefix, key):
    codes = (chr(c) if chr(c) in PLAIN else f"%{c:02X}" for c in key.encode())
    return prefix + "".join(codes)


def message_of(prefix, key, kind, value):
    return framed([prefix.encode(), key.encode()], kind, value)


def record_of(root, prefix, key, kind, value, iv):
    return token(hkdf(root, VALUES), message_of(prefix, key, kind, value), iv)


class Records:
    NOTE = "Records of an EncryptedStorage, version 1"

    GOOD = {
        "JSON": ("acme.app.", "auth token", JSON, '{"name":"Zoë","n":1}'.encode()),
        "null": ("acme.app.", "a", JSON, b"null"),
        "a number": ("acme.app.", "a", JSON, b"-0.5e-7"),
        "a lone surrogate": ("acme.app.", "a", JSON, b'"\\ud800"'),
        "JSON with white space": ("acme.app.", "a", JSON, b' [1, \n2]\t'),
        "bytes": ("acme.app.", "ключ/🔑", BYTES, bytes([0, 255])),
        "no bytes": ("acme.app.", "", BYTES, b""),
        "an empty prefix": ("", "a", JSON, b"1"),
        "a prefix that is not ASCII": ("größe.", "A~.%_-", JSON, b"1"),
        "the same key under another prefix": ("acme.", "app.auth token", JSON, b"1"),
        "a key of 4,096 bytes": ("a.", "k" * 4_096, JSON, b"1"),
    }

    @staticmethod
    def make():
        cases, draw = Cases(), drawer("storage")

        def given(record, prefix="acme.app.", key="auth token", root=KEY):
            return {"key": text64(root), "prefix": prefix, "name": key, "record": record}

        for name, (prefix, key, kind, value) in Records.GOOD.items():
            record = record_of(KEY, prefix, key, kind, value, draw())
            cases.good(name, given(record, prefix, key), {
                "hidden": hidden_name(KEY, prefix, key),
                **({"plain": plain_name(prefix, key)} if prefix else {}),
                "time": str(TIME),
                "kind": KINDS[kind],
                "value": value.decode() if kind == JSON else value.hex(),
            })  # fmt: skip

        key = hkdf(KEY, VALUES)
        own = ["acme.app.", "auth token"]

        def case(name, rule, message, key=key):
            cases.bad(name, rule, given(token(key, message, draw())), "unreadable")

        for name, prefix, other in [
            ("another key's record", "acme.app.", "auth tokens"),
            ("a key's beginning", "acme.app.", "auth toke"),
            ("another prefix", "acme.", "auth token"),
            ("prefix and key split elsewhere", "acme.app", ".auth token"),
        ]:
            case(f"context: {name}", "context", message_of(prefix, other, JSON, b"1"))
        good = message_of(*own, JSON, b"1")
        context = b"".join(part(each.encode()) for each in own)
        case("context: one part more", "context", part(context + part(b"")) + b"\x011")
        case("context: one part", "context", part(part(b"acme.app.auth token")) + b"\x011")
        case("context: its length too great", "context", b"\0\0\0\xff" + good[4:])
        case("context: its length too small", "context", b"\0\0\0\x01" + good[4:])
        case("context: a part's length too great", "context", good[:4] + b"\xff" * 4 + good[8:])
        case("context: nothing", "context", b"")
        case("context: without a type", "context", good[:-2])
        for kind in [0, 3, 255]:
            case(f"type {kind}", "type", message_of(*own, kind, b"1"))
        for name, value in {
            "none": b"",
            "no JSON": b"{",
            "NaN": b"NaN",
            "two values": b"1 1",
            "a single quote": b"'a'",
        }.items():
            case(f"json: {name}", "json", message_of(*own, JSON, value))
        case("json: no UTF-8", "json", message_of(*own, JSON, b'"\xff"'))
        case("json: a byte order mark", "json", message_of(*own, JSON, b"\xef\xbb\xbf1"))
        case("key: the key itself", "mac", good, KEY)
        case("key: of another purpose", "mac", good, hkdf(KEY, b"ironfern/fields/1"))
        # Of a length that its base64 needs padding for.
        long = message_of(*own, JSON, b'"sixteen more bytes"')
        record = next(
            each
            for each in (token(key, long, draw()) for _ in range(200))
            if "-" in each and "_" in each and each.endswith("=")
        )
        raw = bytes64(record)
        cases.bad("mac: a bit of it", "mac", given(text64(flip(raw, -1))), "unreadable")
        cases.bad("mac: another key", "mac", given(record, root=draw(32)), "unreadable")
        other = raw_token(key, pad(good), bytes(16), version=0x81)
        cases.bad("version 0x81", "version", given(text64(other)), "unreadable")
        other = raw_token(key, bytes(16), bytes(16))
        cases.bad("padding of 0", "padding", given(text64(other)), "unreadable")
        for name, loose in looser64(record).items():
            cases.bad(f"base64: {name}", "base64", given(loose), "unreadable")
        cases.bad("nothing", "base64", given(""), "unreadable")
        return cases.list


class Indexes:
    NOTE = "Blind indexes, version 1"

    @staticmethod
    def make():
        cases = Cases()
        for name, column, value, bits in [
            ("64 bits", "email", "ada@example.org", 64),
            ("8 bits", "email", "ada@example.org", 8),
            ("256 bits", "email", "ada@example.org", 256),
            ("an empty value", "email", "", 64),
            ("no ASCII", "größe", "🔑", 64),
            ("column and value split elsewhere", "emai", "lada@example.org", 64),
        ]:
            text = part(column.encode()) + part(value.encode())
            index = hmac.digest(hkdf(KEY, INDEX), text, "sha256")[: bits // 8].hex()
            given = {"key": text64(KEY), "column": column, "value": value, "bits": bits}
            cases.good(name, given, {"index": index})
        return cases.list

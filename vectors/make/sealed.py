"""Sealed exports, version 1: sealed.json.

The output is told by its length and its SHA-256, and as hexadecimal digits where it is
short. `line` is that of the refusal, from 1. `id` is one that the caller expects, and
`maxIterations` a bound that the caller set.
"""

import hashlib
import json

from common import KEY, PASSPHRASE, Cases, bare64, bytes64, drawer, hkdf, text64, token

NOTE = "Sealed exports, ironfern-export version 1"
SLICE = 65_510
TIME = 1_764_547_200
SHORT = 300
DATA = b"some rows\n"
UNDER_KEY = {"name": "key"}


def record(index, kind, data):
    return index.to_bytes(8, "big") + bytes([kind]) + data


def final(index, slices, total):
    return record(index, 1, slices.to_bytes(8, "big") + total.to_bytes(8, "big"))


def records_of(data):
    starts = range(0, len(data), SLICE)
    slices = [record(i, 0, data[start : start + SLICE]) for i, start in enumerate(starts)]
    return [*slices, final(len(slices), len(slices), len(data))]


def joined(lines):
    return "".join(f"{line}\n" for line in lines)


class Sealer:
    """Writes exports, right and wrong, with the randomness that it is given."""

    def __init__(self, draw):
        self.draw = draw

    def text16(self, data=None):
        return bare64(data or self.draw())

    def header(self, kdf, **members):
        header = {"format": "ironfern-export", "version": 1, "id": self.text16(), "kdf": kdf}
        return json.dumps({**header, **members}, separators=(",", ":"))

    def pbkdf2(self, iterations=100_000):
        return {"name": "pbkdf2-sha256", "iterations": iterations, "salt": self.text16()}

    def lines(self, header, secret, records, times=()):
        """The lines of an export; its header is read as loosely as can be."""
        kdf = json.loads(header.lstrip("\ufeff"))["kdf"]
        if "iterations" in kdf:
            salt, iterations = bytes64(kdf["salt"]), int(kdf["iterations"])
            secret = hashlib.pbkdf2_hmac("sha256", secret, salt, iterations)
        key = hkdf(secret, b"ironfern-export/1" + hashlib.sha256(header.encode()).digest())
        times = [*times, *[TIME] * len(records)]
        return [header, *(token(key, each, self.draw(), time) for each, time in zip(records, times))]

    def under_key(self, header=None, records=None, times=()):
        header = header or self.header(UNDER_KEY)
        return self.lines(header, KEY, records or records_of(DATA), times)

    def seal(self, kdf, secret, data):
        return joined(self.lines(self.header(kdf), secret, records_of(data)))


def input_of(text, secret, **more):
    return {**secret, **more, "export": text}


BY_KEY = {"key": text64(KEY)}
BY_PASSPHRASE = {"passphrase": PASSPHRASE}


def good(cases, sealer):
    for name, data in {
        "empty": b"",
        "one byte": b"\0",
        "text": "id,name\n1,Zoë ✓\r\n".encode(),
        "300 bytes": bytes(i * 7 % 256 for i in range(300)),
        "a full slice and a byte": bytes(i * i % 251 for i in range(SLICE + 1)),
    }.items():
        export = sealer.seal(UNDER_KEY, KEY, data)
        cases.good(name, input_of(export, BY_KEY), output(data, export))
    for iterations in [100_000, 123_456]:
        export = sealer.seal(sealer.pbkdf2(iterations), PASSPHRASE.encode(), b"rows")
        name = f"{iterations} iterations"
        cases.good(name, input_of(export, BY_PASSPHRASE), output(b"rows", export))
    export = sealer.seal(UNDER_KEY, KEY, DATA)
    out = output(DATA, export)
    cases.good("the id that is expected", input_of(export, BY_KEY, id=out["id"]), out)


def output(data, export):
    shown = {"data": data.hex()} if len(data) <= SHORT else {}
    digest = hashlib.sha256(data).hexdigest()
    id = json.loads(export.split("\n")[0])["id"]
    return {"id": id, "bytes": len(data), "sha256": digest, **shown}


def bad_headers(sealer):
    """Headers that are not as they have to be, each sealed as if it were right."""
    good = sealer.header(UNDER_KEY)
    spare = {"name": "pbkdf2-sha256", "iterations": 100_000, "salt": sealer.text16(), "more": 1}
    random = sealer.text16(bytes(15) + b"\x01")
    yield "white space", good.replace(":", ": ", 1)
    yield "white space after it", good + " "
    yield "another format", sealer.header(UNDER_KEY, format="ironfern-exports")
    yield "another version", sealer.header(UNDER_KEY, version=2)
    yield "version as text", sealer.header(UNDER_KEY, version="1")
    yield "version 1.0", good.replace('"version":1', '"version":1.0')
    yield "a member more", sealer.header(UNDER_KEY, comment="")
    yield "a member more in kdf", sealer.header({"name": "key", "salt": sealer.text16()})
    yield "a member more in pbkdf2", sealer.header(spare)
    yield "a member twice", good.replace('"version":1', '"version":2,"version":1')
    yield "a member less", good.replace('"version":1,', "")
    yield "another order", good.replace('"format":"ironfern-export",', "").replace(
        "}}", '},"format":"ironfern-export"}'
    )
    yield "an escaped character", good.replace("ironfern", "iron\\u0066ern")
    yield "a short id", sealer.header(UNDER_KEY, id=sealer.text16(bytes(15)))
    yield "a long id", sealer.header(UNDER_KEY, id=sealer.text16(bytes(17)))
    yield "a padded id", sealer.header(UNDER_KEY, id=sealer.text16() + "==")
    yield "an id with a spare bit", sealer.header(UNDER_KEY, id=random[:-1] + "B")
    yield "an id of the other alphabet", sealer.header(UNDER_KEY, id="+" + random[1:])
    yield "an id that is a number", sealer.header(UNDER_KEY, id=1)
    yield "another kdf", sealer.header({"name": "scrypt"})
    yield "a byte order mark", "\ufeff" + good


def bad_numbers(sealer):
    good = sealer.header(sealer.pbkdf2())
    yield "an exponent", good.replace("100000", "1e5")
    yield "a fraction", good.replace("100000", "100000.0")
    yield "iterations as text", good.replace("100000", '"100000"')
    yield "no iterations", good.replace('"iterations":100000,', "")
    yield "a salt with padding", good.replace('"}}', '=="}}')


def headers(cases, sealer):
    def case(name, text, error, line=1, secret=BY_KEY, **more):
        cases.bad(name, error, input_of(text, secret, **more), error, line=line)

    for name, header in bad_headers(sealer):
        loose = header.lstrip("\ufeff")
        sealed = [header, "x"] if "pbkdf2" in loose else sealer.under_key(header)
        case(f"header: {name}", joined(sealed), "bad-header")
    for name, header in bad_numbers(sealer):
        case(f"header: {name}", joined([header]), "bad-header", secret=BY_PASSPHRASE)
    for name, header in {"no JSON": "rows", "null": "null", "empty": "", "a list": "[]"}.items():
        case(f"header: {name}", joined([header]), "bad-header")
    for iterations in [0, -5, 1, 99_999, 2_000_001, 10_000_001, 2**31, 2**32, 2**53 - 1]:
        text = joined([sealer.header(sealer.pbkdf2(iterations))])
        name = f"{iterations} iterations"
        case(name, text, "iterations-out-of-range", secret=BY_PASSPHRASE)
    text = joined([sealer.header(sealer.pbkdf2(150_000))])
    bound = {"secret": BY_PASSPHRASE, "maxIterations": 149_999}
    case("more iterations than the caller's bound", text, "iterations-out-of-range", **bound)

    sealed = joined(sealer.under_key())
    other = sealer.text16()
    case("another id than the expected one", sealed, "unexpected-id", id=other)
    loose = joined([sealer.header({"name": "scrypt"})])
    case("order: header before id", loose, "bad-header", id=other)
    dear = joined([sealer.header(sealer.pbkdf2(2**31))])
    case("order: id before secret", dear, "unexpected-id", id=other)
    case("order: secret before iterations", dear, "wrong-secret-or-header")
    by_passphrase = {"secret": BY_PASSPHRASE, "id": other}
    case("order: id before iterations", dear, "unexpected-id", **by_passphrase)


def secrets(cases, sealer):
    def case(name, text, line, secret=BY_KEY):
        error = "wrong-secret-or-header"
        cases.bad(name, error, input_of(text, secret), error, line=line)

    good = header, first, end = sealer.under_key()
    zeros = {"key": text64(bytes(32))}
    case("another key", joined(good), 2, zeros)
    case("a passphrase for a key", joined(good), 1, {"passphrase": "x"})
    sealed = sealer.seal(sealer.pbkdf2(), PASSPHRASE.encode(), DATA)
    case("a key for a passphrase", sealed, 1)
    case("another passphrase", sealed, 2, {"passphrase": "x"})
    raised = sealed.replace('"iterations":100000', '"iterations":100001')
    case("iterations changed", raised, 2, BY_PASSPHRASE)
    salt = json.loads(sealed.split("\n")[0])["kdf"]["salt"]
    changed = sealed.replace(salt, "AAAA" + salt[4:])
    case("salt changed", changed, 2, BY_PASSPHRASE)
    id = json.loads(header)["id"]
    case("id changed", joined([header.replace(id, "AAAA" + id[4:]), first, end]), 2)
    plain = [header, *(token(KEY, each, sealer.draw(), TIME) for each in records_of(DATA))]
    case("under the key itself", joined(plain), 2)


def lines(cases, sealer):
    """Lines that are where they do not belong, or not what they should be."""
    exports = (sealer.under_key() for _ in range(100))
    good = header, first, end = next(each for each in exports if swapped(each[1]) != each[1])
    other = sealer.under_key()
    changed = {
        "header of another file": ([other[0], first, end], "wrong-secret-or-header", 2),
        "first line of another file": ([header, other[1], end], "wrong-secret-or-header", 2),
        "final line of another file": ([header, first, other[2]], "bad-token", 3),
        "slice removed": ([header, end], "out-of-order", 2),
        "slice repeated": ([header, first, first, end], "out-of-order", 3),
        "slice and end swapped": ([header, end, first], "out-of-order", 2),
        "final line missing": ([header, first], "truncated", 3),
        "header only": ([header], "truncated", 2),
        "final line doubled": ([*good, end], "trailing-data", 4),
        "slice after the end": ([*good, first], "trailing-data", 4),
        "text after the end": ([*good, "rows"], "trailing-data", 4),
        "empty line after the end": ([*good, ""], "trailing-data", 4),
        "empty line after the header": ([header, "", first, end], "wrong-secret-or-header", 2),
        "empty line before the end": ([header, first, "", end], "bad-token", 3),
        "token cut": ([header, first[:-4], end], "wrong-secret-or-header", 2),
        "token in the other alphabet": (
            [header, swapped(first), end], "wrong-secret-or-header", 2
        ),
        "final line cut": ([header, first, end[:-4]], "bad-token", 3),
        "final line without padding": ([header, first, end.rstrip("=")], "bad-token", 3),
        "text before the header": (["", *good], "bad-header", 1),
        "line 2 too long": ([header, "A" * 87_437], "line-too-long", 2),
        "header too long": (["{" * 4_097], "line-too-long", 1),
    }  # fmt: skip
    for name, (texts, error, line) in changed.items():
        cases.bad(f"lines: {name}", error, input_of(joined(texts), BY_KEY), error, line=line)
    texts = {
        "no line feed at the end": (joined(good)[:-1], "truncated", 3),
        "no line feed after the header": (header, "truncated", 1),
        "header cut": (header[:20], "truncated", 1),
        "no file": ("", "truncated", 1),
        "other text": ("some rows", "bad-header", 1),
        "byte after the end": (joined(good) + "g", "trailing-data", 4),
        "CRLF": (joined(good).replace("\n", "\r\n"), "bad-header", 1),
        "CRLF in tokens": (f"{header}\n{first}\r\n{end}\r\n", "wrong-secret-or-header", 2),
        "CRLF at the end": (f"{header}\n{first}\n{end}\r\n", "bad-token", 3),
    }
    for name, (text, error, line) in texts.items():
        cases.bad(f"lines: {name}", error, input_of(text, BY_KEY), error, line=line)


def swapped(text):
    """In the other alphabet."""
    return text.replace("-", "+").replace("_", "/")


def records(cases, sealer):
    """Records that are not what the format allows, in tokens that are."""
    one = record(0, 0, b"a")
    full = record(0, 0, bytes(SLICE))
    for name, rule, texts, error, line in [
        ("no index", "record", [b"", final(0, 0, 0)], "bad-token", 2),
        ("an index cut", "record", [b"\0\0\0", final(0, 0, 0)], "bad-token", 2),
        ("empty slice", "slice-size", [record(0, 0, b""), final(1, 1, 0)], "bad-token", 2),
        ("type 2", "record", [record(0, 2, b"a"), final(1, 1, 1)], "bad-token", 2),
        ("two short slices", "slice-size", [one, record(1, 0, b"b"), final(2, 2, 2)], "bad-token", 2),
        ("empty slice after a full one", "slice-size",
         [full, record(1, 0, b""), final(2, 2, SLICE)], "bad-token", 3),
        ("index 1 first", "out-of-order", [record(1, 0, b"a"), final(1, 1, 1)], "out-of-order", 2),
        ("index beyond 2^53", "out-of-order", [record(2**63, 0, b"a"), final(1, 1, 1)], "out-of-order", 2),
        ("too few slices told", "final", [one, final(1, 0, 1)], "bad-token", 3),
        ("too many bytes told", "final", [one, final(1, 1, 2)], "bad-token", 3),
        ("bytes beyond 2^53", "final", [one, final(1, 1, 2**63 + 1)], "bad-token", 3),
        ("a short final record", "final", [one, final(1, 1, 1)[:-8]], "bad-token", 3),
        ("a long final record", "final", [one, final(1, 1, 1) + bytes(8)], "bad-token", 3),
        ("wrong index at the end", "out-of-order", [one, final(2, 1, 1)], "out-of-order", 3),
    ]:  # fmt: skip
        text = joined(sealer.under_key(records=texts))
        cases.bad(f"records: {name}", rule, input_of(text, BY_KEY), error, line=line)
    times = joined(sealer.under_key(times=[TIME, TIME + 1]))
    cases.bad("records: two times", "time", input_of(times, BY_KEY), "bad-token", line=3)


def make():
    cases, sealer = Cases(), Sealer(drawer("sealed"))
    good(cases, sealer)
    headers(cases, sealer)
    secrets(cases, sealer)
    lines(cases, sealer)
    records(cases, sealer)
    return cases.list

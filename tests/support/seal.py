"""Writes sealed exports, right and wrong, from a JSON request on standard input.

    {"vectors": true}                       the vectors of tests/vectors/sealed
    {"key": hex | "passphrase": text, "data": base64}   one export

It is for tests: all of the data is in memory.
"""

import base64
import hashlib
import hmac
import json
import os
import sys

from cryptography.fernet import Fernet

SLICE = 65_510
TIME = 1_764_547_200
KEY = bytes(range(32))
PASSPHRASE = "correct horse battery staple ✓"


#: Gives random bytes; the vectors have a generator that is the same every time.
random = os.urandom


def fixed_random():
    count = 0

    def draw(length):
        nonlocal count
        count += 1
        return hashlib.sha256(b"sealed vectors %d" % count).digest()[:length]

    return draw


def text16(data=None):
    return base64.urlsafe_b64encode(data or random(16)).decode().rstrip("=")


def header_line(kdf, **fields):
    header = {"format": "ironfern-export", "version": 1, "id": text16(), "kdf": kdf, **fields}
    return json.dumps(header, separators=(",", ":"))


def fernet_of(line, secret):
    """The file's Fernet; the header is read as loosely as can be."""
    kdf = json.loads(line)["kdf"]
    root = secret
    if "iterations" in kdf:
        salt = base64.urlsafe_b64decode(kdf["salt"] + "==")
        root = hashlib.pbkdf2_hmac("sha256", secret, salt, kdf["iterations"])
    info = b"ironfern-export/1" + hashlib.sha256(line.encode()).digest()
    prk = hmac.digest(bytes(32), root, "sha256")
    return Fernet(base64.urlsafe_b64encode(hmac.digest(prk, info + b"\1", "sha256")))


def record(index, kind, data):
    return index.to_bytes(8, "big") + bytes([kind]) + data


def final(index, slices, total):
    return record(index, 1, slices.to_bytes(8, "big") + total.to_bytes(8, "big"))


def records_of(data):
    starts = range(0, len(data), SLICE)
    slices = [record(i, 0, data[start : start + SLICE]) for i, start in enumerate(starts)]
    return [*slices, final(len(slices), len(slices), len(data))]


def lines_of(line, secret, records, times=()):
    fernet = fernet_of(line, secret)
    times = [*times, *[TIME] * len(records)]
    tokens = [
        fernet._encrypt_from_parts(each, time, random(16)) for each, time in zip(records, times)
    ]
    return [line, *[token.decode() for token in tokens]]


def joined(lines):
    return "".join(f"{line}\n" for line in lines)


def seal(kdf, secret, data):
    return joined(lines_of(header_line(kdf), secret, records_of(data)))


def pbkdf2(iterations=100_000):
    return {"name": "pbkdf2-sha256", "iterations": iterations, "salt": text16()}


def good_vectors():
    for name, data in {
        "empty": b"",
        "one byte": b"\0",
        "text": "id,name\n1,Zoë ✓\r\n".encode(),
        "300 bytes": bytes(i * 7 % 256 for i in range(300)),
    }.items():
        yield name, {"key": KEY.hex()}, seal({"name": "key"}, KEY, data), data
    for iterations in [100_000, 123_456]:
        sealed = seal(pbkdf2(iterations), PASSPHRASE.encode(), b"rows")
        yield f"{iterations} iterations", {"passphrase": PASSPHRASE}, sealed, b"rows"


KDF = {"name": "key"}
DATA = b"some rows\n"


def under_key(line, records=None, times=()):
    return lines_of(line, KEY, records or records_of(DATA), times)


def bad_headers():
    """Headers that are not canonical, each sealed as if it were right."""
    good = header_line(KDF)
    spare = {"name": "pbkdf2-sha256", "iterations": 100_000, "salt": text16(), "more": 1}
    random = text16(bytes(15) + b"\x01")
    yield "white space", good.replace(":", ": ", 1)
    yield "another format", header_line(KDF, format="ironfern-exports")
    yield "another version", header_line(KDF, version=2)
    yield "version as text", header_line(KDF, version="1")
    yield "a field more", header_line(KDF, comment="")
    yield "a field more in kdf", header_line({"name": "key", "salt": text16()})
    yield "a field more in pbkdf2", header_line(spare)
    yield "a repeated field", good.replace('"version":1', '"version":2,"version":1')
    yield "another order", good.replace('"format":"ironfern-export",', "").replace(
        "}}", '},"format":"ironfern-export"}'
    )
    yield "an escaped character", good.replace("ironfern", "iron\\u0066ern")
    yield "a short id", header_line(KDF, id=text16(bytes(15)))
    yield "a padded id", header_line(KDF, id=text16() + "==")
    yield "an id with a spare bit", header_line(KDF, id=random[:-1] + "B")
    yield "another kdf", header_line({"name": "scrypt"})
    yield "a byte order mark", "\ufeff" + good


def bad_numbers():
    good = header_line(pbkdf2())
    yield "an exponent", good.replace("100000", "1e5")
    yield "a fraction", good.replace("100000", "100000.0")
    yield "iterations as text", good.replace("100000", '"100000"')


def bad_vectors():
    key = {"key": KEY.hex()}
    for name, line in bad_headers():
        loose = line.lstrip("\ufeff")
        tokens = lines_of(loose, KEY, records_of(DATA))[1:] if "pbkdf2" not in loose else ["x"]
        yield f"header: {name}", key, joined([line, *tokens]), "bad-header", 1
    for name, line in bad_numbers():
        yield f"header: {name}", {"passphrase": PASSPHRASE}, joined([line]), "bad-header", 1
    for name, line in {"no JSON": "rows", "null": "null", "empty line": "", "a list": "[]"}.items():
        yield f"header: {name}", key, joined([line]), "bad-header", 1
    for iterations in [0, -5, 1, 99_999, 2_000_001, 10_000_001, 2**31, 2**32, 2**53 - 1]:
        line = header_line(pbkdf2(iterations))
        name = f"{iterations} iterations"
        yield name, {"passphrase": PASSPHRASE}, joined([line]), "iterations-out-of-range", 1

    header, token, end = good = under_key(header_line(KDF))
    other = under_key(header_line(KDF))
    yield "crlf", key, joined(good).replace("\n", "\r\n"), "bad-header", 1
    yield "crlf in tokens", key, f"{header}\n{token}\r\n{end}\r\n", "wrong-secret-or-header", 2
    yield "crlf at the end", key, f"{header}\n{token}\n{end}\r\n", "bad-token", 3
    yield "another key", {"key": "00" * 32}, joined(good), "wrong-secret-or-header", 2
    yield "a passphrase for a key", {"passphrase": "x"}, joined(good), "wrong-secret-or-header", 1
    sealed = joined(lines_of(header_line(pbkdf2()), PASSPHRASE.encode(), records_of(DATA)))
    yield "a key for a passphrase", key, sealed, "wrong-secret-or-header", 1
    yield "another passphrase", {"passphrase": "x"}, sealed, "wrong-secret-or-header", 2
    lowered = sealed.replace('"iterations":100000', '"iterations":100001')
    passphrase = {"passphrase": PASSPHRASE}
    yield "iterations changed", passphrase, lowered, "wrong-secret-or-header", 2
    changed = header.replace(header[-39:-35], "AAAA", 1)
    yield "id changed", key, joined([changed, token, end]), "wrong-secret-or-header", 2

    lines = {
        "header of another file": ([other[0], token, end], "wrong-secret-or-header", 2),
        "first line of another file": ([header, other[1], end], "wrong-secret-or-header", 2),
        "final line of another file": ([header, token, other[2]], "bad-token", 3),
        "slice removed": ([header, end], "out-of-order", 2),
        "slice repeated": ([header, token, token, end], "out-of-order", 3),
        "slice and end swapped": ([header, end, token], "out-of-order", 2),
        "final line missing": ([header, token], "truncated", 3),
        "header only": ([header], "truncated", 2),
        "final line doubled": ([*good, end], "trailing-data", 4),
        "slice after the end": ([*good, token], "trailing-data", 4),
        "text after the end": ([*good, "rows"], "trailing-data", 4),
        "empty line after the end": ([*good, ""], "trailing-data", 4),
        "empty line after the header": ([header, "", token, end], "wrong-secret-or-header", 2),
        "empty line before the end": ([header, token, "", end], "bad-token", 3),
        "token cut": ([header, token[:-4], end], "wrong-secret-or-header", 2),
        "final line cut": ([header, token, end[:-4]], "bad-token", 3),
        "text before the header": (["", *good], "bad-header", 1),
    }
    for name, (changed, code, line) in lines.items():
        yield name, key, joined(changed), code, line
    texts = {
        "no line feed at the end": (joined(good)[:-1], "truncated", 3),
        "no line feed after the header": (header, "truncated", 1),
        "header cut": (header[:20], "truncated", 1),
        "no file": ("", "truncated", 1),
        "other text": ("some rows", "bad-header", 1),
        "byte after the end": (joined(good) + "g", "trailing-data", 4),
        "header too long": ("{" * 4_097 + "\n", "line-too-long", 1),
    }
    for name, (changed, code, line) in texts.items():
        yield name, key, changed, code, line

    one = record(0, 0, b"a")
    sealed = {
        "no index": ([b"", final(0, 0, 0)], "bad-token", 2),
        "empty slice": ([record(0, 0, b""), final(1, 1, 0)], "bad-token", 2),
        "type 2": ([record(0, 2, b"a"), final(1, 1, 1)], "bad-token", 2),
        "two short slices": ([one, record(1, 0, b"b"), final(2, 2, 2)], "bad-token", 2),
        "index beyond 2^53": ([record(2**63, 0, b"a"), final(1, 1, 1)], "out-of-order", 2),
        "too few slices told": ([one, final(1, 0, 1)], "bad-token", 3),
        "too many bytes told": ([one, final(1, 1, 2)], "bad-token", 3),
        "bytes beyond 2^53": ([one, final(1, 1, 2**63 + 1)], "bad-token", 3),
        "a short final record": ([one, final(1, 1, 1)[:-8]], "bad-token", 3),
        "a long final record": ([one, final(1, 1, 1) + bytes(8)], "bad-token", 3),
        "wrong index at the end": ([one, final(2, 1, 1)], "out-of-order", 3),
    }
    for name, (records, code, line) in sealed.items():
        yield f"sealed: {name}", key, joined(under_key(header_line(KDF), records)), code, line
    times = under_key(header_line(KDF), times=[TIME, TIME + 1])
    yield "sealed: two times", key, joined(times), "bad-token", 3


def vectors():
    return {
        "good": [
            {"name": name, **secret, "export": sealed, "data": data.hex()}
            for name, secret, sealed, data in good_vectors()
        ],
        "bad": [
            {"name": name, **secret, "export": sealed, "code": code, "line": line}
            for name, secret, sealed, code, line in bad_vectors()
        ],
    }


def main():
    request = json.load(sys.stdin)
    if "vectors" in request:
        global random
        random = fixed_random()
        json.dump(vectors(), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    data = base64.b64decode(request["data"])
    if "key" in request:
        sealed = seal({"name": "key"}, bytes.fromhex(request["key"]), data)
    else:
        sealed = seal(pbkdf2(), request["passphrase"].encode(), data)
    sys.stdout.write(sealed)


main()

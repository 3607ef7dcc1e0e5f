"""Fernet tokens: fernet.json."""

import json
from datetime import datetime
from pathlib import Path

from common import (
    KEY,
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

NOTE = "Fernet tokens, version 0x80"
GIVEN = Path(__file__).parent / "given"
#: How fernet/spec names its bad cases, and the rule that each one breaks.
SPEC_RULES = {
    "incorrect mac": "mac",
    "too short": "blocks",
    "invalid base64": "base64",
    "payload size not multiple of block size": "blocks",
    "payload padding error": "padding",
    "far-future TS (unacceptable clock skew)": "time",
    "expired TTL": "time",
    "incorrect IV (causes padding error)": "padding",
}
#: Without a time to live these open, to an empty message.
SPEC_TIMES = ["far-future TS (unacceptable clock skew)", "expired TTL"]


def unix(text):
    return int(datetime.fromisoformat(text).timestamp())


def read(name):
    return json.loads((GIVEN / name).read_text())


def output(message, time, iv):
    return {"message": message.hex(), "time": str(time), "iv": iv.hex()}


def spec(cases):
    source = {"source": "fernet/spec"}
    iv = bytes(range(16))
    for each in read("fernet_spec_generate.json"):
        given = {"key": each["secret"], "token": each["token"]}
        out = output(each["src"].encode(), unix(each["now"]), bytes(each["iv"]))
        cases.good("spec: generate", given, out, **source)
    for each in read("fernet_spec_verify.json"):
        given = {"key": each["secret"], "token": each["token"]}
        timed = {**given, "ttl": each["ttl_sec"], "now": unix(each["now"])}
        time = unix(each["now"]) - 1
        cases.good("spec: verify", timed, output(each["src"].encode(), time, iv), **source)
    for each in read("fernet_spec_invalid.json"):
        name, given = each["desc"], {"key": each["secret"], "token": each["token"]}
        timed = {**given, "ttl": each["ttl_sec"], "now": unix(each["now"])}
        cases.bad(f"spec: {name}", SPEC_RULES[name], timed, **source)
        if name in SPEC_TIMES:
            time = unix("1985-10-26T01:20:01-07:00") + (36_000 if "future" in name else 0)
            out = output(b"", time, iv)
            cases.good(f"spec: {name}, without ttl", given, out, **source)


def good(cases, draw):
    for name, message in {
        "empty": b"",
        "15 bytes": b"fifteen bytes..",
        "16 bytes": b"sixteen bytes...",
        "every byte": bytes(range(256)),
        "text": "naïve 🔑".encode(),
        "3,000 bytes": draw(3_000),
    }.items():
        iv, key = draw(), draw(32)
        given = {"key": text64(key), "token": token(key, message, iv)}
        cases.good(name, given, output(message, TIME, iv))
    for name, time in {"time 0": 0, "time 2^53": 2**53, "time 2^64-1": 2**64 - 1}.items():
        iv = draw()
        given = {"key": text64(KEY), "token": token(KEY, b"x", iv, time)}
        cases.good(name, given, output(b"x", time, iv))


def times(cases, iv):
    given = {"key": text64(KEY), "token": token(KEY, b"rows", iv)}
    out = output(b"rows", TIME, iv)
    for name, ttl, now in [
        ("as old as its ttl", 60, TIME + 60),
        ("60 seconds ahead", 60, TIME - 60),
        ("a ttl of 0, at its time", 0, TIME),
    ]:
        cases.good(name, {**given, "ttl": ttl, "now": now}, out)
    for name, ttl, now in [
        ("a second older than its ttl", 60, TIME + 61),
        ("61 seconds ahead", 60, TIME - 61),
        ("a ttl of 0, a second later", 0, TIME + 1),
    ]:
        cases.bad(name, "time", {**given, "ttl": ttl, "now": now})
    latest = {"key": text64(KEY), "token": token(KEY, b"", iv, 2**64 - 1)}
    cases.bad("time 2^64-1, with a ttl", "time", {**latest, "ttl": 60, "now": TIME})


def bad(cases, draw):
    iv = draw()

    def case(name, rule, text, key=KEY):
        cases.bad(name, rule, {"key": text64(key), "token": text})

    # 34 bytes of blocks and head make a text with padding and characters of both alphabets.
    text = next(
        text
        for text in (token(KEY, b"rows", draw()) for _ in range(100))
        if "-" in text and "_" in text and text.endswith("==")
    )
    for name, loose in looser64(text).items():
        case(f"base64: {name}", "base64", loose)
    case("base64: nothing", "base64", "")
    case("base64: a character", "base64", "g")
    case("base64: a character too few", "base64", text[:-3])

    raw = raw_token(KEY, pad(b"rows"), iv)
    body = raw[:-32]
    for version in [0x00, 0x7F, 0x81]:
        changed = raw_token(KEY, pad(b"rows"), iv, version=version)
        case(f"version {version:#04x}", "version", text64(changed))
    head = body[:25]
    for name, ciphertext in {
        "no block": b"",
        "a byte": b"\0",
        "15 bytes of a block": bytes(15),
        "a byte after a block": bytes(17),
    }.items():
        case(f"blocks: {name}", "blocks", text64(signed(KEY, head + ciphertext)))
    for length in [1, 9, 25, 56]:
        case(f"blocks: the first {length} bytes", "blocks", text64(raw[:length]))

    for name, at in {
        "time": 8,
        "IV": 9,
        "ciphertext": 25,
        "first byte of the MAC": len(body),
        "last byte of the MAC": -1,
    }.items():
        case(f"mac: a bit of the {name}", "mac", text64(flip(raw, at)))
    other = draw(32)
    case("mac: another key", "mac", text64(raw), other)
    case("mac: another signing key", "mac", text64(raw), other[:16] + KEY[16:])
    case("mac: the halves of the key exchanged", "mac", text64(raw), KEY[16:] + KEY[:16])
    case("mac: under the encryption key", "mac", text64(signed(KEY[16:], body)))
    case("mac: of the text", "mac", text64(body + signed(KEY, text64(body).encode())[-32:]))
    case("mac: without the version", "mac", text64(body + signed(KEY, body[1:])[-32:]))
    case("mac: all zeros", "mac", text64(body + bytes(32)))
    case("mac: 16 bytes of it", "mac", text64(body + raw[len(body) :][:16]))
    case("mac: a block more", "mac", text64(body + bytes(16) + raw[len(body) :]))

    for name, padded in {
        "0": b"fifteen bytes..\0",
        "17": b"\x11" * 32,
        "255": b"fifteen bytes..\xff",
        "uneven at its start": b"rows" + b"\x0b" + b"\x0c" * 11,
        "uneven before its end": b"fourteen bytes" + b"\x03\x02",
        "16, uneven": b"\x0f" + b"\x10" * 15,
    }.items():
        case(f"padding: {name}", "padding", text64(raw_token(KEY, padded, iv)))
    case(
        "padding and MAC",
        "mac",
        text64(flip(raw_token(KEY, bytes(16), iv), -1)),
    )


def lenient(cases, draw):
    """For readers that have such an option."""
    needs = {"needs": "lenient"}
    text = next(
        text
        for text in (token(KEY, b"rows", iv) for iv in (draw() for _ in range(200)))
        if text.count("-") and text.count("_") and text.endswith("==")
    )
    iv = bytes64(text)[9:25]
    out = output(b"rows", TIME, iv)
    loose = looser64(text)
    for name in [
        "the other alphabet",
        "no padding",
        "a space before it",
        "a space within",
        "a line feed at the end",
        "a carriage return at the end",
    ]:
        given = {"key": text64(KEY), "token": loose[name]}
        cases.good(f"lenient: {name}", given, out, **needs)
    dense = text.rstrip("=")
    for name, changed in {
        "both alphabets": text.replace("-", "+"),
        "a spare bit": spare_bit(text),
        "a spare bit without padding": spare_bit(text).rstrip("="),
        "half of the padding": dense + "=",
        "padding within": loose["padding within"],
        "more padding": loose["more padding"],
        "a vertical tab": text[:20] + "\v" + text[20:],
        "a no-break space": text[:20] + "\xa0" + text[20:],
        "a NUL": loose["a NUL at the end"],
        "a character of no alphabet": loose["a character of no alphabet"],
    }.items():
        given = {"key": text64(KEY), "token": changed}
        cases.bad(f"lenient: {name}", "base64", given, **needs)


def make():
    cases, draw = Cases(), drawer("fernet")
    spec(cases)
    good(cases, draw)
    times(cases, draw())
    bad(cases, draw)
    lenient(cases, draw)
    return cases.list

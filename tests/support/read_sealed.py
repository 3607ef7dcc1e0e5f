"""Opens a sealed export, from standard input to standard output.

    python read_sealed.py SECRET < export.sealed > data

SECRET is the passphrase, or the key as hexadecimal digits after `key:`. Slices
are written as they are opened: after an error what was written is not all of it.
"""

import sys

from tokens import read_token, strict

# begin
import base64, hashlib, hmac, itertools, json
from cryptography.fernet import Fernet, InvalidToken

START = b'{"format":"ironfern-export"'

def check(good, code, line):
    if not good:
        raise ValueError(f"{code} at {line}")

def write_header(id, kdf):
    header = {"format": "ironfern-export", "version": 1, "id": id, "kdf": kdf}
    return json.dumps(header, separators=(",", ":")).encode()

def read_header(line):
    header = json.loads(line)
    id, kdf = header["id"], header["kdf"]
    members = ["name"] if kdf["name"] == "key" else ["name", "iterations", "salt"]
    kdf = {member: kdf[member] for member in members}
    good = kdf["name"] in ["key", "pbkdf2-sha256"] and type(kdf.get("iterations", 0)) is int
    good = good and {len(strict(each + "==")) for each in [id, kdf.get("salt", id)]} == {16}
    if not good or write_header(id, kdf) != line:
        raise ValueError
    return id, kdf

def read_lines(file):
    for number in itertools.count(1):
        most = 4_096 if number == 1 else 87_436
        line = file.readline(most + 1)
        whole = line.endswith(b"\n")
        check(whole or len(line) <= most, "line-too-long", number)
        cut = number > 1 or line.startswith(START) or START.startswith(line)
        check(whole, "truncated" if cut else "bad-header", number)
        yield line[:-1]

def file_fernet(header, secret):
    kdf = json.loads(header)["kdf"]
    if kdf["name"] == "pbkdf2-sha256":
        salt = strict(kdf["salt"] + "==")
        secret = hashlib.pbkdf2_hmac("sha256", secret.encode(), salt, kdf["iterations"])
    info = b"ironfern-export/1" + hashlib.sha256(header).digest() + b"\1"
    key = hmac.digest(hmac.digest(bytes(32), secret, "sha256"), info, "sha256")
    return Fernet(base64.urlsafe_b64encode(key))

def unseal(file, secret, max_iterations=2_000_000, id=None):  # a passphrase, or a key's 32 bytes
    lines = read_lines(file)
    header = next(lines)
    try:
        found, kdf = read_header(header)
    except Exception:
        check(False, "bad-header", 1)
    check(id in (None, found), "unexpected-id", 1)
    check(isinstance(secret, str) == ("salt" in kdf), "wrong-secret-or-header", 1)
    in_range = 100_000 <= kdf.get("iterations", 100_000) <= max_iterations
    check(in_range, "iterations-out-of-range", 1)
    fernet, time, slices, total = file_fernet(header, secret), None, 0, 0
    for number, line in enumerate(lines, 2):
        try:
            record = read_token(fernet, line)
        except InvalidToken:
            check(False, "wrong-secret-or-header" if number == 2 else "bad-token", number)
        kind, data = record[8:9], record[9:]
        check(kind, "bad-token", number)
        check(int.from_bytes(record[:8], "big") == slices, "out-of-order", number)
        time = time or line[:12]  # the token's version and time, in base64
        check(line[:12] == time, "bad-token", number)
        if kind == b"\1":
            end = slices.to_bytes(8, "big") + total.to_bytes(8, "big")
            check(data == end, "bad-token", number)
            return check(not file.read(1), "trailing-data", number + 1)
        check(kind == b"\0", "bad-token", number)
        check(total == slices * 65_510, "bad-token", number - 1)  # the slice before was short
        check(1 <= len(data) <= 65_510, "bad-token", number)
        slices, total = slices + 1, total + len(data)
        yield data
# end

if __name__ == "__main__":
    name, _, digits = sys.argv[1].partition(":")
    secret = bytes.fromhex(digits) if name == "key" else sys.argv[1]
    for data in unseal(sys.stdin.buffer, secret):
        sys.stdout.buffer.write(data)

"""Opens a sealed export, from standard input to standard output.

    python read_sealed.py SECRET < export.sealed > data

SECRET is the passphrase, or the key as hexadecimal digits after `key:`. Slices
are written as they are opened: after an error what was written is not all of it.
"""

import sys

# begin
import base64, hashlib, hmac, json
from cryptography.fernet import Fernet

def check(good, reason):
    if not good:
        raise ValueError(reason)

def file_fernet(header, secret):
    kdf = json.loads(header)["kdf"]
    if kdf["name"] == "pbkdf2-sha256":
        salt = base64.urlsafe_b64decode(kdf["salt"] + "==")
        secret = hashlib.pbkdf2_hmac("sha256", secret, salt, kdf["iterations"])
    info = b"ironfern-export/1" + hashlib.sha256(header).digest() + b"\1"
    key = hmac.digest(hmac.digest(bytes(32), secret, "sha256"), info, "sha256")
    return Fernet(base64.urlsafe_b64encode(key))

def unseal(file, secret, max_iterations=2_000_000):  # a passphrase's bytes, or a key's 32 bytes
    header = file.readline(4_097)[:-1]
    iterations = json.loads(header)["kdf"].get("iterations", 100_000)
    check(100_000 <= iterations <= max_iterations, "iterations out of range")
    fernet, start, slices, total = file_fernet(header, secret), None, 0, 0
    while (line := file.readline(87_437)).endswith(b"\n"):
        record = fernet.decrypt(line[:-1])
        start = start or line[:12]  # the token's version and time, in base64
        check(line[:12] == start, "another time")
        kind, data = record[8], record[9:]
        check(int.from_bytes(record[:8], "big") == slices, "out of order")
        if kind == 1:
            check(data == slices.to_bytes(8, "big") + total.to_bytes(8, "big"), "wrong end")
            return check(not file.read(1), "trailing data")
        check(kind == 0 and total == slices * 65_510 and 1 <= len(data) <= 65_510, "wrong slice")
        slices, total = slices + 1, total + len(data)
        yield data
    raise ValueError("truncated")
# end

if __name__ == "__main__":
    name, _, digits = sys.argv[1].partition(":")
    secret = bytes.fromhex(digits) if name == "key" else sys.argv[1].encode()
    for data in unseal(sys.stdin.buffer, secret):
        sys.stdout.buffer.write(data)

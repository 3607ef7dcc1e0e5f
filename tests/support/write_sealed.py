"""Seals standard input into a sealed export on standard output.

    python write_sealed.py SECRET < data > export.sealed

SECRET is the passphrase, or the key as hexadecimal digits after `key:`.
"""

import sys

from read_sealed import file_fernet, write_header

# begin
import base64, os, time

def seal(file, secret, iterations=600_000):  # a passphrase, or a key's 32 bytes
    def random():
        return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
    def line(index, kind, data):
        record = index.to_bytes(8, "big") + bytes([kind]) + data
        return fernet.encrypt_at_time(record, now) + b"\n"
    kdf = {"name": "pbkdf2-sha256", "iterations": iterations, "salt": random()}
    kdf = kdf if isinstance(secret, str) else {"name": "key"}
    header = write_header(random(), kdf)
    fernet, now, slices, total = file_fernet(header, secret), int(time.time()), 0, 0
    yield header + b"\n"
    while data := file.read(65_510):
        yield line(slices, 0, data)
        slices, total = slices + 1, total + len(data)
    yield line(slices, 1, slices.to_bytes(8, "big") + total.to_bytes(8, "big"))
# end

if __name__ == "__main__":
    name, _, digits = sys.argv[1].partition(":")
    secret = bytes.fromhex(digits) if name == "key" else sys.argv[1]
    for line in seal(sys.stdin.buffer, secret, 100_000):
        sys.stdout.buffer.write(line)

"""Python's contestants of the comparison, driven by bench/compare/python.ts.

A line of JSON comes in, a line goes out. `{"prepare": job, ...}` hands a job's
values over and is answered by `{"id": n}`; `{"run": n}` does it and answers its
results; `{"time": n, "repeats": r}` does it r times and answers the nanoseconds
that this process measured. Bytes travel as `{"base64": text}`.
"""

import base64
import hashlib
import hmac
import json
import os
import platform
import sys
import time

try:
    import cryptography
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
except ImportError:
    cryptography = None


SLICE = 65_510


def encrypt(key, values):
    fernet = Fernet(key)
    return lambda: [
        fernet.encrypt(value.encode() if isinstance(value, str) else value) for value in values
    ]


def decrypt(key, values):
    fernet = Fernet(key)
    return lambda: [fernet.decrypt(value) for value in values]


def hashlib_keys(inputs, iterations):
    return lambda: [
        hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
        for password, salt in inputs
    ]


def pyca_keys(inputs, iterations):
    return lambda: [
        PBKDF2HMAC(SHA256(), length=32, salt=salt, iterations=iterations).derive(password.encode())
        for password, salt in inputs
    ]


def seal_file(key, input, output):
    """A sealed export, a slice at a time."""

    def run():
        name = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
        header = (
            '{"format":"ironfern-export","version":1,"id":"%s","kdf":{"name":"key"}}' % name
        ).encode()
        info = b"ironfern-export/1" + hashlib.sha256(header).digest()
        prk = hmac.digest(bytes(32), base64.urlsafe_b64decode(key), "sha256")
        file_key = hmac.digest(prk, info + b"\1", "sha256")
        fernet = Fernet(base64.urlsafe_b64encode(file_key))
        now = int(time.time())

        def line(index, kind, data):
            record = index.to_bytes(8, "big") + bytes([kind]) + data
            return fernet.encrypt_at_time(record, now) + b"\n"

        slices = total = 0
        with open(input, "rb") as source, open(output, "wb") as target:
            target.write(header + b"\n")
            while data := source.read(SLICE):
                target.write(line(slices, 0, data))
                slices += 1
                total += len(data)
            target.write(line(slices, 1, slices.to_bytes(8, "big") + total.to_bytes(8, "big")))
            target.flush()
            os.fsync(target.fileno())

    return run


JOBS = {job.__name__: job for job in [encrypt, decrypt, hashlib_keys, pyca_keys, seal_file]}


def to_bytes(value):
    return base64.b64decode(value["base64"]) if "base64" in value else value


def from_bytes(value):
    return {"base64": base64.b64encode(value).decode()}


def answer(value):
    print(json.dumps(value, default=from_bytes), flush=True)


def timed(job, repeats):
    start = time.perf_counter_ns()
    for _ in range(repeats):
        job()
    return time.perf_counter_ns() - start


def main():
    prepared = []
    answer({
        "python": platform.python_version(),
        "cryptography": cryptography and cryptography.__version__,
    })
    for line in sys.stdin:
        request = json.loads(line, object_hook=to_bytes)
        if "prepare" in request:
            prepared.append(JOBS[request.pop("prepare")](**request))
            answer({"id": len(prepared) - 1})
        elif "run" in request:
            answer({"results": prepared[request["run"]]()})
        else:
            answer({"nanoseconds": timed(prepared[request["time"]], request["repeats"])})


main()

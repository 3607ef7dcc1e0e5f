"""Python's contestants of the comparison, driven by bench/compare/python.ts.

A line of JSON comes in, a line goes out. `{"prepare": job, ...}` hands a job's
values over and is answered by `{"id": n}`; `{"run": n}` does it and answers its
results; `{"time": n, "repeats": r}` does it r times and answers the nanoseconds
that this process measured. Bytes travel as `{"base64": text}`.
"""

import base64
import hashlib
import json
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


JOBS = {job.__name__: job for job in [encrypt, decrypt, hashlib_keys, pyca_keys]}


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

"""Seals an export with the maker of the vectors: a JSON request on standard input,
`{"key": hex | "passphrase": text, "data": base64}`, the export on standard output.

It is for tests: all of the data is in memory.
"""

import base64
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "vectors" / "make"))
sys.dont_write_bytecode = True

from sealed import UNDER_KEY, Sealer  # noqa: E402


def main():
    request = json.load(sys.stdin)
    sealer = Sealer(lambda length=16: os.urandom(length))
    data = base64.b64decode(request["data"])
    if "key" in request:
        sealed = sealer.seal(UNDER_KEY, bytes.fromhex(request["key"]), data)
    else:
        sealed = sealer.seal(sealer.pbkdf2(), request["passphrase"].encode(), data)
    sys.stdout.write(sealed)


main()

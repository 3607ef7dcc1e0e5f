"""What follows the reader of docs/storage.md in the tests.

It gets {"root": ..., "prefix": ..., "key": ..., "store": {"kind": ..., "path": ...}} and prints the
value's JSON text, or its bytes as hexadecimal digits.
"""

import json
import sqlite3
import sys
from pathlib import Path
from urllib.parse import quote


def fetch(kind, path, name):
    if kind == "sqlite":
        query = "SELECT record FROM ironfern WHERE name = ?"
        return sqlite3.connect(path).execute(query, (name,)).fetchone()[0]
    if kind == "folder":
        return (Path(path) / f"{quote(name, safe='~')}.sealed").read_text()
    return Path(path, name).read_text()


def main():
    given = json.load(sys.stdin)
    root = base64.urlsafe_b64decode(given["root"])  # noqa: F821: the reader imports it
    prefix, key = given["prefix"].encode(), given["key"].encode()
    store = given["store"]
    record = fetch(store["kind"], store["path"], name(root, prefix, key))  # noqa: F821
    type, value = read(root, prefix, key, record)  # noqa: F821
    sys.stdout.write(value.decode() if type == 1 else value.hex())


main()

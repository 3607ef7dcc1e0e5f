"""Writes the files of vectors: `python vectors/make`. With `--print` it prints them as
one JSON object instead, by name.

It needs the package `cryptography`. It writes the same bytes every time.
"""

import json
import sys
from pathlib import Path

import fernet
import fields
import flet
import sealed
import storage
import vault

SCHEMA = 1
FILES = {
    "fernet": ("fernet/0x80", fernet),
    "flet": ("flet/encrypt", flet.Fernets),
    "flet_aes_gcm": ("flet/encrypt_aes_gcm_256", flet.Gcms),
    "fields": ("ironfern/fields/1", fields),
    "sealed": ("ironfern-export/1", sealed),
    "storage": ("ironfern/storage/1", storage.Records),
    "blind_index": ("ironfern/index/1", storage.Indexes),
    "vault": ("ironfern-vault/1", vault),
}


def content(format, maker):
    return {"schema": SCHEMA, "format": format, "note": maker.NOTE, "cases": maker.make()}


def main():
    files = {name: content(*file) for name, file in FILES.items()}
    if sys.argv[1:] == ["--print"]:
        json.dump(files, sys.stdout)
        return
    for name, file in files.items():
        path = Path(__file__).parent.parent / f"{name}.json"
        path.write_text(json.dumps(file, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


main()

"""Sealed exports, by the vectors that every implementation has to pass."""

from __future__ import annotations

import hashlib
import io
import os
import random
import subprocess
import sys
import time
import unittest
from typing import Any

from .support import SOURCES, FolderTest, key_text, vectors

import ironfern_spark as ironfern  # isort: skip
from ironfern_spark._sealed_format import SLICE  # isort: skip

PASSPHRASE = "correct horse battery staple"


#: What an input is called here.
OPTIONS = {
    "key": "key",
    "passphrase": "passphrase",
    "id": "expect_id",
    "maxIterations": "max_iterations",
}


def options_of(case: dict[str, Any]) -> dict[str, Any]:
    given = case["input"]
    return {OPTIONS[name]: value for name, value in given.items() if name in OPTIONS}


class Dribble(io.RawIOBase):
    """A file that gives a few bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        self._file = io.BytesIO(data)
        self._most = most

    def read(self, size: int = -1) -> bytes:
        return self._file.read(min(size, self._most) if size >= 0 else self._most)


class VectorsTest(unittest.TestCase):
    def test_good(self) -> None:
        for case in vectors("sealed")[0]:
            sealed, output = case["input"]["export"].encode(), case["output"]
            for most in (len(sealed) + 1, 7):
                opened = ironfern.open_export(Dribble(sealed, most), **options_of(case))
                digest = hashlib.sha256(b"".join(opened)).hexdigest()
                self.assertEqual(digest, output["sha256"], case["name"])
            info = ironfern.verify_export(io.BytesIO(sealed), **options_of(case))
            self.assertEqual((info.id, info.bytes), (output["id"], output["bytes"]))

    def test_bad(self) -> None:
        for case in vectors("sealed")[1]:
            for most in (1 << 20, 100):
                source = Dribble(case["input"]["export"].encode(), most)
                with (
                    self.subTest(case["name"]),
                    self.assertRaises(ironfern.SealedExportError) as caught,
                ):
                    for _ in ironfern.open_export(source, **options_of(case)):
                        pass
                found = (caught.exception.code, caught.exception.line)
                self.assertEqual(found, (case["error"], case["line"]), case["name"])


class SealedTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.key = ironfern.generate_key()

    def test_sizes(self) -> None:
        for size in [0, 1, SLICE - 1, SLICE, SLICE + 1, 16 * SLICE, 16 * SLICE + 1, 33 * SLICE]:
            data = random.Random(size).randbytes(size)
            sealed = io.BytesIO()
            info = ironfern.seal_stream(Dribble(data, 100_000), sealed, key=self.key)
            self.assertEqual((info.slices, info.bytes), (-(-size // SLICE), size))
            opened = ironfern.open_export(io.BytesIO(sealed.getvalue()), key=self.key)
            self.assertEqual(b"".join(opened), data)
            self.assertEqual(opened.info, info)

    def test_every_line_is_needed_in_its_place(self) -> None:
        data = random.Random(1).randbytes(3 * SLICE + 5)
        sealed = io.BytesIO()
        ironfern.seal_stream(io.BytesIO(data), sealed, key=self.key)
        lines = sealed.getvalue().splitlines(keepends=True)
        changes = [lines[:at] + lines[at + 1 :] for at in range(len(lines))]
        changes += [[*lines[: at + 1], *lines[at:]] for at in range(len(lines))]
        changes += [
            [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]] for at in range(5)
        ]
        for changed in changes:
            with self.assertRaises(ironfern.SealedExportError):
                for piece in ironfern.open_export(io.BytesIO(b"".join(changed)), key=self.key):
                    self.assertIn(piece, data)

    def test_files(self) -> None:
        source = self.write("data", b"rows\n" * 50_000)
        sealed, back = self.folder / "sealed", self.folder / "back"
        options = {"passphrase": PASSPHRASE}
        info = ironfern.seal_file(source, sealed, iterations=100_000, **options)
        self.assertEqual(ironfern.open_file(sealed, back, expect_id=info.id, **options), info)
        self.assertEqual(back.read_bytes(), source.read_bytes())
        seen = ironfern.inspect_export(sealed)
        self.assertEqual(seen[:3], (info.id, "pbkdf2-sha256", 100_000))
        self.assertLess(abs(time.time() - (seen.time or 0)), 600)
        back.unlink()
        text = sealed.read_bytes()
        sealed.write_bytes(text[:-200])
        with self.assertRaises(ironfern.SealedExportError) as caught:
            ironfern.open_file(sealed, back, **options)
        self.assertEqual(caught.exception.code, "truncated")
        self.assertEqual(self.names(), ["data", "sealed"])

    def test_judged_before_a_derivation(self) -> None:
        slow = "8Jgk_1-NVOk1sjlPOM2PGg"
        header = (
            '{"format":"ironfern-export","version":1,"id":"%s","kdf":'
            '{"name":"pbkdf2-sha256","iterations":%s,"salt":"%s"}}\n'
        )
        for iterations, expect, code in [
            (2_000_001, None, "iterations-out-of-range"),
            (9_007_199_254_740_991, None, "iterations-out-of-range"),
            (10**400, None, "bad-header"),
            (9_000_000, "x" * 21 + "A", "unexpected-id"),
            (2_000_000, None, "truncated"),
        ]:
            text = (header % (slow, iterations, slow)).encode()
            with self.assertRaises(ironfern.SealedExportError) as caught:
                ironfern.verify_export(
                    io.BytesIO(text), passphrase=PASSPHRASE, expect_id=expect
                )
            self.assertEqual(caught.exception.code, code)

    def test_misuse(self) -> None:
        file = io.BytesIO()
        for options in [{}, {"key": self.key, "passphrase": "a"}]:
            with self.assertRaises(TypeError):
                ironfern.open_export(file, **options)
        with self.assertRaises(TypeError):
            ironfern.seal_stream(file, file, key=self.key, iterations=600_000)
        for options in [{"passphrase": ""}, {"key": "short"}]:
            with self.assertRaises(ValueError):
                ironfern.seal_stream(file, file, **options)
        for iterations in [99_999, 10_000_001]:
            with self.assertRaises(ValueError):
                ironfern.seal_stream(file, file, passphrase="a", iterations=iterations)
        with self.assertRaises(ValueError):
            ironfern.open_export(file, key=self.key, expect_id="short")
        with self.assertRaises(ValueError):
            _ = ironfern.open_export(file, key=self.key).info

    @unittest.skipUnless(sys.platform == "linux", "the limit counts addresses on Linux")
    def test_memory_does_not_grow_with_the_file(self) -> None:
        program = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import ironfern_spark as ironfern
key = ironfern.generate_key()
ironfern.encrypt_many(["a"], key)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (24 << 20),) * 2)
folder = sys.argv[2]
info = ironfern.seal_file(f"{folder}/data", f"{folder}/sealed", key=key)
assert ironfern.open_file(f"{folder}/sealed", f"{folder}/back", key=key) == info
ironfern.encrypt_lines_file(f"{folder}/data", f"{folder}/sealed", key)
ironfern.decrypt_lines_file(f"{folder}/sealed", f"{folder}/back", key)
"""
        data = self.folder / "data"
        data.write_bytes((os.urandom(4_000).replace(b"\n", b"") + b"\n") * 8_000)
        self.assertGreater(data.stat().st_size, 24 << 20)
        command = [sys.executable, "-c", program, str(SOURCES), str(self.folder)]
        ran = subprocess.run(command, capture_output=True, check=False, text=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual((self.folder / "back").read_bytes(), data.read_bytes())

    def test_a_key_of_text_and_of_bytes(self) -> None:
        sealed = io.BytesIO()
        key = os.urandom(32)
        ironfern.seal_stream(io.BytesIO(b"a"), sealed, key=key)
        sealed.seek(0)
        self.assertEqual(ironfern.verify_export(sealed, key=key_text(key)).bytes, 1)
        self.assertIsNone(ironfern.inspect_export(io.BytesIO(sealed.getvalue())).iterations)

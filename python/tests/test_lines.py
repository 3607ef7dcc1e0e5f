"""Lines, of iterables and of files."""

from __future__ import annotations

import random
import unittest

from cryptography.fernet import Fernet

from .support import FolderTest

import ironfern_spark as ironfern  # isort: skip
from ironfern_spark import lines as module  # isort: skip


class LinesTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.key = ironfern.generate_key()

    def test_iterables(self) -> None:
        lines = [f"Zoë {number}" for number in range(20_000)] + ["", None]
        tokens = list(ironfern.encrypt_lines(iter(lines), self.key))
        self.assertEqual(Fernet(self.key).decrypt(tokens[7] or "").decode(), "Zoë 7")
        self.assertEqual(list(ironfern.decrypt_lines(tokens, self.key)), lines)
        tokens[19_000] = "no token"
        opening = ironfern.decrypt_lines(tokens, self.key)
        with self.assertRaises(ironfern.InvalidTokenError) as caught:
            list(opening)
        self.assertEqual((caught.exception.index, caught.exception.line), (19_000, 19_001))

    def test_misuse(self) -> None:
        with self.assertRaisesRegex(ValueError, "line 2: it holds a line feed"):
            list(ironfern.encrypt_lines(["a", "b\n"], self.key))
        with self.assertRaises(TypeError):
            ironfern.encrypt_lines("one line", self.key)
        for work in (ironfern.encrypt_lines, ironfern.decrypt_lines):
            with self.assertRaisesRegex(TypeError, "got int"):
                list(work([7], self.key))  # type: ignore[list-item]
        with self.assertRaises(ValueError):
            ironfern.decrypt_lines([], "no key")

    def test_files_byte_for_byte(self) -> None:
        shuffled = random.Random(7)
        texts = [b"", b"\n", b"a", b"a\n\nb\r\n", b"\xff\xfe\n" * 3, b"x" * 3_000_000 + b"\ny"]
        texts.append(
            b"".join(shuffled.randbytes(shuffled.randrange(300)) for _ in range(9_000))
        )
        texts.append(b"\n" * 20_000 + b"end")
        for text in texts:
            source = self.write("rows", text)
            count = text.count(b"\n") + (not text.endswith(b"\n") if text else 0)
            sealed, back = self.folder / "sealed", self.folder / "back"
            self.assertEqual(ironfern.encrypt_lines_file(source, sealed, self.key), count)
            self.assertEqual(sealed.read_bytes().count(b"\n"), text.count(b"\n"))
            self.assertEqual(ironfern.decrypt_lines_file(sealed, back, self.key), count)
            self.assertEqual(back.read_bytes(), text)

    def test_a_bad_token_leaves_nothing(self) -> None:
        source = self.write("rows", "".join(f"{number}\n" for number in range(10_000)))
        sealed = self.folder / "sealed"
        ironfern.encrypt_lines_file(source, sealed, self.key)
        tokens = sealed.read_bytes().split(b"\n")
        tokens[9_500] = tokens[9_500][:-1]
        sealed.write_bytes(b"\n".join(tokens))
        with self.assertRaises(ironfern.InvalidTokenError) as caught:
            ironfern.decrypt_lines_file(sealed, self.folder / "back", self.key)
        self.assertEqual(caught.exception.line, 9_501)
        with self.assertRaises(ironfern.InvalidTokenError) as caught:
            ironfern.decrypt_lines_file(sealed, self.folder / "back", ironfern.generate_key())
        self.assertEqual(caught.exception.line, 1)
        self.assertEqual(self.names(), ["rows", "sealed"])

    def test_a_line_that_is_too_long(self) -> None:
        longest = b"x" * module.LONGEST_LINE
        source, target = self.folder / "rows", self.folder / "sealed"
        source.write_bytes(b"a\n" + longest + b"\n")
        self.assertEqual(ironfern.encrypt_lines_file(source, target, self.key), 2)
        for end in (b"", b"\n"):
            source.write_bytes(b"a\n" + longest + b"x" + end)
            with self.assertRaises(ironfern.RowError) as caught:
                ironfern.encrypt_lines_file(source, target, self.key)
            self.assertEqual(caught.exception.line, 2)


class ReplaceTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.key = ironfern.generate_key()
        self.source = self.write("rows", b"a\n")

    def test_modes_links_and_leftovers(self) -> None:
        target, link = self.folder / "target", self.folder / "link"
        ironfern.encrypt_lines_file(self.source, target, self.key)
        self.assertEqual(target.stat().st_mode & 0o777, 0o600)
        link.symlink_to(target)
        before = target.read_bytes()
        ironfern.encrypt_lines_file(self.source, link, self.key)
        self.assertTrue(link.is_symlink())
        self.assertNotEqual(target.read_bytes(), before)
        with self.assertRaises(FileExistsError):
            ironfern.encrypt_lines_file(self.source, target, self.key, overwrite=False)
        ironfern.encrypt_lines_file(self.source, self.folder / "new", self.key, overwrite=False)
        self.assertEqual(self.names(), ["link", "new", "rows", "target"])

    def test_a_killed_run_is_cleaned_up_after(self) -> None:
        from ironfern_spark._replace_file import _temporary_start

        target = self.folder / "target"
        leftover = self.write(
            f"{_temporary_start(str(target)).split('/')[-1]}{'0' * 16}.tmp", b""
        )
        stranger = self.write(".ironfern-0123456789abcdef-0000000000000000.tmp", b"")
        ironfern.encrypt_lines_file(self.source, target, self.key)
        self.assertFalse(leftover.exists())
        self.assertTrue(stranger.exists())

    def test_what_is_not_replaced(self) -> None:
        with self.assertRaisesRegex(OSError, "same file"):
            ironfern.encrypt_lines_file(self.source, self.source, self.key)
        with self.assertRaisesRegex(OSError, "not a file"):
            ironfern.encrypt_lines_file(self.source, self.folder, self.key)
        with self.assertRaises(FileNotFoundError):
            ironfern.encrypt_lines_file(self.folder / "none", self.folder / "out", self.key)
        self.assertEqual(self.source.read_bytes(), b"a\n")
        self.assertEqual(self.names(), ["rows"])


if __name__ == "__main__":
    unittest.main()

"""Where keys and passphrases come from."""

from __future__ import annotations

import base64
import os
import pickle
import unittest.mock
import warnings

from .support import FolderTest, key_text

import ironfern_spark as ironfern  # isort: skip
from ironfern_spark import SecretFile, SecretVariable  # isort: skip
from ironfern_spark.keys import read_key, read_passphrase  # isort: skip

KEY = bytes(range(220, 252))


class KeysTest(FolderTest):
    def test_ways_to_write_a_key(self) -> None:
        text = key_text(KEY)
        standard = base64.b64encode(KEY).decode()
        self.assertNotEqual(text, standard)
        for key in [
            KEY,
            bytearray(KEY),
            text,
            text.encode(),
            text[:-1],
            standard,
            f" {text}\r\n",
        ]:
            self.assertEqual(read_key(key), KEY)

    def test_what_is_no_key(self) -> None:
        text = key_text(KEY)
        mixed = "-+" + text[2:]
        for key in [
            "",
            text[:-2],
            text + "A",
            KEY.hex(),
            "passphrase",
            text[:-2] + "9=",
            mixed,
        ]:
            with self.subTest(key), self.assertRaises(ValueError) as caught:
                read_key(key)
            if key:
                self.assertNotIn(key, str(caught.exception))
        for key in [None, 7, ["a"]]:
            with self.assertRaises(TypeError):
                read_key(key)  # type: ignore[arg-type]

    def test_a_file(self) -> None:
        path = self.write("key", f"{key_text(KEY)}\r\n")
        path.chmod(0o600)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertEqual(read_key(SecretFile(path)), KEY)
        path.chmod(0o640)
        with self.assertWarnsRegex(UserWarning, "chmod 600"):
            read_key(SecretFile(path))
        path.chmod(0o600)
        path.write_bytes(b"correct horse \n")
        self.assertEqual(read_passphrase(SecretFile(path)), b"correct horse ")
        for content in [b"", b"\n", b"\xef\xbb\xbfabc", bytes(2 << 20)]:
            path.write_bytes(content)
            with self.assertRaises(ValueError):
                read_passphrase(SecretFile(path))

    def test_a_missing_file_is_not_named(self) -> None:
        for name in ["/4111/secret", "4111\0"]:
            with self.assertRaises(OSError) as caught:
                read_key(SecretFile(name))
            self.assertNotIn(name, repr(caught.exception))
            self.assertTrue(caught.exception.__suppress_context__)

    def test_a_variable(self) -> None:
        source = SecretVariable("IRONFERN_TEST_KEY")
        with unittest.mock.patch.dict(os.environ, {"IRONFERN_TEST_KEY": key_text(KEY)}):
            self.assertEqual(read_key(source), KEY)
        for value in [{}, {"IRONFERN_TEST_KEY": ""}]:
            with unittest.mock.patch.dict(os.environ, value), self.assertRaises(ValueError):
                read_key(source)

    def test_a_key_in_the_place_of_its_source(self) -> None:
        for source in (SecretFile, SecretVariable):
            with self.assertRaises(ValueError) as caught:
                source(key_text(KEY))
            self.assertNotIn(key_text(KEY), str(caught.exception))

    def test_a_job_holds_no_key(self) -> None:
        class Rdd:
            """As much of an RDD as is called, to see what would be sent to the workers."""

            sent = b""

            def mapPartitions(self, work: object, preservesPartitioning: bool) -> Rdd:  # noqa: N802, N803
                self.sent = pickle.dumps(work)
                self.work = work
                self.preserves = preservesPartitioning
                return self

        path = self.write("key", key_text(KEY))
        path.chmod(0o600)
        for work in (ironfern.encrypt_lines, ironfern.decrypt_lines):
            rdd = work(Rdd(), SecretFile(path))  # type: ignore[call-overload]
            self.assertIn(os.fsencode(path), rdd.sent)
            self.assertNotIn(key_text(KEY).encode(), rdd.sent)
            self.assertNotIn(KEY, rdd.sent)
            for key in [key_text(KEY), KEY]:
                with self.assertRaisesRegex(TypeError, "SecretFile"):
                    work(Rdd(), key)  # type: ignore[call-overload]

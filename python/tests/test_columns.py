"""Columns of pandas, as Spark gives them to a pandas UDF."""

from __future__ import annotations

import unittest

import pandas as pd
from cryptography.fernet import Fernet

from . import support  # noqa: F401

import ironfern_spark as ironfern  # isort: skip
from ironfern_spark._columns import decrypt_series, encrypt_series  # isort: skip
from ironfern_spark.fernet import token_age  # isort: skip
from ironfern_spark.keys import read_key  # isort: skip

KEY = ironfern.generate_key()
SECRET = read_key(KEY)


def opened(column: pd.Series, **options: object) -> pd.Series:
    settings = {"binary": False, "bad_tokens": "error", "in_time": None, **options}
    return decrypt_series(SECRET, column, **settings)


class ColumnsTest(unittest.TestCase):
    def test_text_and_nulls(self) -> None:
        values = [None if i % 4 == 0 else f"Zoë {i}" for i in range(20_000)] + [
            "",
            "x" * 3_000_000,
        ]
        column = pd.Series(values, index=range(5, 5 + len(values)), dtype=object)
        tokens = encrypt_series(SECRET, column)
        self.assertEqual(tokens.isna().sum(), 5_000)
        self.assertTrue(tokens.index.equals(column.index))
        self.assertEqual(Fernet(KEY).decrypt(tokens.iloc[1]).decode(), "Zoë 1")
        self.assertEqual(opened(tokens).tolist(), values)

    def test_binary(self) -> None:
        values = [b"\xff\0", None, b"", bytearray(b"abc")]
        tokens = encrypt_series(SECRET, pd.Series(values, dtype=object))
        self.assertEqual(opened(tokens, binary=True).tolist(), [b"\xff\0", None, b"", b"abc"])
        with self.assertRaisesRegex(ValueError, "not UTF-8") as caught:
            opened(tokens)
        self.assertTrue(caught.exception.__suppress_context__)

    def test_nothing_but_nulls(self) -> None:
        for values in [[], [None, None]]:
            column = pd.Series(values, dtype=object)
            self.assertEqual(encrypt_series(SECRET, column).tolist(), values)
            self.assertEqual(opened(column).tolist(), values)

    def test_bad_tokens(self) -> None:
        fernet = Fernet(KEY)
        tokens = [
            fernet.encrypt_at_time(f"text {i}".encode(), 1_000 + i).decode() for i in range(9)
        ]
        column = pd.Series([*tokens[:3], None, "no token", *tokens[3:]], dtype=object)
        with self.assertRaises(ironfern.InvalidTokenError):
            opened(column)
        back = opened(column, bad_tokens="null").tolist()
        expected = [
            "text 0",
            "text 1",
            "text 2",
            None,
            None,
            *[f"text {i}" for i in range(3, 9)],
        ]
        self.assertEqual(back, expected)
        in_time = token_age(60, 1_062)
        fresh = opened(column, bad_tokens="null", in_time=in_time).tolist()
        self.assertEqual(fresh, [None, None, *expected[2:]])

    def test_other_types(self) -> None:
        for values in [[1, 2], ["a", 4111], ["\ud800 4111"]]:
            with self.assertRaisesRegex(TypeError, "cast it to string") as caught:
                encrypt_series(SECRET, pd.Series(values, dtype=object))
            self.assertNotIn("4111", str(caught.exception))
            self.assertTrue(caught.exception.__suppress_context__)

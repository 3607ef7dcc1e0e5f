"""Tokens, against Fernet's own vectors and Python's cryptography."""

from __future__ import annotations

import os
import unittest
import unittest.mock
from typing import Any

from cryptography.fernet import Fernet

from .support import vectors

import ironfern_spark as ironfern  # isort: skip
from ironfern_spark import _tokens  # isort: skip


def ages(given: dict[str, Any]) -> dict[str, int]:
    return {"ttl": given["ttl"], "current_time": given["now"]} if "ttl" in given else {}


class FernetTest(unittest.TestCase):
    def setUp(self) -> None:
        self.key = ironfern.generate_key()

    def test_vectors(self) -> None:
        good, bad = vectors("fernet")
        for case in good:
            given, output = case["input"], case["output"]
            message, token = bytes.fromhex(output["message"]), given["token"]
            opened = ironfern.decrypt_many([token], given["key"], text=False, **ages(given))
            self.assertEqual(opened, [message], case["name"])
            key = ironfern.keys.read_key(given["key"])
            head = int(output["time"]).to_bytes(8, "big") + bytes.fromhex(output["iv"])
            batch = _tokens.Batch(message, _tokens.offsets_of([len(message)]))
            with unittest.mock.patch.object(_tokens, "make_heads", return_value=head):
                self.assertEqual(bytes(_tokens.seal(key, batch, 0).data), token.encode())
        for case in bad:
            given = case["input"]
            with self.subTest(case["name"]), self.assertRaises(ironfern.InvalidTokenError):
                ironfern.decrypt_many([given["token"]], given["key"], **ages(given))

    def test_both_ways_with_cryptography(self) -> None:
        fernet = Fernet(self.key)
        messages = [os.urandom(length) for length in [*range(200), 70_000]]
        tokens = ironfern.encrypt_many(messages, self.key)
        self.assertEqual([fernet.decrypt(token) for token in tokens if token], messages)
        theirs = [fernet.encrypt(message) for message in messages]
        self.assertEqual(ironfern.decrypt_many(theirs, self.key, text=False), messages)

    def test_more_than_a_batch_and_nulls(self) -> None:
        texts = [None if i % 3 == 0 else f"Zoë {i}" for i in range(20_000)]
        tokens = ironfern.encrypt_many(texts, self.key)
        self.assertEqual(len(set(tokens) - {None}), sum(text is not None for text in texts))
        self.assertEqual(ironfern.decrypt_many(tokens, self.key), texts)
        self.assertEqual(ironfern.encrypt_many([], self.key), [])
        self.assertEqual(ironfern.decrypt_many([None], self.key), [None])

    def test_messages_longer_than_the_arena(self) -> None:
        fernet = Fernet(self.key)
        messages = [os.urandom(9 << 20), b"", os.urandom((4 << 20) - 1)]
        tokens = ironfern.encrypt_many(messages, self.key)
        self.assertEqual(fernet.decrypt(tokens[0] or ""), messages[0])
        self.assertEqual(ironfern.decrypt_many(tokens, self.key, text=False), messages)
        long = tokens[0] or ""
        other = "B" if long[5_000_000] == "A" else "A"
        within = f"{long[:5_000_000]}{other}{long[5_000_001:]}"
        for bad in [f"{long[:-4]}BBB=", long[1:], within, f"{long}\n"]:
            with self.assertRaises(ironfern.InvalidTokenError):
                ironfern.decrypt_many([bad], self.key)

    def test_bad_tokens(self) -> None:
        good = ironfern.encrypt_many(["a", "b"], self.key)
        foreign = ironfern.encrypt_many(["a"], ironfern.generate_key())
        # The bits of "B" that no byte needs are not zero, so that no token ends so.
        changed = f"{good[0][:-3]}B=="  # type: ignore[index]
        for bad in ["", "no token", "é", changed, foreign[0], f"{good[0]}\n", f" {good[0]}"]:
            with self.assertRaises(ironfern.InvalidTokenError) as caught:
                ironfern.decrypt_many([good[0], None, bad], self.key)
            self.assertEqual(caught.exception.index, 2)
            self.assertIsNone(caught.exception.__context__)
            opened = ironfern.decrypt_many([bad, good[1]], self.key, bad_tokens="null")
            self.assertEqual(opened, [None, "b"])
        with self.assertRaises(ValueError):
            ironfern.decrypt_many([], self.key, bad_tokens="skip")  # type: ignore[call-overload]

    def test_every_changed_character_is_refused(self) -> None:
        token = ironfern.encrypt_many(["text"], self.key)[0] or ""
        changed = [
            token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
            for at in range(len(token))
        ]
        opened = ironfern.decrypt_many(changed, self.key, bad_tokens="null")
        self.assertEqual(opened, [None] * len(token))

    def test_age(self) -> None:
        fernet = Fernet(self.key)
        tokens = [fernet.encrypt_at_time(b"abc", time) for time in (1_000, 1_061, 1_121)]
        ages = {"ttl": 60, "current_time": 1_061, "bad_tokens": "null"}
        self.assertEqual(ironfern.decrypt_many(tokens, self.key, **ages), [None, "abc", "abc"])
        ages["current_time"] = 1_060
        self.assertEqual(ironfern.decrypt_many(tokens, self.key, **ages), ["abc", "abc", None])
        for wrong in [{"ttl": -1}, {"ttl": 10**12}, {"ttl": 1, "current_time": -1}]:
            with self.assertRaises(ValueError):
                ironfern.decrypt_many(tokens, self.key, **wrong)
        for misused in [{"current_time": 5}, {"ttl": True}, {"ttl": "1"}]:
            with self.assertRaises(TypeError):
                ironfern.decrypt_many(tokens, self.key, **misused)

    def test_errors_never_hold_a_value(self) -> None:
        for secret, work in [
            ("\ud800 4111", lambda text: ironfern.encrypt_many([text], self.key)),
            (b"4111 \xff", self.open_as_text),
        ]:
            with self.assertRaises(ValueError) as caught:
                work(secret)
            self.assertNotIn("4111", str(caught.exception))
            self.assertTrue(caught.exception.__suppress_context__)
        with self.assertRaises(TypeError) as wrong:
            ironfern.encrypt_many([4111], self.key)  # type: ignore[list-item]
        self.assertNotIn("4111", str(wrong.exception))

    def open_as_text(self, secret: bytes) -> None:
        ironfern.decrypt_many(ironfern.encrypt_many([secret], self.key), self.key)

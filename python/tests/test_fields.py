"""Fields, by the vectors, and byte for byte."""

from __future__ import annotations

import csv
import io
import json
import unittest
from typing import Any

from .support import FolderTest, vectors

import ironfern_spark as ironfern  # isort: skip
from ironfern_spark import Fields  # isort: skip

KEY = ironfern.generate_key()
CSV = Fields("csv", ["name"], row_id="id")


def encrypted(text: str, fields: Fields) -> str:
    out = io.BytesIO()
    ironfern.encrypt_fields(io.BytesIO(text.encode()), out, KEY, fields)
    return out.getvalue().decode()


def decrypted(text: str, fields: Fields) -> str:
    out = io.BytesIO()
    ironfern.decrypt_fields(io.BytesIO(text.encode()), out, KEY, fields)
    return out.getvalue().decode()


def fields_of(case: dict[str, Any]) -> Fields:
    rows = case["input"]["rows"]
    options = {"row_id": rows.get("rowId"), "delimiter": rows.get("delimiter")}
    return Fields(case["input"]["kind"], rows["fields"], **options)


class FieldsTest(FolderTest):
    def check_round_trip(self, text: str, fields: Fields, hidden: str) -> str:
        changed = encrypted(text, fields)
        self.assertNotIn(hidden, changed)
        self.assertEqual(decrypted(changed, fields), text)
        return changed

    def test_vectors(self) -> None:
        good, bad = vectors("fields")
        for case in good:
            text = case["output"]["text"]
            self.assertEqual(self.opened(case), text, case["name"])
            self.check_round_trip(text, fields_of(case), "\0")
        for case in bad:
            with (
                self.subTest(case["name"]),
                self.assertRaises((ironfern.InvalidTokenError, ironfern.RowError)) as caught,
            ):
                self.opened(case)
            found = (caught.exception.code, caught.exception.line)
            self.assertEqual(found, (case["error"], case["line"]), case["name"])

    def opened(self, case: dict[str, Any]) -> str:
        out, source = io.BytesIO(), io.BytesIO(case["input"]["rows"]["text"].encode())
        ironfern.decrypt_fields(source, out, case["input"]["key"], fields_of(case))
        return out.getvalue().decode()

    def test_csv(self) -> None:
        text = (
            '\ufeffid,name,"no""te"\r\n1,"Zoë ""Z""","a\nb"\r\n\r\n'
            '2,hidden,\r\n"3",,"x,y"\r\n4,e,f'
        )
        changed = self.check_round_trip(text, CSV, "hidden")
        rows = list(csv.reader(io.StringIO(changed.replace("\ufeff", ""), newline="")))
        self.assertEqual([row[0] for row in rows if row], ["id", "1", "2", "3", "4"])
        self.assertEqual(rows[1][2], "a\nb")
        # Another tool may put tokens into quotes, and change the delimiter.
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL).writerows(rows)
        other = decrypted(out.getvalue(), CSV._replace(delimiter=";"))
        self.assertEqual(next(csv.reader([other.splitlines()[1]], delimiter=";"))[1], 'Zoë "Z"')

    def test_csv_without_quotes(self) -> None:
        fields = Fields("csv", ["name"], delimiter="\t", quote="none")
        text = 'text\tname\n"so\tada\nit"\tbob\n'
        self.check_round_trip(text, fields, "ada")
        with self.assertRaises(ironfern.RowError) as caught:
            encrypted(text, Fields("csv", ["name"], delimiter="\t"))
        self.assertEqual(caught.exception.line, 2)

    def test_swallowed_rows(self) -> None:
        text = 'name,note\nada,"x\nbob,y\neve,z\n"\n'
        fields = Fields("csv", ["name"])
        with self.assertRaisesRegex(ironfern.RowError, "line 2: a cell in quotes holds"):
            encrypted(text, fields)
        self.check_round_trip(text, fields._replace(multiline=True), "ada")

    def test_json_lines(self) -> None:
        fields = Fields("jsonl", ["/user/e~1mail", "/cards/1", "big"], "id", optional=["big"])
        text = (
            '\ufeff{"id": 7, "user": {"e/mail": "hidden"}, "cards": [1, 2.50, 3]}\n'
            "  \n"
            '{"cards":[{"a":[]},[1e400,"\\ud800"]],"id":"a\\u0041","user":{"\\u0065/mail":null},'
            '"big":123456789012345678901234567890}'
        )
        changed = self.check_round_trip(text, fields, "hidden")
        rows = [
            json.loads(line) for line in changed.lstrip("\ufeff").split("\n") if line.strip()
        ]
        self.assertTrue(rows[0]["cards"][1].startswith("gAAAAA"))
        self.assertEqual(rows[0]["cards"][2], 3)
        # Other writers escape what is the same text.
        self.assertEqual(decrypted(changed.replace("=", "\\u003d"), fields), text)

    def test_moved_values_are_refused(self) -> None:
        text = "id,name,note\n1,ada,x\n2,bob,y\n"
        both = CSV._replace(names=["name", "note"])
        lines = encrypted(text, both).splitlines()
        first, second = lines[1].split(","), lines[2].split(",")
        for row in [
            ["1", second[1], first[2]],
            ["1", first[2], first[1]],
            ["2", *first[1:]],
            ["1", "ada", first[2]],
            ["1", "", first[2]],
        ]:
            changed = "\n".join([lines[0], ",".join(row), ""])
            with self.assertRaises(ironfern.InvalidTokenError) as caught:
                decrypted(changed, both)
            self.assertEqual((caught.exception.index, caught.exception.line), (0, 2))
        self.assertEqual(
            decrypted("\n".join([lines[0], lines[2], lines[1], ""]), both),
            "id,name,note\n2,bob,y\n1,ada,x\n",
        )

    def test_bad_rows_of_csv(self) -> None:
        for text, line in [
            ("id,nome\n1,a\n", 1),
            ("id,name,name\n1,a,b\n", 1),
            ("id;name\n1;a\n", 1),
            ("id,name\n1\n", 2),
            ("id,name\n1,a,b\n", 2),
            ('id,name\n1,a"b\n', 2),
            ('id,name\n1,"a"b\n', 2),
            ('id,name\n1,"a\nb\n', 2),
            ("id,name\n1,a\rb\n", 2),
            (f"id,name\n{'1' * 4_097},a\n", 2),
        ]:
            with self.subTest(text[:30]), self.assertRaises(ironfern.RowError) as caught:
                encrypted(text, CSV)
            self.assertEqual(caught.exception.line, line)
        with self.assertRaisesRegex(ironfern.RowError, "UTF-16"):
            ironfern.encrypt_fields(
                io.BytesIO("id,name".encode("utf-16")), io.BytesIO(), KEY, CSV
            )
        with self.assertRaisesRegex(ironfern.RowError, "line 2: it has more than"):
            encrypted("id,name\n1," + "x" * (16 << 20), CSV)

    def test_bad_rows_of_json(self) -> None:
        fields = Fields("jsonl", ["a"], "id", optional=["a"])
        for text, reason in [
            ('{"id":1,"a":NaN}', "NaN"),
            ('{"id":1,"a":1},', "part of an array"),
            ('[{"a":1}]', "array"),
            ('{"a":1}', 'no "id"'),
            ('{"id":1,"a":2,"a":3}', "repeated"),
            ('{"id":[],"a":2}', "neither"),
            ('{"id":"\\ud800","a":2}', "surrogate"),
            ("{", "value"),
            ('{"id":1,"a":2} x', "not JSON"),
            ("[" * 100_000, "array|nested"),
        ]:
            with self.subTest(text[:20]), self.assertRaisesRegex(ironfern.RowError, reason):
                encrypted(f"{text}\n", fields)
        with self.assertRaisesRegex(ValueError, "none of the 2 rows"):
            encrypted('{"id":1}\n{"id":2}\n', fields)
        with self.assertRaisesRegex(ironfern.RowError, "not an object"):
            encrypted("7\n", Fields("jsonl", ["a"], optional=["a"]))

    def test_misuse(self) -> None:
        for fields in [
            Fields("csv", []),
            Fields("csv", ["a", "a"]),
            Fields("csv", ["a"], "a"),
            Fields("csv", ["a"], delimiter="é"),
            Fields("csv", ["a"], delimiter="A"),
            Fields("csv", ["a"], delimiter='"'),
            Fields("csv", ["a"], quote="single"),
            Fields("xml", ["a"]),
            Fields("jsonl", ["/a/b", "a"]),
            Fields("jsonl", ["/a~2"]),
            Fields("jsonl", ["a"], optional=["b"]),
            Fields("csv", ["x" * 4_097]),
        ]:
            with self.subTest(fields), self.assertRaises(ValueError):
                encrypted("", fields)
        for fields in [
            Fields("csv", "a"),
            Fields("csv", ["a"], optional=["a"]),
            Fields("jsonl", ["a"], delimiter=","),
            Fields("csv", [7]),
        ]:
            with self.subTest(fields), self.assertRaises(TypeError):
                encrypted("", fields)

    def test_many_rows_and_files(self) -> None:
        text = "id,name\n" + "".join(f"{i},name {i}\n" for i in range(12_000))
        source = self.write("rows.csv", text)
        sealed, back = self.folder / "sealed.csv", self.folder / "back.csv"
        result = ironfern.encrypt_fields_file(source, sealed, KEY, CSV)
        self.assertEqual(result, (12_000, {"name": 12_000}))
        self.assertEqual(ironfern.decrypt_fields_file(sealed, back, KEY, CSV), result)
        self.assertEqual(back.read_text(), text)
        sealed.write_text(sealed.read_text().replace("\n11000,", "\n12345,"))
        back.unlink()
        with self.assertRaises(ironfern.InvalidTokenError) as caught:
            ironfern.decrypt_fields_file(sealed, back, KEY, CSV)
        error = caught.exception
        self.assertEqual((error.index, error.line, error.field), (11_000, 11_002, "name"))
        self.assertEqual(self.names(), ["rows.csv", "sealed.csv"])


if __name__ == "__main__":
    unittest.main()

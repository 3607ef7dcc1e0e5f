"""Fields, version 1: fields.json.

`token`, `name` and `id` (as a context has it) are for readers of single values; the
`text` of `rows` is for readers of files, with the options that they take.
"""

from common import KEY, TIME, Cases, drawer, flip, framed, hkdf, looser64, text64, token
from common import bytes64, part, raw_token

NOTE = "Fields of CSV files and of JSON lines, version 1"
CSV, JSON = 1, 2
NAMES = {CSV: "csv", JSON: "jsonl"}
PLACE = {CSV: "{}", JSON: "#"}
FIELD_KEY = hkdf(KEY, b"ironfern/fields/1")

#: kind, name, the id as a context has it, the value as it stands, the text around it.
GOOD = {
    "a cell": (CSV, "card", None, "4111", "card\n{}\n"),
    "an empty cell": (CSV, "card", None, "", "id,card\r\n7,{}\r\n"),
    "a cell in quotes": (CSV, 'na"me', None, '"a ""b"",\r\nc"', '"na""me";x\n{};"y"'),
    "a row's id in quotes": (CSV, "größe", "7", "1,5", '\ufeffid;größe\n"7";{}\n'),
    "an empty id": (CSV, "a", "", " x ", "a,\n{},\n"),
    "a name of 4,096 bytes": (CSV, "n" * 4_096, None, "x", "n" * 4_096 + ",id\n{},7\n"),
    "an empty line": (CSV, "card", None, "4111", "id,card\n\n7,{}\n"),
    "a string": (JSON, "/card", None, '"4111"', '{"card":#}\n'),
    "null": (JSON, "/user/e~1mail~0", None, "null", '{"user": {"e/mail~": #}}\n'),
    "an integer beyond 2^53": (JSON, "/0", None, "12345678901234567890", "[#,1]\n"),
    "a number as an id": (JSON, "/a", "7", "1.0", '{"id":7,"a":#}\n'),
    "a string as an id": (JSON, "/a", '"7"', '{"x": [1e400, "\\ud800"]}', '{"id":"7","a":#}\n'),
    "an id with escapes": (JSON, "/ä", '"a\\n/é"', "true", '{"ä":#, "id":"a\\n\\/\\u00e9"}'),
    "a name repeated elsewhere": (JSON, "/a", None, "1", '{"b":{"x":1,"x":2},"a":#}\n'),
    "a line of white space": (JSON, "/a", None, "1", ' \r\n{"a":#}\n'),
}


def rows(kind, name, id, text):
    given = {"text": text, "fields": [name]}
    if kind == CSV:
        given["delimiter"] = ";" if ";" in text else ","
    if id is not None:
        given["rowId"] = "" if text.startswith("a,\n") else "id" if kind == CSV else "/id"
    return given


def written(kind, token):
    return token if kind == CSV else f'"{token}"'


def input_of(kind, name, id, place, token, key=KEY):
    return {
        "key": text64(key),
        "kind": NAMES[kind],
        "name": name,
        "id": id,
        "token": token,
        "rows": rows(kind, name, id, place.replace(PLACE[kind], written(kind, token))),
    }


def good(cases, draw):
    for name, (kind, field, id, value, place) in GOOD.items():
        context = [field.encode(), *([] if id is None else [id.encode()])]
        message = framed(context, kind, value.encode())
        sealed = token(FIELD_KEY, message, draw())
        output = {
            "value": value,
            "message": message.hex(),
            "time": str(TIME),
            "text": place.replace(PLACE[kind], value),
        }
        cases.good(name, input_of(kind, field, id, place, sealed), output)


def bad_values(cases, draw):
    place, jsonl = "id,card\n7,{}\n", '{"id":7,"card":#}\n'

    def case(name, rule, message, *, kind=CSV, id=None, key=FIELD_KEY):
        sealed = token(key, message, draw())
        where = place if kind == CSV else jsonl
        field = "card" if kind == CSV else "/card"
        cases.bad(name, rule, input_of(kind, field, id, where, sealed), line=2 if kind == CSV else 1)

    case("context: another column", "context", framed([b"cardx"], CSV, b"4111"))
    case("context: a column's beginning", "context", framed([b"car"], CSV, b"d4111"))
    case("context: an id that is not expected", "context", framed([b"card", b"7"], CSV, b"4111"))
    case("context: another row", "context", framed([b"card", b"8"], CSV, b"4111"), id="7")
    case("context: no row", "context", framed([b"card"], CSV, b"4111"), id="7")
    case("context: name and id split elsewhere", "context", framed([b"ca", b"rd7"], CSV, b""), id="7")
    case("context: JSON as CSV", "context", framed([b"card"], JSON, b'"4111"'))
    case("context: type 0", "context", framed([b"card"], 0, b"4111"))
    case("context: nothing", "context", b"")
    case("context: its length alone", "context", part(b"")[:4])
    case("context: without a type", "context", framed([b"card"], CSV, b"")[:-1])
    case("context: a length too great", "context", b"\xff\xff\xff\xff" + part(b"card") + b"\x01x")
    quoted = framed([b"/card"], CSV, b"4111")
    case("context: CSV as JSON", "context", quoted, kind=JSON)
    text = framed([b"/card", b'"7"'], JSON, b"1")
    case("context: an id as text for a number", "context", text, kind=JSON, id="7")
    case("value: a line feed in JSON", "json", framed([b"/card"], JSON, b"[\n1]"), kind=JSON)
    case("value: no JSON", "json", framed([b"/card"], JSON, b""), kind=JSON)

    message = framed([b"card"], CSV, b"4111")
    case("mac: the key itself, not the key of fields", "mac", message, key=KEY)
    case("mac: the key of another purpose", "mac", message, key=hkdf(KEY, b"ironfern/storage/1"))
    sealed = next(
        each
        for each in (token(FIELD_KEY, message, draw()) for _ in range(200))
        if "-" in each and "_" in each and each.endswith("=")
    )
    raw = bytes64(sealed)
    for name, rule, text in [
        ("mac: a bit of it", "mac", text64(flip(raw, -1))),
        ("version 0x81", "version", text64(raw_token(FIELD_KEY, bytes(16), bytes(16), version=0x81))),
        ("padding of 0", "padding", text64(raw_token(FIELD_KEY, bytes(16), bytes(16)))),
        ("not encrypted", "base64", "4111"),
        ("nothing", "base64", ""),
        *[(f"base64: {name}", "base64", looser64(sealed)[name]) for name in LOOSE],
    ]:
        cases.bad(name, rule, input_of(CSV, "card", None, place, text), line=2)


#: Those that make no other cells or lines.
LOOSE = ["the other alphabet", "no padding", "a space before it", "a spare bit", "more padding"]


def bad_rows(cases, draw):
    """Files whose rows are wrong, of whatever is in their fields."""
    sealed = {
        CSV: token(FIELD_KEY, framed([b"card"], CSV, b"4111"), draw()),
        JSON: token(FIELD_KEY, framed([b"/card"], JSON, b'"4111"'), draw()),
    }

    def case(name, rule, kind, place, line, **options):
        field = "card" if kind == CSV else "/card"
        text = place.replace(PLACE[kind], written(kind, sealed[kind]))
        given = {"text": text, "fields": [field], **options}
        if kind == CSV:
            given.setdefault("delimiter", ",")
        whole = {"key": text64(KEY), "kind": NAMES[kind], "rows": given}
        cases.bad(name, rule, whole, error="bad-row", line=line)

    case("csv: a cell too many", "csv", CSV, "id,card\n7,{},1\n", 2)
    case("csv: a cell too few", "csv", CSV, "id,card\n{}\n", 2)
    case("csv: text after a closing quote", "csv", CSV, 'id,card\n"7"x,{}\n', 2)
    case("csv: a quote that is not closed", "csv", CSV, 'id,card\n"7,{}\n', 2)
    case("csv: a quote within a bare cell", "csv", CSV, 'id,card\n7",{}\n', 2)
    case("csv: a column that is not there", "columns", CSV, "id,cards\n7,{}\n", 1)
    case("csv: two columns of one name", "columns", CSV, "card,card\n{},{}\n", 1)
    case("csv: no column of the id", "columns", CSV, "card\n{}\n", 1, rowId="id")
    case("csv: an id of 4,097 bytes", "length", CSV, f"id,card\n{'7' * 4_097},{{}}\n", 2, rowId="id")
    case("jsonl: no JSON", "json", JSON, '{"card":#\n', 1)
    case("jsonl: a field that is not there", "columns", JSON, '{"cards":#}\n', 1)
    case("jsonl: a field repeated", "repeated", JSON, '{"card":#,"card":#}\n', 1)
    case("jsonl: a field repeated, once in escapes", "repeated", JSON, '{"card":#,"c\\u0061rd":1}\n', 1)
    case("jsonl: no id", "columns", JSON, '{"card":#}\n', 1, rowId="/id")
    case("jsonl: an id that is null", "id", JSON, '{"id":null,"card":#}\n', 1, rowId="/id")
    case("jsonl: an id of 4,097 bytes", "length", JSON, f'{{"id":"{"7" * 4_095}","card":#}}\n', 1, rowId="/id")


def make():
    cases, draw = Cases(), drawer("fields")
    good(cases, draw)
    bad_values(cases, draw)
    bad_rows(cases, draw)
    return cases.list

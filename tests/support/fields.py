"""The other side of fields_python_test.ts, as a user of Python would write it.

It reads a JSON object from standard input, `{"call": "encrypt" | "decrypt", "format":
"csv" | "jsonl", "key", "fields", "rowId", "delimiter", "text"}`, and writes the text
with those fields encrypted or decrypted. It reads and writes rows with Python's own
`csv` and `json`, so that quotes, white space and escapes differ from this package's.
"""

import base64
import csv
import hashlib
import hmac
import io
import json
import sys

from cryptography.fernet import Fernet, InvalidToken

PURPOSE = b"ironfern/fields/1"
CSV, JSON = b"\x01", b"\x02"


def field_key(key):
    """HKDF-SHA256 (RFC 5869) with no salt, one block."""
    prk = hmac.digest(bytes(32), base64.urlsafe_b64decode(key), hashlib.sha256)
    return base64.urlsafe_b64encode(hmac.digest(prk, PURPOSE + b"\x01", hashlib.sha256))


def part(data):
    return len(data).to_bytes(4, "big") + data


def head(kind, name, row_id):
    context = part(name.encode())
    if row_id is not None:
        context += part(row_id.encode())
    return part(context) + kind


def seal(fernet, kind, name, row_id, value):
    return fernet.encrypt(head(kind, name, row_id) + value.encode()).decode()


def unseal(fernet, kind, name, row_id, token):
    message = fernet.decrypt(token)
    expected = head(kind, name, row_id)
    if not message.startswith(expected):
        raise InvalidToken
    return message[len(expected) :].decode()


def unquote(cell):
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def quote(cell):
    return '"' + cell.replace('"', '""') + '"'


def csv_rows(call, fernet, fields, row_id, delimiter, text):
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    columns = rows[0]
    for row in rows[1:]:
        row_name = None if row_id is None else row[columns.index(row_id)]
        for name in fields:
            at = columns.index(name)
            if call == "encrypt":
                row[at] = seal(fernet, CSV, name, row_name, quote(row[at]))
            else:
                row[at] = unquote(unseal(fernet, CSV, name, row_name, row[at]))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue()


def parent(row, pointer):
    *steps, last = [
        step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]
    ]
    for step in steps:
        row = row[int(step)] if isinstance(row, list) else row[step]
    return row, int(last) if isinstance(row, list) else last


def json_lines(call, fernet, fields, row_id, text):
    lines = []
    for line in text.splitlines():
        row = json.loads(line)
        row_name = None
        if row_id is not None:
            holder, last = parent(row, row_id)
            row_name = json.dumps(holder[last], ensure_ascii=False)
        for pointer in fields:
            holder, last = parent(row, pointer)
            if call == "encrypt":
                value = json.dumps(holder[last])
                holder[last] = seal(fernet, JSON, pointer, row_name, value)
            else:
                value = unseal(fernet, JSON, pointer, row_name, holder[last])
                holder[last] = json.loads(value)
        lines.append(json.dumps(row) + "\n")
    return "".join(lines)


def answer(call, format, key, fields, rowId, delimiter, text):
    fernet = Fernet(field_key(key))
    if format == "csv":
        return csv_rows(call, fernet, fields, rowId, delimiter, text)
    return json_lines(call, fernet, fields, rowId, text)


try:
    json.dump(answer(**json.load(sys.stdin)), sys.stdout)
except InvalidToken:
    json.dump(None, sys.stdout)

"""Encrypts or decrypts values of fields: a JSON request on standard input, its
answer on standard output.

    {"call": "read_cell", "calls": [{"key", "token", "column", "row_id"}, ...]}

The calls are those of the functions below. A token that is refused is null.
"""

import sys

from tokens import read_token

# begin
import base64, hashlib, hmac, json
from cryptography.fernet import Fernet, InvalidToken

def part(data):
    return len(data).to_bytes(4, "big") + data

def head(kind, name, row_id):
    context = part(name.encode()) + (b"" if row_id is None else part(row_id.encode()))
    return part(context) + kind

def field_fernet(key):  # HKDF-SHA256 with no salt
    prk = hmac.digest(bytes(32), base64.urlsafe_b64decode(key), "sha256")
    return Fernet(base64.urlsafe_b64encode(hmac.digest(prk, b"ironfern/fields/1\1", "sha256")))

def read_field(key, token, start):
    message = read_token(field_fernet(key), token)
    if not message.startswith(start):
        raise InvalidToken  # of another column or row
    return message[len(start):].decode()

def write_field(key, value, start):
    return field_fernet(key).encrypt(start + value.encode()).decode()

# A cell of CSV, without its quotes. The row's id is a cell without its quotes, too.
def read_cell(key, token, column, row_id=None):
    cell = read_field(key, token, head(b"\1", column, row_id))
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell

def write_cell(key, cell, column, row_id=None):
    quoted = '"' + cell.replace('"', '""') + '"'
    return write_field(key, quoted, head(b"\1", column, row_id))

# A value of JSON. The row's id is JSON text: 7, or "a" with its quotes.
def read_json(key, token, pointer, row_id=None):
    value = read_field(key, token, head(b"\2", pointer, row_id))
    if not value or "\n" in value:
        raise InvalidToken  # no value of JSON lines
    return json.loads(value)

def write_json(key, value, pointer, row_id=None):
    return write_field(key, json.dumps(value), head(b"\2", pointer, row_id))
# end


def attempt(call, arguments):
    try:
        return call(**arguments)
    except InvalidToken:
        return None


if __name__ == "__main__":
    request = json.load(sys.stdin)
    call = globals()[request["call"]]
    json.dump([attempt(call, arguments) for arguments in request["calls"]], sys.stdout)

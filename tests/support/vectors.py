"""Tries the vectors on the programs of docs/FORMATS.md. Prints a JSON object: the number
of the cases of each file, and what is wrong with any.
"""

import base64
import hashlib
import io
import json
import sys
from pathlib import Path

import field_values
import flet_gcm_values
import flet_values
import read_sealed
import rows
import stored_values
import tokens
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet

VECTORS = Path(__file__).parents[2] / "vectors"


def raw(key):
    return base64.urlsafe_b64decode(key)


def fernet(key, token, ttl=None, now=None):
    opener = Fernet(key)
    message = tokens.read_token(opener, token, ttl, now)
    data = tokens.strict(token)
    time = int.from_bytes(data[1:9], "big")
    if time < 2**63:
        assert opener._encrypt_from_parts(message, time, data[9:25]).decode() == token
    return {"message": message.hex(), "time": str(time), "iv": data[9:25].hex()}


def at_any_cost(decrypt, passphrase, iterations, value):
    for cost in iterations:
        try:
            return {"text": decrypt(value, passphrase, cost), "iterations": cost}
        except (tokens.InvalidToken, InvalidTag) as error:
            last = error
        except UnicodeDecodeError:
            raise ValueError("bad-text")
    raise last


def flet(**given):
    return at_any_cost(flet_values.decrypt, **given)


def flet_aes_gcm(**given):
    return at_any_cost(flet_gcm_values.decrypt_aes_gcm_256, **given)


def fields(key, kind, rows, name=None, id=None, token=None):
    if token is None:
        return {"text": whole_file(key, kind, **rows)}
    start = field_values.head({"csv": b"\1", "jsonl": b"\2"}[kind], name, id)
    try:
        value = field_values.read_field(key, token, start)
        if kind == "jsonl":
            field_values.read_json(key, token, name, id)
    except tokens.InvalidToken as error:
        # The reader of whole files refuses it as well, and tells its line.
        whole_file(key, kind, **rows)
        raise error
    message = tokens.read_token(field_values.field_fernet(key), token)
    time = int.from_bytes(tokens.strict(token)[1:9], "big")
    text = whole_file(key, kind, **rows)
    return {"value": value, "message": message.hex(), "time": str(time), "text": text}


def whole_file(key, kind, **given):
    return {"csv": rows.decrypt_csv, "jsonl": rows.decrypt_jsonl}[kind](key, **given)


def sealed(export, key=None, passphrase=None, id=None, maxIterations=2_000_000):
    secret = passphrase if key is None else raw(key)
    file = io.BytesIO(export.encode())
    data = b"".join(read_sealed.unseal(file, secret, maxIterations, id))
    shown = {"data": data.hex()} if len(data) <= 300 else {}
    found = json.loads(export.split("\n")[0])["id"]
    digest = hashlib.sha256(data).hexdigest()
    return {"id": found, "bytes": len(data), "sha256": digest, **shown}


def storage(key, prefix, name, record):
    try:
        value = stored_values.read_record(raw(key), prefix, name, record)
    except (tokens.InvalidToken, ValueError):
        raise ValueError("unreadable")
    is_json = isinstance(value, str)
    return {
        "hidden": stored_values.record_name(raw(key), prefix, name),
        "time": str(int.from_bytes(tokens.strict(record)[1:9], "big")),
        "kind": "json" if is_json else "bytes",
        "value": value if is_json else value.hex(),
    }


def blind_index(key, **given):
    return {"index": stored_values.blind_index(raw(key), **given)}


def vault(prefix, secret, record, maxIterations=10_000_000):
    known = secret["passphrase"] if "passphrase" in secret else raw(secret["key"])
    vault_key, data_keys = stored_values.open_vault(record, known, maxIterations)
    return {"vaultKey": vault_key.hex(), "dataKeys": [key.hex() for key in data_keys]}


def outcome(open, case):
    try:
        return open(**case["input"])
    except (tokens.InvalidToken, InvalidTag):
        return "invalid-token"
    except ValueError as error:
        return str(error)


def expected(case):
    if "output" in case:
        # Names in the clear and records of vaults are for readers of whole stores.
        return {k: v for k, v in case["output"].items() if k not in ("plain", "records")}
    line = f" at {case['line']}" if "line" in case else ""
    return case["error"] + line


def main():
    counts, wrong = {}, []
    for open in [fernet, flet, flet_aes_gcm, fields, sealed, storage, blind_index, vault]:
        file = json.loads((VECTORS / f"{open.__name__}.json").read_text(encoding="utf-8"))
        # These programs have no option to read loosely.
        cases = [case for case in file["cases"] if "needs" not in case]
        counts[open.__name__] = len(cases)
        for case in cases:
            seen = outcome(open, case)
            if seen != expected(case):
                wrong.append(f"{open.__name__}: {case['name']}: {seen!r}"[:300])
    json.dump({"counts": counts, "wrong": wrong}, sys.stdout)


main()

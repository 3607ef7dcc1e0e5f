"""Headers of vaults: vault.json.

`secret` is what a slot is to be opened with. The output has the vault's key and its
data keys, the newest first, and a record under each of these, which a storage in the
vault reads.
"""

import hashlib
import json

from common import KEY, Cases, bare64, bytes64, drawer, framed, hkdf, text64, token
from storage import JSON, VALUES, hidden_name, message_of

NOTE = "Headers of vaults, ironfern-vault version 1"
PREFIX = "acme.app."
PHRASE = "correct horse"
START = "ironfern-vault/1."
ITERATIONS = 100_000
BYTES = 2


def record_of(header):
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False)
    return START + bare64(text.encode())


class Maker:
    """Writes headers, right and wrong, with the randomness that it is given."""

    def __init__(self, draw):
        self.draw = draw
        self.id, self.vault_key = draw(), draw(32)
        self.data_keys = [draw(32), draw(32)]
        self.salt = draw()

    def slot_token(self, root, id, kind, vault=None, value=None, type=BYTES):
        context = [vault or self.id, id, kind.encode()]
        message = framed(context, type, self.vault_key if value is None else value)
        return token(hkdf(root, b"ironfern/vault-slot/1"), message, self.draw())

    def by_passphrase(self, passphrase=PHRASE, iterations=ITERATIONS, salt=None, **how):
        id, salt = self.draw(8), salt or self.salt
        # What asks for more is refused before it is derived.
        asked = iterations if ITERATIONS <= iterations <= 200_000 else 1
        root = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, asked)
        return {
            "id": bare64(id),
            "kind": "passphrase",
            "salt": bare64(salt),
            "iterations": iterations,
            "key": self.slot_token(root, id, "passphrase", **how),
        }

    def by_key(self, key=KEY, **how):
        id = self.draw(8)
        sealed = self.slot_token(key, id, "key", **how)
        return {"id": bare64(id), "kind": "key", "key": sealed}

    def by_wrapper(self, name="kms:größe"):
        wrapped = bare64(self.draw(60))
        return {"id": bare64(self.draw(8)), "kind": "wrapper", "wrapper": name, "key": wrapped}

    def keys_token(self, keys=None, vault=None, root=None, type=BYTES, value=None):
        value = b"".join(keys or self.data_keys) if value is None else value
        message = framed([vault or self.id], type, value)
        return token(hkdf(root or self.vault_key, b"ironfern/vault-keys/1"), message, self.draw())

    def header(self, slots, keys=None):
        return {"id": bare64(self.id), "slots": slots, "keys": keys or self.keys_token()}

    def output(self, data_keys=None):
        data_keys = data_keys or self.data_keys
        return {
            "vaultKey": self.vault_key.hex(),
            "dataKeys": [key.hex() for key in data_keys],
            "records": [self.record(f"key {at}", key) for at, key in enumerate(data_keys)],
        }

    def record(self, name, data_key):
        message = message_of(PREFIX, name, JSON, b'"rows"')
        return {
            "hidden": hidden_name(self.vault_key, PREFIX, name),
            "name": name,
            "record": token(hkdf(data_key, VALUES), message, self.draw()),
            "value": '"rows"',
        }


BY_PHRASE = {"passphrase": PHRASE}
BY_KEY = {"key": text64(KEY)}


def input_of(record, secret=BY_KEY, **more):
    return {"prefix": PREFIX, **more, "secret": secret, "record": record}


def good(cases, maker):
    def case(name, slots, secret, **how):
        record = record_of(maker.header(slots, **how))
        cases.good(name, input_of(record, secret), maker.output())

    phrase, key, wrapper = maker.by_passphrase(), maker.by_key(), maker.by_wrapper()
    case("a passphrase", [phrase], BY_PHRASE)
    case("a key", [key], BY_KEY)
    case("the passphrase of three kinds", [wrapper, key, phrase], BY_PHRASE)
    case("the key of three kinds", [phrase, wrapper, key], BY_KEY)
    both = [maker.by_passphrase("another"), phrase]
    case("the second of two passphrases of one salt", both, BY_PHRASE)
    case("64 slots", [*(maker.by_wrapper() for _ in range(63)), key], BY_KEY)
    eight = [maker.draw(32) for _ in range(8)]
    record = record_of(maker.header([key], maker.keys_token(eight)))
    cases.good("eight data keys", input_of(record), maker.output(eight))
    one = eight[:1]
    record = record_of(maker.header([key], maker.keys_token(one)))
    cases.good("one data key", input_of(record), maker.output(one))


def structure(cases, maker):
    """Records that are no header, whatever opens them."""
    slot = maker.by_key()
    good = maker.header([slot])
    text = json.dumps(good, separators=(",", ":"))
    record = record_of(good)

    def case(name, record):
        cases.bad(f"header: {name}", "header", input_of(record), "bad-vault")

    def case_json(name, text):
        case(name, START + bare64(text.encode()))

    case("nothing", "")
    case("no JSON", START)
    case("another version", record.replace("/1.", "/2."))
    case("without its start", record[len(START) :])
    case("padding", START + text64(text.encode() + b" " * (1 - len(text) % 3)))
    case("a line feed at the end", record + "\n")
    case("a space before it", " " + record)
    case("the other alphabet", swapped(good))
    case("a character too few", record[:-1])
    case_json("null", "null")
    case_json("a list", "[]")
    case_json("white space", text.replace(":", ": ", 1))
    case_json("an escaped character", text.replace('"keys"', '"\\u006beys"'))
    case_json("a byte order mark", "\ufeff" + text)
    case("no UTF-8", START + bare64(text.encode().replace(b'"kind":"key"', b'"kind":"k\xff"')))
    case_json("a member more", text[:-1] + ',"more":1}')
    case_json("a member twice", text.replace('"slots"', '"slots":[],"slots"'))
    for name in good:
        case(f"without its {name}", record_of({k: v for k, v in good.items() if k != name}))
    case("another order", record_of(dict(reversed(good.items()))))
    case("a short id", record_of({**good, "id": bare64(bytes(15))}))
    case("a padded id", record_of({**good, "id": text64(maker.id)}))
    case("no slots", record_of({**good, "slots": []}))
    many = [maker.by_wrapper() for _ in range(65)]
    case("65 slots", record_of({**good, "slots": many}))
    case("a slot twice", record_of({**good, "slots": [slot, slot]}))
    phrase, wrapper = maker.by_passphrase(), maker.by_wrapper()
    for name, bad in {
        "another kind": {**slot, "kind": "keys"},
        "a short slot's id": {**slot, "id": bare64(bytes(7))},
        "a slot's member more": {**slot, "salt": bare64(maker.salt)},
        "a slot without a key": {k: v for k, v in slot.items() if k != "key"},
        "a slot in another order": dict(reversed(slot.items())),
        "a short salt": {**phrase, "salt": bare64(bytes(15))},
        "iterations as text": {**phrase, "iterations": "100000"},
        "iterations of a fraction": {**phrase, "iterations": 100_000.5},
        "a passphrase without iterations": {k: v for k, v in phrase.items() if k != "iterations"},
        "a wrapper without a name": {k: v for k, v in wrapper.items() if k != "wrapper"},
        "a slot that is null": None,
    }.items():
        case(name, record_of({**good, "slots": [bad]}))
    exact = record_of({**good, "slots": [phrase]})
    point = bytes64(exact[len(START) :]).decode().replace("100000", "100000.0")
    case_json("iterations with a point", point)


def swapped(good):
    """A header with a letter that base64 has a hyphen or a low line for."""
    for letter in "~?ÿ":
        wrapper = {"id": bare64(bytes(8)), "kind": "wrapper", "wrapper": letter * 9, "key": ""}
        record = record_of({**good, "slots": [wrapper]})
        body = record[len(START) :]
        if "-" in body or "_" in body:
            return START + body.replace("-", "+").replace("_", "/")
    raise AssertionError("no letter has one")


def bounds(cases, maker):
    def case(name, iterations, **more):
        slots = [maker.by_passphrase(iterations=each, salt=maker.draw()) for each in iterations]
        record = record_of(maker.header(slots))
        given = input_of(record, BY_PHRASE, **more)
        cases.bad(f"iterations: {name}", "iterations", given, "iterations-out-of-range")

    for iterations in [-1, 0, 1, 99_999, 10_000_001, 2**31, 2**53 - 1]:
        case(str(iterations), [iterations])
    case("above the caller's bound", [150_000], maxIterations=149_999)
    case("above the bound in sum", [5_000_001, 5_000_000])


def secrets(cases, maker):
    other = maker.draw()

    def case(name, slots, secret=BY_KEY, rule="slot"):
        record = record_of(maker.header(slots))
        cases.bad(name, rule, input_of(record, secret), "wrong-secret")

    case("slot: another key", [maker.by_key()], {"key": text64(bytes(32))})
    case("slot: another passphrase", [maker.by_passphrase()], {"passphrase": "x"})
    case("slot: a key, but a passphrase is wanted", [maker.by_passphrase()])
    case("slot: a passphrase, but a key is wanted", [maker.by_key()], BY_PHRASE)
    case("slot: of another vault", [maker.by_key(vault=other)])
    first, second = maker.by_key(), maker.by_key(bytes(32))
    case("slot: under another slot's id", [{**first, "id": second["id"]}])
    id = maker.draw(8)
    sealed = maker.slot_token(KEY, id, "passphrase")
    case("slot: of another kind", [{"id": bare64(id), "kind": "key", "key": sealed}])
    case("slot: type 1", [maker.by_key(type=1)])
    case("slot: a key of 31 bytes", [maker.by_key(value=bytes(31))])
    case("slot: a key of 33 bytes", [maker.by_key(value=bytes(33))])
    case("slot: no key", [maker.by_key(value=b"")])
    case("slot: the token in the other alphabet", [
        {**first, "key": loosened(first["key"])},
    ])  # fmt: skip
    salt = {**maker.by_passphrase(), "salt": bare64(bytes(16))}
    case("slot: another salt", [salt], BY_PHRASE)


def loosened(text):
    return text.rstrip("=") if text.endswith("=") else text + "="


def keys(cases, maker):
    def case(name, sealed):
        record = record_of(maker.header([maker.by_key()], sealed))
        cases.bad(f"keys: {name}", "keys", input_of(record), "bad-vault")

    case("no token", "x")
    case("of another vault", maker.keys_token(vault=maker.draw()))
    case("under another key", maker.keys_token(root=KEY))
    case("type 1", maker.keys_token(type=1))
    case("none", maker.keys_token(value=b""))
    case("nine", maker.keys_token(value=bytes(288)))
    case("a byte too few", maker.keys_token(value=bytes(63)))


def make():
    cases, maker = Cases(), Maker(drawer("vault"))
    good(cases, maker)
    structure(cases, maker)
    bounds(cases, maker)
    secrets(cases, maker)
    keys(cases, maker)
    return cases.list

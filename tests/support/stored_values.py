"""Records of storages and headers of vaults, as docs/FORMATS.md reads them in Python."""

from tokens import read_token, strict

# begin
import base64, hashlib, hmac, json
from cryptography.fernet import Fernet, InvalidToken

def frame(*parts):
    return b"".join(len(each).to_bytes(4, "big") + each for each in parts)

def derive(root, info):  # HKDF-SHA256 with no salt
    return hmac.digest(hmac.digest(bytes(32), root, "sha256"), info + b"\1", "sha256")

def open_message(root, info, context, token):  # the type, the value
    fernet = Fernet(base64.urlsafe_b64encode(derive(root, info)))
    message, start = read_token(fernet, token), frame(frame(*context))
    if not message.startswith(start) or len(message) == len(start):
        raise InvalidToken  # of another place
    return message[len(start)], message[len(start) + 1:]

# A record's value: the text of JSON, or bytes. `root` is the key's 32 bytes.
def read_record(root, prefix, key, record):
    context = [prefix.encode(), key.encode()]
    kind, value = open_message(root, b"ironfern/storage/1", context, record)
    if kind == 1:
        json.loads(value.decode(), parse_constant=strict)  # NaN and Infinity are no JSON
        return value.decode()
    if kind != 2:
        raise InvalidToken
    return value

def record_name(root, prefix, key):
    text = frame(prefix.encode(), key.encode())
    return prefix + hmac.digest(derive(root, b"ironfern/storage-names/1"), text, "sha256")[:16].hex()

def blind_index(root, column, value, bits=64):
    text = frame(column.encode(), value.encode())
    return hmac.digest(derive(root, b"ironfern/index/1"), text, "sha256")[:bits // 8].hex()

VAULT, SLOTS = "ironfern-vault/1.", {
    "passphrase": ["id", "kind", "salt", "iterations", "key"],
    "key": ["id", "kind", "key"],
    "wrapper": ["id", "kind", "wrapper", "key"],
}

def unpadded(text):
    if "=" in text:
        raise InvalidToken
    return strict(text + "=" * (-len(text) % 4))

def read_vault(record):
    header = json.loads(unpadded(record.removeprefix(VAULT)).decode())
    slots = [{name: slot[name] for name in SLOTS[slot["kind"]]} for slot in header["slots"]]
    header = {"id": header["id"], "slots": slots, "keys": header["keys"]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False)
    good = VAULT + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") == record
    good = good and len(unpadded(header["id"])) == 16 and 1 <= len(slots) <= 64
    good = good and len({slot["id"] for slot in slots}) == len(slots)
    for slot in slots:
        good = good and len(unpadded(slot["id"])) == 8 and isinstance(slot["key"], str)
        good = good and type(slot.get("iterations", 0)) is int
        good = good and len(unpadded(slot.get("salt", header["id"]))) == 16
        good = good and isinstance(slot.get("wrapper", ""), str)
    if not good or not isinstance(header["keys"], str):
        raise ValueError
    return header

# The vault's key, and its data keys. The secret is a passphrase, or a key's 32 bytes.
def open_vault(record, secret, max_iterations=10_000_000):
    try:
        header = read_vault(record)
    except Exception:
        raise ValueError("bad-vault")
    kind = "passphrase" if isinstance(secret, str) else "key"
    slots = [slot for slot in header["slots"] if slot["kind"] == kind]
    roots = {(slot.get("salt"), slot.get("iterations")): secret for slot in slots}
    if kind == "passphrase":
        costs = [iterations for _, iterations in roots]
        if min(costs, default=100_000) < 100_000 or sum(costs) > max_iterations:
            raise ValueError("iterations-out-of-range")
        for salt, cost in roots:
            roots[salt, cost] = hashlib.pbkdf2_hmac("sha256", secret.encode(), unpadded(salt), cost)
    vault_key = None
    for slot in slots:
        context = [unpadded(header["id"]), unpadded(slot["id"]), kind.encode()]
        root = roots[slot.get("salt"), slot.get("iterations")]
        try:
            opened = open_message(root, b"ironfern/vault-slot/1", context, slot["key"])
            vault_key = vault_key or (opened[1] if opened[0] == 2 and len(opened[1]) == 32 else None)
        except InvalidToken:
            pass  # another slot may open
    if vault_key is None:
        raise ValueError("wrong-secret")
    try:
        context = [unpadded(header["id"])]
        kind, keys = open_message(vault_key, b"ironfern/vault-keys/1", context, header["keys"])
    except InvalidToken:
        raise ValueError("bad-vault")
    if kind != 2 or len(keys) % 32 or not 32 <= len(keys) <= 256:
        raise ValueError("bad-vault")
    return vault_key, [keys[at:at + 32] for at in range(0, len(keys), 32)]
# end

"""The other side of interop_python_test.ts, as a user of Python would write it.

Reads a JSON object from standard input, `{"function": name, "calls": [arguments]}`,
and writes the JSON array of the results. Bytes travel as `{"base64": text}`; what
is refused is null.
"""

import base64
import hashlib
import json
import os
import sys

import flet_values
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

SALT = 16
NONCE = 32


def encrypt(key, data, time):
    return Fernet(key).encrypt_at_time(data, int(time)).decode()


def decrypt(key, token):
    return Fernet(key).decrypt(token)


def decrypt_at_time(key, token, ttl, now):
    return Fernet(key).decrypt_at_time(token, ttl, int(now))


def extract_timestamp(key, token):
    return str(Fernet(key).extract_timestamp(token))


def rotate(keys, token):
    return MultiFernet(map(Fernet, keys)).rotate(token).decode()


def multi_decrypt(keys, token):
    return MultiFernet(map(Fernet, keys)).decrypt(token)


def multi_extract_timestamp(keys, token):
    return str(MultiFernet(map(Fernet, keys)).extract_timestamp(token))


def derive(passphrase, salt, iterations):
    """A Fernet key as `cryptography`'s documentation derives it."""
    kdf = PBKDF2HMAC(SHA256(), length=32, salt=salt, iterations=iterations)
    return base64.urlsafe_b64encode(kdf.derive(passphrase.encode()))


def passphrase_encrypt(passphrase, salt, iterations, data):
    return Fernet(derive(passphrase, salt, iterations)).encrypt(data).decode()


def passphrase_decrypt(passphrase, salt, iterations, token):
    return Fernet(derive(passphrase, salt, iterations)).decrypt(token)


def flet_encrypt(text, secret, iterations):
    return flet_values.encrypt(text, secret, iterations)


def flet_decrypt(value, secret, iterations):
    return flet_values.decrypt(value, secret, iterations)


def flet_gcm(secret, salt, iterations):
    digits = hashlib.sha256(derive(secret, salt, iterations)).hexdigest()
    return AESGCM(digits[:32].encode())


def flet_encrypt_gcm(text, secret, iterations):
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    sealed = flet_gcm(secret, salt, iterations).encrypt(nonce, text.encode(), None)
    return base64.urlsafe_b64encode(salt + nonce + sealed).decode()


def flet_decrypt_gcm(value, secret, iterations):
    data = base64.urlsafe_b64decode(value)
    salt, nonce, sealed = data[:SALT], data[SALT : SALT + NONCE], data[SALT + NONCE :]
    return flet_gcm(secret, salt, iterations).decrypt(nonce, sealed, None).decode()


FUNCTIONS = [
    encrypt,
    decrypt,
    decrypt_at_time,
    extract_timestamp,
    rotate,
    multi_decrypt,
    multi_extract_timestamp,
    passphrase_encrypt,
    passphrase_decrypt,
    flet_encrypt,
    flet_decrypt,
    flet_encrypt_gcm,
    flet_decrypt_gcm,
]


def to_bytes(value):
    return base64.b64decode(value["base64"]) if "base64" in value else value


def from_bytes(value):
    return {"base64": base64.b64encode(value).decode()}


def main():
    request = json.load(sys.stdin, object_hook=to_bytes)
    function = {known.__name__: known for known in FUNCTIONS}[request["function"]]
    results = []
    for arguments in request["calls"]:
        try:
            results.append(function(**arguments))
        except (InvalidToken, InvalidTag):
            results.append(None)
    json.dump(results, sys.stdout, default=from_bytes)


main()

"""Values under a passphrase, as docs/FORMATS.md reads and writes them in Python."""

from tokens import read_token, strict

# begin
import base64, hashlib, os
from cryptography.fernet import Fernet, InvalidToken

def value_fernet(passphrase, salt, iterations):
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, iterations)
    return Fernet(base64.urlsafe_b64encode(key))

def encrypt(text, passphrase, iterations=600_000):
    salt = os.urandom(16)
    token = value_fernet(passphrase, salt, iterations).encrypt(text.encode())
    return base64.urlsafe_b64encode(salt + token).decode()

def decrypt(value, passphrase, iterations=600_000):
    data = strict(value)
    salt, token = data[:16], data[16:]
    raw = strict(token)
    if raw[:1] != b"\x80" or len(raw) < 73 or len(raw) % 16 != 9:
        raise InvalidToken  # before anything is derived
    return read_token(value_fernet(passphrase, salt, iterations), token).decode()
# end

"""Values under a passphrase, as docs/FORMATS.md reads and writes them in Python."""

# begin
import base64, hashlib, os
from cryptography.fernet import Fernet

def value_fernet(passphrase, salt, iterations):
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, iterations)
    return Fernet(base64.urlsafe_b64encode(key))

def encrypt(text, passphrase, iterations=600_000):
    salt = os.urandom(16)
    token = value_fernet(passphrase, salt, iterations).encrypt(text.encode())
    return base64.urlsafe_b64encode(salt + token).decode()

def decrypt(value, passphrase, iterations=600_000):
    data = base64.urlsafe_b64decode(value)
    return value_fernet(passphrase, data[:16], iterations).decrypt(data[16:]).decode()
# end

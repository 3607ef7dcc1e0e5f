"""AES-GCM values under a passphrase, as docs/FORMATS.md reads them in Python."""

from tokens import strict

# begin
import base64, hashlib
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

def decrypt_aes_gcm_256(value, passphrase, iterations=600_000):
    data = strict(value)
    if len(data) < 64:
        raise InvalidTag  # before anything is derived
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), data[:16], iterations)
    digits = hashlib.sha256(base64.urlsafe_b64encode(key)).hexdigest()
    return AESGCM(digits[:32].encode()).decrypt(data[16:48], data[48:], None).decode()
# end

"""Strict base64url and Fernet tokens, as docs/FORMATS.md reads them in Python."""

# begin
import base64
from cryptography.fernet import Fernet, InvalidToken

def strict(text):  # the bytes of base64url with its padding, and of nothing else
    text = text.encode() if isinstance(text, str) else text
    try:
        data = base64.urlsafe_b64decode(text)
    except ValueError:
        raise InvalidToken
    if base64.urlsafe_b64encode(data) != text:
        raise InvalidToken
    return data

def read_token(fernet, token, ttl=None, now=None):
    strict(token)
    return fernet.decrypt(token) if ttl is None else fernet.decrypt_at_time(token, ttl, now)
# end

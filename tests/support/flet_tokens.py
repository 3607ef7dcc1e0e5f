"""Tokens as the real Flet reads and writes them.

It gets {"function": "read" | "write", "tokens": ...} and prints JSON.
"""

import json
import sys

from flet.auth.oauth_token import OAuthToken

NAMES = ("access_token", "scope", "token_type", "expires_in", "expires_at", "refresh_token")


def read(text):
    token = OAuthToken.from_json(text)
    return {name: getattr(token, name) for name in NAMES}


def write(values):
    return OAuthToken(**values).to_json()


request = json.load(sys.stdin)
json.dump({"read": read, "write": write}[request["function"]](request["tokens"]), sys.stdout)

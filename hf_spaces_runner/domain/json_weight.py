"""Weighs a JSON text before it is decoded: a byte of it can cost thirty of memory."""

import re

# Strings are looked at as a whole, for what is in them costs nothing more; one that never ends counts to the end.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[,:\[{]', re.DOTALL)
_WEIGHTS = {b",": 1, b":": 2, b"[": 4, b"{": 4}


def is_too_heavy(raw: bytes, limit: int) -> bool:
    """Return whether decoding `raw` would make more than about `limit` values of 60 bytes each.

    A value weighs one, one with a name three, and a list or an object four besides: measured in CPython 3.11, they cost
    up to 70, 165 and 205 bytes.
    """
    if sum(weight * raw.count(sign) for sign, weight in _WEIGHTS.items()) <= limit:
        return False
    weight = 0
    for token in _TOKENS.finditer(raw):
        weight += _WEIGHTS.get(token[0], 0) if token.end() - token.start() == 1 else 0
        if weight > limit:
            return True
    return False

"""
Sets of what an account has used before, each a row of 8-byte digests.

Rule: the digest is part of state: it never changes. A row is one bytes object,
because 512 separate ones would cost more to decode than everything else.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

_DIGEST_BYTES = 8


@lru_cache(maxsize=65_536)  # an event asks for the same three names two or three times; 10 MB at most
def digest(name: str) -> bytes:
    """The 8 bytes that stand for *name*, the same in every process; two of 512 names agree once in 10**14."""
    return blake2b(name.encode(), digest_size=_DIGEST_BYTES).digest()


def knows(known: bytes, wanted: bytes) -> bool:
    """Whether *wanted* is among *known*."""
    return _place(known, wanted) >= 0


def remember(known: bytes, used: bytes, most: int) -> bytes:
    """*known* with *used* at its end; of more than *most*, the one used longest ago is forgotten."""
    place = _place(known, used)
    if place >= 0:
        known = known[:place] + known[place + _DIGEST_BYTES :]
    return (known + used)[-most * _DIGEST_BYTES :]


def _place(known: bytes, wanted: bytes) -> int:
    place = known.find(wanted)
    while place > 0 and place % _DIGEST_BYTES:  # a match across two neighbours is none
        place = known.find(wanted, place + 1)
    return place

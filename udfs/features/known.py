"""
Sets of what an account has used before, each a row of 8-byte digests.

Rule: the digest is part of state: it never changes. A row is one bytes object,
because 512 separate ones would cost more to decode than everything else.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

DIGEST_BYTES = 8


@lru_cache(maxsize=65_536)  # an event asks for the same three names two or three times; 10 MB at most
def digest(name: str) -> bytes:
    """The 8 bytes that stand for *name*, the same in every process; two of 512 names agree once in 10**14."""
    return blake2b(name.encode(), digest_size=DIGEST_BYTES).digest()


def place_of(known: bytes | bytearray, wanted: bytes) -> int:
    """Which one of *known* is *wanted*, from 0; -1 if none."""
    at = known.find(wanted)
    while at > 0 and at % DIGEST_BYTES:  # a match across two neighbours is none
        at = known.find(wanted, at + 1)
    return at // DIGEST_BYTES


def knows(known: bytes, wanted: bytes) -> bool:
    """Whether *wanted* is among *known*."""
    return place_of(known, wanted) >= 0


def remember(known: bytes, used: bytes, most: int) -> bytes:
    """*known* with *used* at its end; of more than *most*, the one used longest ago is forgotten."""
    at = place_of(known, used) * DIGEST_BYTES
    if at >= 0:
        known = known[:at] + known[at + DIGEST_BYTES :]
    return (known + used)[-most * DIGEST_BYTES :]

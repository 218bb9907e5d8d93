"""
What is left of a record that was refused: why, where it was, and its bytes without card or address.

Rule: nothing gets in here unmasked, the account and the error's own words included.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

import orjson

from schemas.card import mask, mask_cards, mask_text
from schemas.errors import RecordError
from schemas.ip import mask_addresses

# As base64 two thirds of the 1 MiB that a broker takes by default (message.max.bytes): one
# refused record must not become another that can't be written.
MAX_RAW_BYTES = 512 * 1024
MAX_KEY_LENGTH = 128  # as intake's ids


class Source(NamedTuple):
    """Where a record was read. Time in UTC epoch ms, as the record has it."""

    topic: str
    partition: int
    offset: int
    record_time_ms: int
    account_key: str | None = None


class DeadLetter(NamedTuple):
    """One refused record. *raw* is masked, and cut at `MAX_RAW_BYTES`."""

    reason: str  # a stable short code; docs/schemas.md lists them
    path: str  # of the field; `$` is the whole message, `key` its key
    found: str
    expected: str
    topic: str
    partition: int
    offset: int
    record_time_ms: int
    raw: bytes
    account_id: str | None = None
    size_bytes: int = 0  # of the record as it came


def dead_letter(error: RecordError, source: Source, raw: bytes | None) -> DeadLetter:
    """Return what to keep of *raw*, read at *source* and refused by *error*; no card number is in it."""
    return DeadLetter(
        reason=error.reason,
        path=mask_text(error.where),
        found=mask_text(error.found),
        expected=error.expected,
        topic=source.topic,
        partition=source.partition,
        offset=source.offset,
        record_time_ms=source.record_time_ms,
        raw=mask_addresses(mask(raw or b""))[:MAX_RAW_BYTES],
        account_id=_masked_account(source.account_key),
        size_bytes=len(raw or b""),
    )


def encode(letter: DeadLetter) -> bytes:
    """Return *letter* as one JSON object: its fields, with raw as base64 in `raw_base64`."""
    fields = letter._asdict()
    fields["raw_base64"] = base64.b64encode(fields.pop("raw")).decode("ascii")
    return orjson.dumps(fields)


def _masked_account(account_key: str | None) -> str | None:
    """Return *account_key*, cut short and without what looks like a card number; None if it is absent."""
    if not account_key:
        return None
    writable = account_key.encode("utf-8", "replace").decode()  # a key may hold half a surrogate pair
    return mask_cards(writable)[:MAX_KEY_LENGTH]

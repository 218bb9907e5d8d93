"""
When a key that is not seen any more is forgotten: by event time, spread over a day.

Rule: the time of day is the key's own, so that a timer which is one of these can be told from one
of what waits for the watermark.
"""

from __future__ import annotations

from zlib import crc32

from udfs.features.windows import DAY_MS


def forget_at(newest_ms: int, behind_days: int, key: str) -> int:
    """When a key whose newest event was at *newest_ms* is forgotten: so many days after, and at most two."""
    day_ends_ms = (newest_ms // DAY_MS + 1) * DAY_MS
    return day_ends_ms + behind_days * DAY_MS + of_day(key)


def may_be_forgotten_at(time_ms: int, key: str) -> bool:
    """Whether `forget_at` can have given *time_ms* for *key*."""
    return time_ms % DAY_MS == of_day(key)


def of_day(key: str) -> int:
    """The key's own time of day, ms."""
    return crc32(key.encode()) % DAY_MS

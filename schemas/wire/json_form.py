"""
JSON messages: RFC 8259 to the letter, one object, each key once.

Rule: a key given twice is refused, because two readers would read two messages.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from schemas.errors import Malformed

_IS_FIELD_NAME = re.compile(r"[a-z_]{1,40}").fullmatch  # others may hold what an error must not repeat


def decode_json(raw: bytes) -> dict[str, Any]:
    """
    Return the one JSON object that *raw* is; about 2 us for a transaction.

    Raises:
        Malformed: For anything else: bad UTF-8, NaN, lone surrogates, nesting deeper
            than 1,024, a key given twice, another type than an object.
    """
    try:
        message = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _syntax_fault(raw, error) from None  # its cause quotes the message
    if type(message) is not dict:
        raise Malformed("$", "another JSON value", "a JSON object", "not_an_object")
    if not _plainly_unique(raw, message):
        _refuse_repeated_keys(raw)
    return message


def _syntax_fault(raw: bytes, error: orjson.JSONDecodeError) -> Malformed:
    """Say where *raw* stops being UTF-8 or JSON, without quoting it."""
    try:
        raw.decode()
    except UnicodeDecodeError as fault:
        return Malformed("$", f"bytes that are not UTF-8 at {fault.start}", "UTF-8", "invalid_utf8")
    return Malformed("$", f"a fault at character {error.pos}", "JSON", "not_json")


def _plainly_unique(raw: bytes, message: dict[str, Any]) -> bool:
    """
    Tell whether counting alone shows that no key of *raw* stands twice.

    A flat object has one colon a key, or else colons inside texts; failing that, and
    without escapes, two quotes a key and two a text. A key more than *message* kept
    makes both counts too high, so True is always right; False is a question.
    """
    if raw.count(b":") == len(message):
        return True
    texts = sum(type(value) is str for value in message.values())
    return b"\\" not in raw and raw.count(b'"') == 2 * (len(message) + texts)


def _refuse_repeated_keys(raw: bytes) -> None:
    """Read *raw* once more, slowly, and raise if any object in it has a key twice."""
    try:
        json.loads(raw.decode(), object_pairs_hook=_once_each, parse_int=str, parse_float=str)
    except RecursionError:
        raise Malformed("$", "deep nesting", "a flat JSON object", "not_json") from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return *pairs* as a dict, if no key is in them twice."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    keys = [key for key, _ in pairs]
    twice = next(key for key in keys if keys.count(key) > 1)
    path = twice if _IS_FIELD_NAME(twice) else "$"
    raise Malformed(path, "a key given twice", "each key once", "duplicate_key")

"""
What a field's value may be: each maker here returns a check, each check the value to keep.

Rule: an error says what was found only in words that can't hold a personal datum:
small numbers and short codes as they are, all else by its kind and size.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.card import LONGEST, SHORTEST, bare_digits
from schemas.errors import Malformed, OutOfRange, RecordError
from schemas.ip import canonical_address

Check = Callable[[Any, str], Any]  # (value, path) -> the value to keep; raises RecordError

LAST_TIME_MS = 253_402_300_799_999  # the end of the year 9999, the last that RFC 3339 can write
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_IS_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
).fullmatch
_IS_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?").fullmatch  # nine digits: a card number has more
_SHOWABLE_CODE = re.compile(r"(?!(?:.*[0-9]){8})[A-Za-z0-9_-]{0,16}").fullmatch
_SHOWABLE_NUMBER = 10**11  # a card number has at least 12 digits


def described(value: object) -> str:
    """Return the kind and size of *value*, and nothing of what it says."""
    kinds = {bool: "a boolean", int: "a whole number", float: "a number", dict: "an object", bytes: "bytes"}
    if isinstance(value, str):
        return f"text of {len(value)} characters"
    return f"a list of {len(value)}" if isinstance(value, list) else kinds.get(type(value), "another value")


def shown(value: object) -> str:
    """Return *value* itself where it can't be a personal datum, else `described`; at most 40 characters."""
    if isinstance(value, str) and _SHOWABLE_CODE(value):
        return f"'{value}'"
    if isinstance(value, float):
        return f"{value:.6g}"
    if type(value) is int:
        digits = len(str(abs(value)))
        return str(value) if abs(value) < _SHOWABLE_NUMBER else f"a whole number of {digits} digits"
    return described(value)


def wrong_type(value: object, path: str, expected: str) -> Malformed:
    """Return the error of a value that is of another type than it must be."""
    return Malformed(path, described(value), expected, "wrong_type")


def text(longest: int) -> Check:
    """Return the check of 1 to *longest* printable characters."""

    def check(value: Any, path: str) -> str:
        if type(value) is str and 0 < len(value) <= longest and value.isprintable():
            return value
        raise _text_fault(value, path, longest)

    return check


def one_of(codes: frozenset[str], expected: str) -> Check:
    """Return the check of a text that is one of *codes*, which *expected* describes."""

    def check(value: Any, path: str) -> str:
        if type(value) is not str:
            raise wrong_type(value, path, "text")
        if value in codes:
            return value
        raise OutOfRange(path, shown(value), expected, "unknown_code")

    return check


def integer(least: int, most: int) -> Check:
    """Return the check of a whole number from *least* to *most*; a boolean is none."""

    def check(value: Any, path: str) -> int:
        if type(value) is not int:
            raise wrong_type(value, path, "a whole number")
        if least <= value <= most:
            return value
        raise OutOfRange(path, shown(value), f"{least} to {most}")

    return check


def degrees(most: int) -> Check:
    """Return the check of a finite number from -*most* to *most*."""

    def check(value: Any, path: str) -> float:
        if type(value) is not float and type(value) is not int:
            raise wrong_type(value, path, "a number")
        if -most <= value <= most:  # NaN is not
            return float(value)
        raise OutOfRange(path, shown(value), f"-{most} to {most}")

    return check


def boolean(value: Any, path: str) -> bool:
    """Return *value*, which is true or false."""
    if type(value) is bool:
        return value
    raise wrong_type(value, path, "true or false")


def time_from(least_ms: int) -> Check:
    """Return the check of a time, in epoch ms or as RFC 3339 text, not before *least_ms*; keeps epoch ms."""
    in_range = integer(least_ms, LAST_TIME_MS)

    def check(value: Any, path: str) -> int:
        kept: int = in_range(_epoch_ms(value, path) if type(value) is str else value, path)
        return kept

    return check


def list_of(item: Check, most: int) -> Check:
    """Return the check of a list of 1 to *most* different values that pass *item*; keeps a tuple."""

    def check(value: Any, path: str) -> tuple[Any, ...]:
        if type(value) is not list:
            raise wrong_type(value, path, "a list")
        if not 0 < len(value) <= most:
            raise OutOfRange(path, described(value), f"1 to {most} values", "bad_length")
        kept = tuple([item(one, f"{path}[{place}]") for place, one in enumerate(value)])
        if len(set(kept)) != len(kept):
            raise OutOfRange(path, "a value given twice", "different values", "repeated_item")
        return kept

    return check


def exact_decimal(value: Any, path: str) -> str:
    """Return *value*, the text of a number above 0: at most nine digits, and twelve behind a point."""
    if type(value) is not str:
        raise wrong_type(value, path, "text")
    if not (value.isascii() and _IS_DECIMAL(value)):
        raise Malformed(path, shown(value), "a decimal such as 0.9174", "bad_format")
    if value.strip("0.") == "":
        raise OutOfRange(path, "0", "more than 0")
    return value


def four_digits(value: Any, path: str) -> str:
    """Return *value*, a text of four digits."""
    if type(value) is not str:
        raise wrong_type(value, path, "text")
    if len(value) == 4 and value.isascii() and value.isdigit():
        return value
    raise Malformed(path, shown(value), "four digits", "bad_format")


def address(value: Any, path: str) -> str:
    """Return the canonical spelling of the IP address *value*, to be tokenised at once."""
    if type(value) is not str:
        raise wrong_type(value, path, "text")
    try:
        return canonical_address(value)
    except ValueError:
        raise Malformed(path, described(value), "an IPv4 or IPv6 address", "bad_format") from None


def card_digits(value: Any, path: str) -> str:
    """
    Return the digits of the card number *value*, to be tokenised at once.

    The check digit is not asked for: test cards and closed-loop cards may lack it.
    """
    if type(value) is not str:
        raise wrong_type(value, path, "text")
    digits = bare_digits(value)
    if not (digits.isascii() and digits.isdigit()):
        raise Malformed(path, described(value), "digits", "bad_format")
    if SHORTEST <= len(digits) <= LONGEST:
        return digits
    raise OutOfRange(path, f"{len(digits)} digits", f"{SHORTEST} to {LONGEST} digits", "bad_length")


def _text_fault(value: object, path: str, longest: int) -> RecordError:
    """Say in which way *value* fails `text`."""
    if not isinstance(value, str):
        return wrong_type(value, path, "text")
    if not 0 < len(value) <= longest:
        return OutOfRange(path, described(value), f"1 to {longest} characters", "bad_length")
    return Malformed(path, described(value), "printable characters", "unprintable")


def _epoch_ms(value: str, path: str) -> int:
    """Return the RFC 3339 time *value* in epoch ms; what is finer is cut off."""
    if _IS_RFC3339(value):
        try:
            return (datetime.fromisoformat(value.upper()) - _EPOCH) // _MILLISECOND
        except (ValueError, OverflowError):
            pass  # a 30th of February: said below, as any other
    raise Malformed(path, described(value), "epoch ms, or RFC 3339 text with an offset", "bad_format")

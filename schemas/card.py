"""
Card numbers: how one becomes a token, and how one is hidden where it can't.

Rules: a card number leaves this module only as a token, as its last four digits,
or masked. Masking needs no parse: it works on bytes of any form, because the
messages that fail are the ones whose form is not known.
"""

from __future__ import annotations

import hmac
import re
from functools import lru_cache
from typing import NamedTuple

SHORTEST, LONGEST = 12, 19  # digits; ISO/IEC 7812-1
_TOKEN_BYTES = 16  # a truncated HMAC keeps 128 bits: RFC 2104, section 5


class CardKey(NamedTuple):
    """The secret that tokens are made with, and the version that says which one it was."""

    version: str
    secret: bytes

    def __repr__(self) -> str:
        """Name the version and hide the secret."""
        return f"CardKey(version={self.version!r}, secret=<hidden>)"


def tokenise(card_number: str, key: CardKey) -> str:
    """
    Return the token of *card_number*: the key's version, a colon, and 32 hex digits.

    Equal text under an equal key gives an equal token; `bare_digits` first, so that
    two spellings of one card are equal. HMAC-SHA-256, truncated to 16 bytes; about 1.5 us.
    """
    begun = _begun(key.secret).copy()
    begun.update(card_number.encode())
    return f"{key.version}:{begun.digest()[:_TOKEN_BYTES].hex()}"


@lru_cache(maxsize=4)
def _begun(secret: bytes) -> hmac.HMAC:
    """An HMAC that has taken in *secret*, which is half of its work."""
    return hmac.new(secret, digestmod="sha256")


def bare_digits(card_number: str) -> str:
    """Return *card_number* without the spaces and dashes that people print in it."""
    return card_number.replace(" ", "").replace("-", "")


def luhn_valid(digits: str) -> bool:
    """Tell whether the last of *digits* is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0


def looks_like_card(text: str) -> bool:
    """Tell whether *text* is 12 to 19 digits, spaces and dashes apart, with a right check digit."""
    digits = bare_digits(text)
    return SHORTEST <= len(digits) <= LONGEST and digits.isascii() and digits.isdigit() and luhn_valid(digits)


# Every repetition over what an attacker may repeat is bounded, or can't start twice: masking stays linear.
# A digit: plain, escaped as JSON may (the backslash doubled where JSON rests in JSON), or full-width.
_DIGIT = rb"(?:[0-9]|\\{1,4}u003[0-9]|\\{1,4}u[fF][fF]1[0-9]|\xef\xbc[\x90-\x99])"
# Between two: what intake would strip, plain or escaped; NULs, because UTF-16 puts them there.
_GAP = rb"(?:[ \-\x00]|\\{1,4}u002[0dD])*"
# The times that our own producers send: 13 digits that begin with 1 or 2 (2001 to 2065). No card
# number of 13 digits begins so (ISO/IEC 7812: 1 is airlines, 15 digits; 2 is 16 digits).
_TIMES = rb'"(?:event_time|reported|updated|opened|effective)"'
_TIME = _TIMES + rb'\s*:\s*"?[12][0-9]{12}(?!' + _GAP + _DIGIT + rb")"
_RUN = _DIGIT + rb"(?:" + _GAP + _DIGIT + rb"){%d,}" % (SHORTEST - 1)
_SCIENTIFIC = rb"[0-9]+\.[0-9]+[eE]"  # a card number written as a number, as in 411111111.1111111e7

_SENSITIVE = re.compile(rb"(?P<time>" + _TIME + rb")|(?P<run>" + _SCIENTIFIC + rb"|" + _RUN + rb")")
_ONE_DIGIT = re.compile(_DIGIT)
_PRINTED_RUN = re.compile(r"[0-9](?:[ -]*[0-9]){11,}")
_VARINT = re.compile(rb"[\x80-\xff]{5,9}[\x00-\x7f]")  # an Avro long of 12 to 19 decimal digits


def mask(raw: bytes) -> bytes:
    """
    Return *raw* with each run of 12 or more digits starred, but for its last four.

    Spaces, dashes and NULs inside a run don't end it; JSON escapes of digits count as
    digits. The number directly after the key of a time, in milliseconds, stays. In a
    record of Avro framing, whole numbers that could be a card's are zeroed as well.
    Linear in the length of *raw*.
    """
    framed = _VARINT.sub(_mask_varint, raw) if raw[:1] == b"\x00" else raw
    return _SENSITIVE.sub(_mask_match, framed)


def mask_text(text: str) -> str:
    """Return *text* masked as `mask` does."""
    return mask(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def mask_cards(text: str) -> str:
    """Return *text* with each run of digits that `looks_like_card` starred, but for its last four."""
    return _PRINTED_RUN.sub(lambda run: mask_text(run[0]) if looks_like_card(run[0]) else run[0], text)


def holds_long_number(text: str) -> bool:
    """Tell whether *text* has 12 digits or more in a row, spaces and dashes apart; about 0.3 us."""
    return _PRINTED_RUN.search(text) is not None


def _mask_match(match: re.Match[bytes]) -> bytes:
    """Return a time as it is, and a run of digits starred, but for its last four."""
    if match["time"] is not None:
        return match["time"]
    digits = len(_ONE_DIGIT.findall(match["run"]))
    return _ONE_DIGIT.sub(b"*", match["run"], count=digits - 4) if digits >= SHORTEST else match["run"]


def _mask_varint(match: re.Match[bytes]) -> bytes:
    """Return a zero of the same length where an Avro long looks like a card number, else the same bytes."""
    groups = match[0]
    number = str(sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(groups)) >> 1)
    is_time = len(number) == 13 and number[0] in "12"  # as _TIME
    is_card = looks_like_card(number) and not is_time
    return b"\x80" * (len(groups) - 1) + b"\x00" if is_card else groups

"""
Card numbers that no bank will ever issue.

Rule: every number begins with a prefix that the networks publish for testing
(Visa 400000, Mastercard 555555 and 222300, American Express 378282) and passes
the Luhn check, so that masking and tokenising are tried with what they look for.
"""

from __future__ import annotations

# (prefix, digits in all); the share of each network is its number of lines
TEST_RANGES = (
    ("400000", 16),
    ("400000", 16),
    ("400000", 16),
    ("555555", 16),
    ("555555", 16),
    ("222300", 16),
    ("378282", 15),
)


def card_number_for(number: int) -> str:
    """The card number of the *number*-th account, 0 and up; different for each below 700 million."""
    prefix, digits = TEST_RANGES[number % len(TEST_RANGES)]
    body = f"{prefix}{number:0{digits - len(prefix) - 1}d}"
    return body + luhn_digit(body)


def luhn_digit(body: str) -> str:
    """The digit that makes *body* pass the Luhn check when put behind it (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit)
        total += value if place % 2 else sum(divmod(2 * value, 10))
    return str(-total % 10)

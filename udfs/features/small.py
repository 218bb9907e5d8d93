"""What a small payment is: card testers try amounts that nobody notices."""

from __future__ import annotations

from schemas.currency import EXPONENTS

_SMALL_BELOW_MAJOR = 2
_SMALL_BELOW_MINOR: dict[str, int] = {
    currency: _SMALL_BELOW_MAJOR * 10**exponent for currency, exponent in EXPONENTS.items()
}


def is_small(amount_minor: int, currency: str) -> bool:
    """
    Whether *amount_minor* is below 2.00 major units of *currency*.

    Raises:
        KeyError: If *currency* is none that intake lets in.
    """
    return amount_minor < _SMALL_BELOW_MINOR[currency]

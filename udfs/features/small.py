"""What a small payment is: card testers try amounts that nobody notices."""

from __future__ import annotations

_NO_DECIMALS = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
    *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
)
_THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_FOUR_DECIMALS = ("CLF", "UYW")
_TWO_MAJOR = 200
_TWO_MAJOR_OF = {
    **dict.fromkeys(_NO_DECIMALS, 2),
    **dict.fromkeys(_THREE_DECIMALS, 2_000),
    **dict.fromkeys(_FOUR_DECIMALS, 20_000),
}  # ISO 4217: 2.00 major units in minor ones, where the currency has not two decimals


def is_small(amount_minor: int, currency: str) -> bool:
    """Whether *amount_minor* is below 2.00 major units of *currency*."""
    return amount_minor < _TWO_MAJOR_OF.get(currency, _TWO_MAJOR)

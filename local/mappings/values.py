"""
One cell of anyone's table, turned into one value of the wire form.

Rules: exact or refused, never guessed: amounts go through Decimal and are rounded
half-even to minor units; a time without a zone gets the one the mapping names.
What is wrong is told as (found, expected), and a card number is never told whole.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from schemas.currency import EXPONENTS

Convert = Callable[[Any], Any]

TRUE = frozenset(("1", "true", "yes", "y", "t", "fraud"))
FALSE = frozenset(("0", "false", "no", "n", "f"))
SECONDS_IN_MS = {"epoch_s": 1000, "epoch_ms": 1}


class BadValueError(Exception):
    """A cell held *found* where *expected* should have been."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected)
        self.found = found
        self.expected = expected


def text(cell: Any) -> str:
    """The cell as text; a whole number kept as a float (as pandas does beside gaps) loses its '.0'."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def texts(cell: Any) -> list[str]:
    """The cell as a list of texts: a list as it is, a text split at blanks, commas and semicolons."""
    if isinstance(cell, list):
        return [text(item) for item in cell]
    return [item for item in re.split(r"[\s,;|]+", text(cell)) if item]


def card_number(cell: Any) -> str:
    """A card number of 12 to 19 digits; blanks and dashes between them are left out."""
    digits = text(cell).replace(" ", "").replace("-", "")
    if not (12 <= len(digits) <= 19 and digits.isascii() and digits.isdigit()):
        raise BadValueError(f"{len(digits)} characters", "a card number of 12 to 19 digits")
    return digits


def number(cell: Any) -> float:
    """A finite float."""
    try:
        value = float(cell)
    except (TypeError, ValueError):
        raise BadValueError(show(cell), "a number") from None
    if not math.isfinite(value):
        raise BadValueError(show(cell), "a number")
    return value


def decimal(cell: Any) -> Decimal:
    """The exact decimal that the cell shows: of a float, its shortest text."""
    try:
        value = Decimal(str(cell).strip())
    except InvalidOperation:
        raise BadValueError(show(cell), "an amount such as 12.34") from None
    if not value.is_finite() or value < 0:
        raise BadValueError(show(cell), "an amount of 0 or more")
    return value


def rate(cell: Any) -> str:
    """An exchange rate above 0 as the decimal that the cell shows, as text."""
    value = decimal(cell)
    if not value:
        raise BadValueError(show(cell), "a rate above 0")
    return format(value.normalize(), "f")


def whole(cell: Any) -> int:
    """A whole amount of 0 or more."""
    value = decimal(cell)
    if value != value.to_integral_value():
        raise BadValueError(show(cell), "a whole number of minor units")
    return int(value)


def pieces(cell: Any) -> int:
    """A whole number of 0 or more."""
    value = decimal(cell)
    if value != value.to_integral_value():
        raise BadValueError(show(cell), "a whole number of pieces")
    return int(value)


def minor(amount: Decimal, currency: str | None) -> int:
    """*amount* in minor units of *currency*, rounded half-even where it has more decimals than that."""
    exponent = EXPONENTS.get(currency or "")
    if exponent is None:
        raise BadValueError(show(currency), "an ISO 4217 currency code such as EUR")
    return int(amount.scaleb(exponent).to_integral_value(rounding=ROUND_HALF_EVEN))


def truth(cell: Any) -> bool:
    """Whether the cell says yes: 1/0, true/false, yes/no, in any case."""
    word = text(cell).strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise BadValueError(show(cell), "1 or 0, true or false")


def time_reader(form: str | None, zone: tzinfo) -> Convert:
    """
    A function from a cell to UTC epoch ms.

    Args:
        form: `epoch_s`, `epoch_ms`, a strptime format, or None for ISO 8601 and real timestamps.
        zone: Of times that state none.
    """
    if form in SECONDS_IN_MS:
        scale = SECONDS_IN_MS[form]
        return lambda cell: int(decimal(cell) * scale)

    def read(cell: Any) -> int:
        when = cell if isinstance(cell, datetime) else _parse(cell, form)
        if when.tzinfo is None:
            when = when.replace(tzinfo=zone)
        return round((when - _EPOCH).total_seconds() * 1000)

    return read


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _parse(cell: Any, form: str | None) -> datetime:
    try:
        return datetime.strptime(cell, form) if form else datetime.fromisoformat(cell)
    except (TypeError, ValueError):
        wanted = f"a time of the form {form}" if form else "a time such as 2024-01-31 23:59:59+00:00"
        raise BadValueError(show(cell), f"{wanted} (`format: epoch_s` or another can be set)") from None


def show(cell: Any) -> str:
    """The cell as an error message may tell it: cut, and not at all where it could hold a card number."""
    if re.search(r"\d(?:[ -]?\d){11}", str(cell)):
        return f"{len(str(cell))} characters with a long number"
    shown = repr(cell)
    return shown if len(shown) <= 60 else shown[:57] + "..."

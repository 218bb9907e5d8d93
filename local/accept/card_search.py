"""Looks for card numbers where none may be, however they are spelt."""

from __future__ import annotations

import re
from collections.abc import Iterable

from schemas.card import SHORTEST, bare_digits

_RUN = re.compile(rb"[0-9](?:[ \-]*[0-9]){%d,}" % (SHORTEST - 1))


class CardSearch:
    """Finds any of *card_numbers*."""

    def __init__(self, card_numbers: Iterable[str]) -> None:
        self._known = {bare_digits(number) for number in card_numbers}
        self._lengths = sorted({len(number) for number in self._known})

    def found(self, data: bytes) -> set[str]:
        """The card numbers that *data* shows: in one run of digits, spaces and dashes apart."""
        return {number for run in _RUN.findall(data) for number in self._in_run(bare_digits(run.decode()))}

    def _in_run(self, digits: str) -> set[str]:
        windows = (
            digits[start : start + length]
            for length in self._lengths
            for start in range(len(digits) - length + 1)
        )
        return self._known.intersection(windows)

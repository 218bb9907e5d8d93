"""What can be wrong with a condition, and with a book of rules."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.errors import ConfigurationError


class ExpressionError(ConfigurationError):
    """A condition can't be used; *column* (1-based, in characters) is where to look."""

    def __init__(self, column: int, found: str, expected: str) -> None:
        super().__init__(f"column {column}", found, expected)
        self.column = column
        self.args = (column, found, expected)  # what pickle calls the class with


class BookError(ConfigurationError):
    """A rule book can't be used; its text lists every fault, one a line."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("rule book", f"{len(faults)} fault{'s'[: len(faults) != 1]}", "none")
        self.faults = tuple(faults)
        self.args = (self.faults,)

    def __str__(self) -> str:
        return "\n  ".join([super().__str__(), *self.faults])

"""
A condition cut into tokens, each with its column.

Rule: only ASCII letters, digits and signs have a meaning outside a text, and a
text holds printable characters only, so what an analyst sees is what is judged.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import Enum, auto
from typing import NamedTuple

from udfs.rules.errors import ExpressionError

MAX_LENGTH = 2_000  # characters; the longest rule of the built-in book has about 100
MAX_DIGITS = 34  # what IEEE 754 decimal128 holds, and so arithmetic.py
KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false"})

# What a stray character was probably meant to be.
_MEANT = {"=": "'=='", "&": "'and'", "|": "'or'", "!": "'!=' or 'not'", "%": "no remainder: there is none"}

_TOKEN = re.compile(
    r"""
      (?P<space>  [ \t\r\n]+ )
    | (?P<number> [0-9]+ (?: \.[0-9]+ )? )
    | (?P<name>   [A-Za-z_][A-Za-z0-9_]* )
    | (?P<text>   '[^']*' | "[^"]*" )
    | (?P<sign>   == | != | <= | >= | [-<>+*/()\[\],] )
    """,
    re.VERBOSE,
)
_STUCK_TO_NUMBER = re.compile(r"[A-Za-z0-9_.]")


class Is(Enum):
    """What sort of token it is."""

    NUMBER = auto()
    TEXT = auto()
    NAME = auto()
    SIGN = auto()  # an operator, a bracket, a comma or a keyword
    END = auto()


class Token(NamedTuple):
    """One token as it was written; *column* is 1-based."""

    sort: Is
    text: str
    column: int

    @property
    def sign(self) -> str:
        """The sign or keyword, or nothing for other tokens."""
        return self.text if self.sort is Is.SIGN else ""

    @property
    def value(self) -> int | Decimal | str:
        """What a number or text token stands for, exactly."""
        if self.sort is Is.TEXT:
            return self.text[1:-1]
        return Decimal(self.text) if "." in self.text else int(self.text)

    def __str__(self) -> str:
        return "the end" if self.sort is Is.END else quoted(self.text)


def quoted(text: str) -> str:
    """*text* in quotes, at most 40 characters, with nothing that a terminal can't show."""
    if len(text) == 1 and not text.isprintable():
        return f"U+{ord(text):04X}"
    return f"'{shortened(text)}'"


def shortened(text: str) -> str:
    """*text*, at most 40 characters of it, with nothing that a terminal can't show."""
    short = text if len(text) <= 40 else f"{text[:37]}..."
    return "".join(character if character.isprintable() else "?" for character in short)


def tokenise(text: str) -> list[Token]:
    """
    The tokens of *text*, the last one its end. Linear in its length.

    Raises:
        ExpressionError: If it is too long, or a character means nothing where it stands.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(MAX_LENGTH + 1, f"{len(text):,} characters", f"at most {MAX_LENGTH:,}")
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _meaningless(text, at)
        if match.lastgroup != "space":
            tokens.append(_token(match))
        at = match.end()
    return [*tokens, Token(Is.END, "", len(text) + 1)]


def _token(match: re.Match[str]) -> Token:
    written, column = match[0], match.start() + 1
    if match.lastgroup == "number":
        _check_number(match)
        return Token(Is.NUMBER, written, column)
    if match.lastgroup == "text":
        _check_text(written, column)
        return Token(Is.TEXT, written, column)
    is_name = match.lastgroup == "name" and written not in KEYWORDS
    return Token(Is.NAME if is_name else Is.SIGN, written, column)


def _check_number(match: re.Match[str]) -> None:
    digits = len(match[0].replace(".", ""))
    if digits > MAX_DIGITS:
        raise ExpressionError(match.start() + 1, f"a number of {digits:,} digits", f"at most {MAX_DIGITS}")
    stuck = _STUCK_TO_NUMBER.match(match.string, match.end())
    if stuck:
        found = f"{quoted(stuck[0])} right after a number"
        raise ExpressionError(match.end() + 1, found, "a space or an operator")


def _check_text(written: str, column: int) -> None:
    for offset, character in enumerate(written):
        if not character.isprintable():
            raise ExpressionError(column + offset, f"{quoted(character)} in a text", "a printable character")


def _meaningless(text: str, at: int) -> ExpressionError:
    character = text[at]
    if character in "'\"":
        return ExpressionError(at + 1, "a text that does not end", f"a closing {character}")
    meant = _MEANT.get(character, "a name, a number, a text or an operator")
    return ExpressionError(at + 1, quoted(character), meant)

"""
Text to tree: precedence climbing over the tokens of one condition.

Rule: any text either becomes a tree or raises `ExpressionError`; nothing here
can run out of stack, because nesting and the tree's height have a limit.
"""

from __future__ import annotations

from decimal import Decimal

from udfs.rules.arithmetic import negate
from udfs.rules.errors import ExpressionError
from udfs.rules.tokens import KEYWORDS, Is, Token, tokenise
from udfs.rules.tree import (
    SIGN_POWER,
    AllOf,
    AnyOf,
    Arithmetic,
    Compare,
    Literal,
    Member,
    Name,
    Negate,
    Node,
    Not,
    Power,
    children,
)

MAX_DEPTH = 40  # parsing, checking and printing take up to five frames a level, of Python's 1,000
MAX_ITEMS = 500  # longer lists belong in a list of their own, not in a condition


def parse(text: str) -> Node:
    """
    *text* as a tree; kinds and names are not checked yet.

    Raises:
        ExpressionError: If it is not one whole condition, or beyond a limit: 2,000
            characters, 40 levels, 500 items in a list.
    """
    parser = _Parser(tokenise(text))
    tree = parser.expression(Power.NOTHING, 1)
    if parser.next.sort is not Is.END:
        raise parser.unexpected("an operator or the end")
    return tree


class _Parser:
    """What is left of the tokens, and the height of each tree built from them."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.heights: dict[int, int] = {}  # by id(): every node built stays alive inside the tree

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self, sign: str = "") -> Token:
        token = self.next
        if sign and token.sign != sign:
            raise self.unexpected(f"'{sign}'")
        self.at += token.sort is not Is.END
        return token

    def unexpected(self, expected: str) -> ExpressionError:
        meant = self.next.text.lower()
        hint = f" (write '{meant}')" if meant in KEYWORDS and self.next.sort is Is.NAME else ""
        return ExpressionError(self.next.column, str(self.next), expected + hint)

    def expression(self, power: Power, level: int) -> Node:
        """The longest expression from here on whose operators hold tighter than *power*."""
        if level > MAX_DEPTH:
            raise _too_deep(self.next.column)
        left = self.operand(power, level)
        while SIGN_POWER.get(self.next.sign, Power.NOTHING) > power:
            left = self.infix(left, level)
        return left

    def operand(self, power: Power, level: int) -> Node:
        token = self.next
        if token.sort is Is.NAME:
            return self.built(Name(self.take().text, token.column))
        if token.sign == "(":
            return self.parenthesised(level)
        if token.sign == "-":
            self.take()
            return self.built(Negate(self.expression(Power.MINUS, level + 1), token.column))
        if token.sign == "not":
            return self.negation(power, level)
        return self.literal("a value")

    def parenthesised(self, level: int) -> Node:
        self.take("(")
        inner = self.expression(Power.NOTHING, level + 1)
        if self.next.sign != ")":
            raise self.unexpected("an operator or ')'")
        self.take(")")
        return inner

    def negation(self, power: Power, level: int) -> Node:
        if power > Power.NOT:
            raise self.unexpected("a value ('not' needs parentheses here)")
        column = self.take("not").column
        return self.built(Not(self.expression(Power.NOT, level + 1), column))

    def literal(self, expected: str) -> Literal:
        token = self.next
        if token.sort in {Is.NUMBER, Is.TEXT}:
            return self.built(Literal(self.take().value, token.column))
        if token.sign in {"true", "false"}:
            return self.built(Literal(self.take().sign == "true", token.column))
        raise self.unexpected(expected)

    def infix(self, left: Node, level: int) -> Node:
        sign = self.next.sign
        if sign in {"and", "or"}:
            return self.joined(left, sign, level)
        if sign in {"in", "not"}:
            return self.member(left)
        column, power = self.take().column, SIGN_POWER[sign]
        right = self.expression(power, level + 1)
        if power > Power.COMPARE:
            return self.built(Arithmetic(sign, left, right, column))
        return self.unchained(self.built(Compare(sign, left, right, column)))

    def joined(self, first: Node, sign: str, level: int) -> Node:
        column, parts = self.next.column, [first]
        while self.next.sign == sign:
            self.take()
            parts.append(self.expression(SIGN_POWER[sign], level + 1))
        kind = AllOf if sign == "and" else AnyOf
        return self.built(kind(tuple(parts), column))

    def member(self, item: Node) -> Node:
        first = self.take()
        if first.sign == "not":
            self.take("in")
        items = self.items()
        sign = "not in" if first.sign == "not" else "in"
        return self.unchained(self.built(Member(sign, item, items, first.column)))

    def items(self) -> tuple[Literal, ...]:
        self.take("[")
        items = [self.item()]
        while self.next.sign == ",":
            column = self.take().column
            if len(items) == MAX_ITEMS:
                raise ExpressionError(column, f"more than {MAX_ITEMS} items", f"at most {MAX_ITEMS}")
            items.append(self.item())
        if self.next.sign != "]":
            raise self.unexpected("',' or ']'")
        self.take("]")
        return tuple(items)

    def item(self) -> Literal:
        if self.next.sign != "-":
            return self.literal("a number, a text, true or false")
        column = self.take().column
        if self.next.sort is not Is.NUMBER:
            raise self.unexpected("a number")
        digits = self.take().text
        value = negate(Decimal(digits)) if "." in digits else negate(int(digits))
        return self.built(Literal(value, column))

    def unchained[N: Node](self, node: N) -> N:
        if SIGN_POWER.get(self.next.sign) is Power.COMPARE:
            raise self.unexpected("'and' or 'or': comparisons do not chain")
        return node

    def built[N: Node](self, node: N) -> N:
        height = 1 + max((self.heights[id(child)] for child in children(node)), default=0)
        if height > MAX_DEPTH:
            raise _too_deep(node.column)
        self.heights[id(node)] = height
        return node


def _too_deep(column: int) -> ExpressionError:
    return ExpressionError(column, f"more than {MAX_DEPTH} levels of nesting", f"at most {MAX_DEPTH}")

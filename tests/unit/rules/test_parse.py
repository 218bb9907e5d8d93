"""What is a condition, what is not, and where the fault is."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigurationError
from tests.unit.rules.trees import bare, condition
from udfs.rules.errors import ExpressionError
from udfs.rules.parse import parse
from udfs.rules.tokens import tokenise
from udfs.rules.tree import Node, show

pytestmark = pytest.mark.unit

# condition, and the same with every parenthesis that precedence implies
PRECEDENCE = [
    ("a or b and c", "a or (b and c)"),
    ("a and b or c", "(a and b) or c"),
    ("not a and b", "(not a) and b"),
    ("not a == b", "not (a == b)"),
    ("not not a", "not (not a)"),
    ("a + b * c", "a + (b * c)"),
    ("a - b - c", "(a - b) - c"),
    ("a / b * c", "(a / b) * c"),
    ("-a * b", "(-a) * b"),
    ("--a", "-(-a)"),
    ("a * -b + c", "(a * (-b)) + c"),
    ("a + b < c - d", "(a + b) < (c - d)"),
    ("a < b and not c in [1]", "(a < b) and (not (c in [1]))"),
    ("a not in [1] or b", "(a not in [1]) or b"),
]

# condition, column, found, expected
FAULTS = [
    ("", 1, "the end", "a value"),
    ("   ", 4, "the end", "a value"),
    ("amount >", 9, "the end", "a value"),
    ("amount > 1 2", 12, "'2'", "an operator or the end"),
    ("(amount > 1", 12, "the end", "an operator or ')'"),
    ("amount > 1)", 11, "')'", "an operator or the end"),
    ("a < b < c", 7, "'<'", "'and' or 'or': comparisons do not chain"),
    ("a == b in [1]", 8, "'in'", "'and' or 'or': comparisons do not chain"),
    ("a in [1] == b", 10, "'=='", "'and' or 'or': comparisons do not chain"),
    ("a == not b", 6, "'not'", "a value ('not' needs parentheses here)"),
    ("a and and b", 7, "'and'", "a value"),
    ("a AND b", 3, "'AND'", "an operator or the end (write 'and')"),
    ("a = b", 3, "'='", "'=='"),
    ("a && b", 3, "'&'", "'and'"),
    ("a || b", 3, "'|'", "'or'"),
    ("!a", 1, "'!'", "'!=' or 'not'"),
    ("a not b", 7, "'b'", "'in'"),
    ("a in 1", 6, "'1'", "'['"),
    ("a in []", 7, "']'", "a number, a text, true or false"),
    ("a in [1,]", 9, "']'", "a number, a text, true or false"),
    ("a in [b]", 7, "'b'", "a number, a text, true or false"),
    ("a in [1 2]", 9, "'2'", "',' or ']'"),
    ("a in [-'x']", 8, "''x''", "a number"),
    ("a == 'x", 6, "a text that does not end", "a closing '"),
    ('a == "x', 6, "a text that does not end", 'a closing "'),
    ("a == 'x\ty'", 8, "U+0009 in a text", "a printable character"),
    ("a == '\udcff'", 7, "U+DCFF in a text", "a printable character"),
    ("a == '\u200b'", 7, "U+200B in a text", "a printable character"),
    ("a > 1e5", 6, "'e' right after a number", "a space or an operator"),
    ("a > 1.", 6, "'.' right after a number", "a space or an operator"),
    ("a > 1.2.3", 8, "'.' right after a number", "a space or an operator"),
    ("a > 1_000", 6, "'_' right after a number", "a space or an operator"),
    ("a > .5", 5, "'.'", "a name, a number, a text or an operator"),
    ("a > \u0663", 5, "'\u0663'", "a name, a number, a text or an operator"),
    ("\u0430mount > 1", 1, "'\u0430'", "a name, a number, a text or an operator"),
    ("a\x00", 2, "U+0000", "a name, a number, a text or an operator"),
    ("a.real", 2, "'.'", "a name, a number, a text or an operator"),
    ("__import__('os')", 11, "'('", "an operator or the end"),
    ("a > " + "9" * 35, 5, "a number of 35 digits", "at most 34"),
    (" " * 2_001, 2_001, "2,001 characters", "at most 2,000"),
    ("(" * 1_000, 41, "more than 40 levels of nesting", "at most 40"),
    ("-" * 1_000 + "1", 41, "more than 40 levels of nesting", "at most 40"),
    ("not " * 400 + "a", 161, "more than 40 levels of nesting", "at most 40"),
    ("1" + "+1" * 40, 80, "more than 40 levels of nesting", "at most 40"),
    ("a in [" + "1," * 500 + "1]", 1_006, "more than 500 items", "at most 500"),
]


@pytest.mark.parametrize(("text", "explicit"), PRECEDENCE)
def test_precedence(text: str, explicit: str) -> None:
    """Operators hold together as the grammar says, and parentheses only say it aloud."""
    assert bare(parse(text)) == bare(parse(explicit))
    assert show(parse(explicit)) == text


@pytest.mark.parametrize(("text", "column", "found", "expected"), FAULTS)
def test_fault(text: str, column: int, found: str, expected: str) -> None:
    """A text that is no condition is refused with the column, what is there, and what belongs there."""
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert (caught.value.column, caught.value.found, caught.value.expected) == (column, found, expected)


@pytest.mark.parametrize(
    "text",
    [
        " " * 1_999 + "a",
        "(" * 39 + "a" + ")" * 39,
        "-" * 39 + "1",
        "1" + "+1" * 39,
        "a in [" + "1," * 499 + "1]",
        "a > " + "9" * 34,
        "a and " * 300 + "a",
    ],
    ids=["length", "parentheses", "minus", "height", "items", "digits", "a flat chain is not deep"],
)
def test_at_the_limit(text: str) -> None:
    """A condition exactly at a limit is taken."""
    parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("007", 7),
        ("0.10", Decimal("0.10")),
        ("'7995'", "7995"),
        ('"it\'s"', "it's"),
        (r"'\n'", r"\n"),
        ("true", True),
        ("false", False),
    ],
)
def test_literal(text: str, value: object) -> None:
    """A literal stands for exactly what is written: whole numbers as int, others as Decimal, no escapes."""
    assert bare(parse(text)) == (type(value).__name__, str(value))


def test_columns_point_at_names_and_operators() -> None:
    """Every part of a tree knows the column of its name, literal or operator."""
    columns = [token.column for token in tokenise("a\n>= 'b'")]
    assert columns == [1, 3, 6, 9]


@given(condition)
@settings(deadline=None)
def test_printed_tree_parses_to_itself(tree: object) -> None:
    """Printing a tree and parsing the text gives the same tree."""
    assert bare(parse(show(tree))) == bare(tree)  # type: ignore[arg-type]


PIECES = [*"()[],-+.= \x00", "==", "<", "amount", "mcc", "1", "0.5", "'a'", "true"]
WORDS = ["not ", " in ", " and ", " or "]


@given(st.text() | st.lists(st.sampled_from(PIECES + WORDS)).map("".join))
@settings(deadline=None, max_examples=300)
@example("((" * 30_000)
@example("[" * 1_999)
@example("\ud800")
def test_any_text_parses_or_is_refused(text: str) -> None:
    """Whatever the text, it parses to a tree that prints and parses again, or is an ExpressionError."""
    outcome = _parsed(text)
    if isinstance(outcome, ExpressionError):
        assert 1 <= outcome.column <= len(text) + 1
    else:
        assert bare(parse(show(outcome))) == bare(outcome)


def _parsed(text: str) -> Node | ExpressionError:
    """The tree of *text*, or why there is none."""
    try:
        return parse(text)
    except ExpressionError as error:
        return error


def test_error_survives_pickling() -> None:
    """An error that crosses processes keeps its column, and is a ConfigurationError."""
    error = pickle.loads(pickle.dumps(ExpressionError(7, "x", "y")))
    assert issubclass(type(error), ConfigurationError)
    assert (error.column, str(error)) == (7, "column 7: found x, expected y")

"""Rule books: taken whole, or refused with every fault."""

from __future__ import annotations

import contextlib
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decision import Severity, Verdict
from schemas.errors import ConfigurationError
from udfs.rules.book import load_book
from udfs.rules.errors import BookError
from udfs.rules.rule import Rule

pytestmark = pytest.mark.unit

BOOK = """
version: 7
rules:
  - {id: large, version: 2, severity: low, outcome: verify, title: Large, when: amount > 10}
  - {id: scored, version: 1, severity: high, outcome: decline, title: Scored, when: score > 0.5,
     priority: true}
  - {id: real, version: 1, severity: medium, outcome: review, title: Real, when: not degraded}
  - {id: small, version: 1, severity: critical, outcome: approve, title: Small, when: "amount < 1"}
"""


def test_good_book() -> None:
    """A good book's rules keep their order; those that name score or degraded wait for the score."""
    book = load_book(BOOK)
    assert [rule.rule.id for rule in book.before] == ["large", "small"]
    assert [rule.rule.id for rule in book.after] == ["scored", "real"]
    assert book.rules == book.before + book.after
    assert book.after[0].rule == Rule(
        id="scored",
        version=1,
        severity=Severity.HIGH,
        outcome=Verdict.DECLINE,
        title="Scored",
        when="score > 0.5",
        priority=True,
    )


def test_version_tells_books_apart() -> None:
    """A book's version is its own and eight hex digits of its text, so that an edit never goes unseen."""
    version = load_book(BOOK).version
    assert version[:2] == "7-"
    assert len(version) == len("7-12345678")
    assert version == load_book(BOOK).version != load_book(BOOK.replace("> 10", "> 11")).version


def test_all_faults_are_reported_together() -> None:
    """A bad book is refused with each fault and its rule in one ConfigurationError."""
    text = """
version: 0
ruls: []
rules:
  - just text
  - {id: A B, when: amount >}
  - {id: same, version: 1, severity: dire, outcome: shrug, title: "", when: 3, priority: 1, then: x}
  - {id: same, version: true, severity: low, outcome: verify, title: Twin, when: amount > 'x'}
"""
    with pytest.raises(ConfigurationError) as caught:
        load_book(text)
    assert str(caught.value).splitlines() == [
        "rule book: found 18 faults, expected none",
        "  found unknown key 'ruls', expected version, rules",
        "  version: found 0, expected a whole number from 1 to 2147483647",
        "  rule 1: found 'just text', expected a mapping",
        "  rule 2, id: found 'A B', expected at most 64 of a-z, 0-9 and single hyphens",
        "  rule 2, version: found nothing, expected it",
        "  rule 2, severity: found nothing, expected it",
        "  rule 2, outcome: found nothing, expected it",
        "  rule 2, title: found nothing, expected it",
        "  rule 2, when: column 9: found the end, expected a value",
        f"  rule 3 'same', found unknown key 'then', expected {', '.join(Rule._fields)}",
        "  rule 3 'same', severity: found 'dire', expected low, medium, high, critical",
        "  rule 3 'same', outcome: found 'shrug', expected approve, verify, review, decline",
        "  rule 3 'same', title: found '', expected a line of at most 200 characters",
        "  rule 3 'same', when: found 3, expected a condition in text",
        "  rule 3 'same', priority: found 1, expected true or false",
        "  rule 4 'same', version: found true, expected a whole number from 1 to 2147483647",
        "  rule 4 'same', when: column 10: found text 'x', expected number",
        "  rule 'same', id: found 2 times, expected once",
    ]


# text, and what the one fault says
NO_BOOKS = [
    ("", "found none, expected a mapping with version and rules"),
    ("just text", "found 'just text', expected a mapping with version and rules"),
    ("version: 1", "rules: found nothing, expected it"),
    ("{version: 1, rules: []}", "rules: found a list, expected a list of rules"),
    ("{version: 1, rules: {}}", "rules: found a dict, expected a list of rules"),
    ("rules: [}", "line 1, column 9: expected the node content, but found '}'"),
    ("a: 1\na: 2", "line 2, column 1: found key 'a' twice, expected it once"),
    ("a: &x 1\nb: *x", "line 2, column 4: found an alias, expected what it stands for"),
    ("a: !!python/object:os.system x", "could not determine a constructor for the tag"),
    ("version: 2024-99-99", "found month must be in 1..12, expected YAML"),
    ("version: " + "9" * 5_000, "found Exceeds the limit (4300 digits)"),
    ("a\x00b", "found unacceptable character #x0000"),
    ("[" * 5_000, "found more nesting than a rule book has, expected rules"),
    (" " * 262_145, "found 262,145 characters, expected at most 262,144"),
]


@pytest.mark.parametrize(("text", "sentence"), NO_BOOKS)
def test_no_book(text: str, sentence: str) -> None:
    """What is no rule book at all is a BookError that says so, whatever YAML makes of it."""
    with pytest.raises(BookError) as caught:
        load_book(text)
    assert len(caught.value.faults) == 1
    assert sentence in caught.value.faults[0]


@given(st.text() | st.lists(st.sampled_from([*BOOK.split(), "\n", " ", "- ", "? "])).map(" ".join))
@settings(deadline=None)
def test_any_text_is_a_book_or_refused(text: str) -> None:
    """Whatever the text, it loads or raises a BookError."""
    with contextlib.suppress(BookError):
        assert load_book(text).rules


def test_error_survives_pickling() -> None:
    """An error that crosses processes keeps its faults."""
    error = pickle.loads(pickle.dumps(BookError(["a", "b"])))
    assert error.faults == ("a", "b")
    assert str(error) == "rule book: found 2 faults, expected none\n  a\n  b"

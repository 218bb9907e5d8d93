"""
A rule book from its YAML: every fault of it at once, or rules ready to run.

Rule: a book is taken whole or not at all, and its order is the analysts' order.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

from schemas.decision import Severity, Verdict
from udfs.rules.book_yaml import read_yaml
from udfs.rules.check import check_condition
from udfs.rules.errors import BookError, ExpressionError
from udfs.rules.names import AFTER_SCORING
from udfs.rules.rule import CompiledRule, Rule
from udfs.rules.tokens import quoted

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # no colon: `missing` joins id and name by one
_MAX_ID = 64  # characters
_MAX_TITLE = 200  # characters; it is a line in an alert
_MAX_VERSION = 2**31 - 1  # an INT in Avro, Parquet and SQL alike

Fault = str | None  # "found X, expected Y"


class RuleBook(NamedTuple):
    """A checked book. *version* is the book's own and the start of its text's SHA-256: `3-1f0c9a2b`."""

    version: str
    before: tuple[CompiledRule, ...]  # answered before the score is there
    after: tuple[CompiledRule, ...]  # name `score` or `degraded`

    @property
    def rules(self) -> tuple[CompiledRule, ...]:
        """All rules: those before the score, then those after it."""
        return self.before + self.after


def load_book(text: str) -> RuleBook:
    """
    The book that *text* (YAML; docs/rules.md) describes.

    Raises:
        BookError: A ConfigurationError whose text lists every fault, each with its rule.
    """
    content = read_yaml(text)
    faults = list(_faults(content))
    if faults or not isinstance(content, dict):
        raise BookError(faults)
    rules = [CompiledRule(_rule(entry)) for entry in content["rules"]]
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return RuleBook(
        version=f"{content['version']}-{digest}",
        before=tuple(rule for rule in rules if AFTER_SCORING.isdisjoint(rule.names)),
        after=tuple(rule for rule in rules if not AFTER_SCORING.isdisjoint(rule.names)),
    )


def built_in_text() -> str:
    """The YAML of the book that comes with the project."""
    return resources.files("udfs.rules").joinpath("book.yaml").read_text(encoding="utf-8")


def _rule(entry: Mapping[str, Any]) -> Rule:
    return Rule(
        id=entry["id"],
        version=entry["version"],
        severity=Severity[entry["severity"].upper()],
        outcome=Verdict[entry["outcome"].upper()],
        title=entry["title"],
        when=entry["when"],
        priority=entry.get("priority", False),
    )


def _faults(content: object) -> Iterator[str]:
    if not isinstance(content, dict):
        yield f"found {described(content)}, expected a mapping with version and rules"
        return
    yield from _key_faults(content, _BOOK_KEYS, optional=frozenset())
    entries = content.get("rules")
    if isinstance(entries, list):
        yield from _entry_faults(entries)
        yield from _twins(entries)


def _entry_faults(entries: Sequence[object]) -> Iterator[str]:
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, dict):
            where = f"rule {number}" if _id_fault(entry.get("id")) else f"rule {number} '{entry['id']}'"
            yield from (f"{where}, {fault}" for fault in _key_faults(entry, _RULE_KEYS, optional=_OPTIONAL))
        else:
            yield f"rule {number}: found {described(entry)}, expected a mapping"


def _twins(entries: Sequence[object]) -> Iterator[str]:
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    times = Counter(rule_id for rule_id in ids if not _id_fault(rule_id))
    twice = [(rule_id, n) for rule_id, n in times.items() if n > 1]
    yield from (f"rule '{rule_id}', id: found {n} times, expected once" for rule_id, n in twice)


def _key_faults(
    found: Mapping[object, object],
    keys: Mapping[str, Callable[[Any], Fault]],
    *,
    optional: frozenset[str],
) -> Iterator[str]:
    known = ", ".join(keys)
    yield from (f"found unknown key {described(key)}, expected {known}" for key in found if key not in keys)
    for key, fault_of in keys.items():
        if key not in found and key not in optional:
            yield f"{key}: found nothing, expected it"
        elif key in found and (fault := fault_of(found[key])):
            yield f"{key}: {fault}"


def described(value: object) -> str:
    """*value* for a message: short, on one line, whatever it is."""
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool | float):
        return str(value).lower()
    if isinstance(value, int) and abs(value) <= _MAX_VERSION:
        return str(value)
    return f"a {type(value).__name__}"


def _version_fault(value: object) -> Fault:
    if type(value) is int and 1 <= value <= _MAX_VERSION:
        return None
    return f"found {described(value)}, expected a whole number from 1 to {_MAX_VERSION}"


def _rules_fault(value: object) -> Fault:
    if isinstance(value, list) and value:
        return None
    return f"found {described(value)}, expected a list of rules"


def _id_fault(value: object) -> Fault:
    if isinstance(value, str) and len(value) <= _MAX_ID and _ID.fullmatch(value):
        return None
    return f"found {described(value)}, expected at most {_MAX_ID} of a-z, 0-9 and single hyphens"


def _choice(choices: Iterable[str]) -> Callable[[object], Fault]:
    names = [choice.lower() for choice in choices]
    return lambda value: None if value in names else f"found {described(value)}, expected {', '.join(names)}"


def _title_fault(value: object) -> Fault:
    if isinstance(value, str) and value.isprintable() and 0 < len(value.strip()) <= _MAX_TITLE:
        return None
    return f"found {described(value)}, expected a line of at most {_MAX_TITLE} characters"


def _when_fault(value: object) -> Fault:
    if not isinstance(value, str):
        return f"found {described(value)}, expected a condition in text"
    try:
        check_condition(value)
    except ExpressionError as error:
        return str(error)
    return None


def _priority_fault(value: object) -> Fault:
    return None if isinstance(value, bool) else f"found {described(value)}, expected true or false"


_BOOK_KEYS: dict[str, Callable[[Any], Fault]] = {"version": _version_fault, "rules": _rules_fault}
_RULE_KEYS: dict[str, Callable[[Any], Fault]] = {
    "id": _id_fault,
    "version": _version_fault,
    "severity": _choice(Severity.__members__),
    "outcome": _choice(Verdict.__members__),
    "title": _title_fault,
    "when": _when_fault,
    "priority": _priority_fault,
}
_OPTIONAL = frozenset({"priority"})

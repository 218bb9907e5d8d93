"""
`fraudstream rules measure`: precision and recall of each rule, by the labels known at a time.

Rules: nothing but the archive is read. Of decisions with one transaction id the highest `attempt` is
final; of labels the last reported, and of those reported at the same time the one that says fraud.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from local.archive import batches, epoch_ms, require_folders, until
from local.evaluation import Evaluation, Measure, evaluate
from local.generator.tally import Decided, Tally

_DECISION = ("transaction_id", "verdict", "attempt", "late", "degraded", "reasons")
_LABEL = ("transaction_id", "reported", "is_fraud", "kind")
_UNNAMED = "fraud"  # of a label that says no kind


class Told(NamedTuple):
    """What a label says; the greatest of a transaction's is the one that counts."""

    reported_ms: int
    is_fraud: bool
    kind: str


class Measured(NamedTuple):
    """
    Decisions beside labels.

    Attributes:
        decisions: Transactions decided.
        frauds: The decisions against those reported as fraud.
        honest: The same against those reported as none: `caught` are the flagged among them.
        strays: Labels of transactions that were not decided.
        as_of_ms: What was known at this time; None is all.
    """

    decisions: int
    frauds: Evaluation
    honest: Evaluation
    strays: int
    as_of_ms: int | None

    @property
    def open(self) -> int:
        """Decisions without a label."""
        return self.decisions - self.frauds.overall.frauds - self.honest.overall.frauds


def measure(out: Path, as_of_ms: int | None = None) -> Measured:
    """
    Measure the decisions in *out* (of `make run` or `make replay`) by its labels.

    Holds some 400 bytes a transaction.

    Args:
        out: Folder of a run or replay.
        as_of_ms: Transactions and reports after this time are left out.

    Raises:
        ConfigurationError: If *out* has no archive.
    """
    require_folders(out, ("decisions", "labels"))
    decided = list(_decided(out / "decisions", as_of_ms))
    return compare(decided, latest(_told(out / "labels", as_of_ms)), as_of_ms)


def latest(labels: Iterable[tuple[str, Told]]) -> dict[str, Told]:
    """What is known of each transaction, in whatever order the labels came."""
    known: dict[str, Told] = {}
    for transaction_id, told in labels:
        known[transaction_id] = max(told, known.get(transaction_id, told))
    return known


def compare(decided: Sequence[Decided], labels: dict[str, Told], as_of_ms: int | None = None) -> Measured:
    """The final decisions beside what is known of their transactions."""
    decisions = {one.transaction_id for one in decided}
    return Measured(
        decisions=len(decisions),
        frauds=evaluate(decided, {name: told.kind for name, told in labels.items() if told.is_fraud}),
        honest=evaluate(decided, {name: "honest" for name, told in labels.items() if not told.is_fraud}),
        strays=len(labels.keys() - decisions),
        as_of_ms=as_of_ms,
    )


def table(told: Measured) -> Iterator[str]:
    """*told* as lines for a terminal."""
    frauds, honest = told.frauds.overall.frauds, told.honest.overall.frauds
    yield (
        f"{_when(told.as_of_ms)}{told.decisions:,} decisions: {frauds:,} reported as fraud, "
        f"{honest:,} confirmed honest, {told.open:,} without a label"
    )
    if told.strays:
        yield f"{told.strays:,} labels are of transactions that were not decided"
    yield ""
    yield _line("rule", ("fired", "caught", "honest", "open", "precision", "recall"))
    yield _measures("all above approve", told.frauds.overall, told.honest.overall)
    for rule, found in told.frauds.by_rule.items():
        yield _measures(rule, found, told.honest.by_rule[rule])
    if told.frauds.by_kind:
        yield ""
        yield _line("kind of fraud", ("reported", "caught", "recall"))
    for kind, found in told.frauds.by_kind.items():
        yield _line(kind, (f"{found.frauds:,}", f"{found.caught:,}", _percent(found.recall)))


def _when(as_of_ms: int | None) -> str:
    if as_of_ms is None:
        return ""
    return f"as of {datetime.fromtimestamp(as_of_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}: "


def _measures(name: str, frauds: Measure, honest: Measure) -> str:
    counts = (frauds.flagged, frauds.caught, honest.caught, frauds.flagged - frauds.caught - honest.caught)
    return _line(name, (*(f"{n:,}" for n in counts), _percent(frauds.precision), _percent(frauds.recall)))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _line(name: str, cells: Iterable[str]) -> str:
    return "  ".join([f"{name:<28}", *(f"{cell:>9}" for cell in cells)])


def _decided(folder: Path, as_of_ms: int | None) -> Iterator[Decided]:
    tally = Tally()
    for batch in batches(folder, _DECISION, until("event_time", as_of_ms)):
        for row in batch.to_pylist():
            tally.add({**row, "reasons": orjson.loads(row["reasons"])}, -1)
    return tally.decided()


def _told(folder: Path, as_of_ms: int | None) -> Iterator[tuple[str, Told]]:
    for batch in batches(folder, _LABEL, until("reported", as_of_ms)):
        ids, frauds, kinds = (
            batch.column(name).to_pylist() for name in ("transaction_id", "is_fraud", "kind")
        )
        reported = epoch_ms(batch.column("reported")).to_pylist()
        for transaction_id, at_ms, is_fraud, kind in zip(ids, reported, frauds, kinds, strict=True):
            yield transaction_id, Told(at_ms, is_fraud, kind or _UNNAMED)

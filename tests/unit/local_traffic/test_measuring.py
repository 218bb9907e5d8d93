"""Decisions beside the labels that were known at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.cli import main
from local.evaluation import Measure
from local.generator.tally import Decided
from local.measuring import Told, compare, latest, measure, table
from schemas.errors import ConfigurationError
from tests.builders import NOON_MS, ONE_DAY_MS

pytestmark = pytest.mark.unit


def at(days: float) -> datetime:
    """*days* after noon."""
    return datetime.fromtimestamp((NOON_MS + days * ONE_DAY_MS) / 1000, UTC)


def decision(transaction_id: str, *rules: str, day: float = 0, attempt: int = 1) -> dict[str, Any]:
    """A row of the archive; above approve if a rule fired."""
    return {
        "transaction_id": transaction_id,
        "event_time": at(day),
        "verdict": "review" if rules else "approve",
        "attempt": attempt,
        "late": False,
        "degraded": False,
        "reasons": orjson.dumps([{"rule": rule} for rule in rules]).decode(),
    }


def label(transaction_id: str, *, is_fraud: bool, day: float = 7, kind: str | None = None) -> dict[str, Any]:
    """A row of the archive's labels."""
    return {"transaction_id": transaction_id, "reported": at(day), "is_fraud": is_fraud, "kind": kind}


def archive(out: Path, decisions: Sequence[dict[str, Any]], labels: Sequence[dict[str, Any]]) -> Path:
    """A run's folder, a file a row, so that what belongs together stands apart."""
    for name, rows in (("decisions", decisions), ("labels", labels)):
        (out / name).mkdir()
        for number, row in enumerate(rows):
            pq.write_table(pa.Table.from_pylist([row]), out / name / f"part-{number}.parquet")
    return out


DECISIONS = [
    decision("1", "limit", "velocity"),
    decision("2", "limit"),
    decision("3"),
    decision("4", "limit", day=3),
    decision("5"),
]
LABELS = [
    label("1", is_fraud=True, kind="theft"),
    label("2", is_fraud=False),
    label("3", is_fraud=True),
    label("9", is_fraud=True),
]


def test_rules_and_kinds(tmp_path: Path) -> None:
    """Each rule has what it fired on, caught, and shares of both; a label without a kind is 'fraud'."""
    told = measure(archive(tmp_path, DECISIONS, LABELS))
    assert told.frauds.by_rule == {"limit": Measure(3, 1, 2), "velocity": Measure(1, 1, 2)}
    assert told.frauds.by_kind == {"theft": Measure(1, 1, 1), "fraud": Measure(0, 0, 1)}
    assert told.frauds.overall == Measure(3, 1, 2)
    assert told.honest.by_rule["limit"] == Measure(3, 1, 1)
    assert (told.decisions, told.open, told.strays) == (5, 2, 1)


def test_the_table(tmp_path: Path) -> None:
    """A rule's line tells fired, caught, honest, open, precision and recall."""
    lines = list(table(measure(archive(tmp_path, DECISIONS, LABELS))))
    assert lines[0] == "5 decisions: 2 reported as fraud, 1 confirmed honest, 2 without a label"
    assert lines[1] == "1 labels are of transactions that were not decided"
    assert lines[5].split() == ["limit", "3", "1", "1", "1", "33.3%", "50.0%"]
    assert [line.split() for line in lines[-2:]] == [
        ["fraud", "1", "0", "0.0%"],
        ["theft", "1", "1", "100.0%"],
    ]


@pytest.mark.parametrize(
    ("day", "decisions", "frauds", "honest"), [(6.9, 5, 0, 0), (7, 5, 2, 1), (2.9, 4, 0, 0), (-1, 0, 0, 0)]
)
def test_as_of(tmp_path: Path, day: float, decisions: int, frauds: int, honest: int) -> None:
    """What was reported or decided after the time is not known; at that very time it is."""
    told = measure(archive(tmp_path, DECISIONS, LABELS), NOON_MS + round(day * ONE_DAY_MS))
    assert (told.decisions, told.frauds.overall.frauds, told.honest.overall.frauds) == (
        decisions,
        frauds,
        honest,
    )


def test_the_highest_attempt_is_final(tmp_path: Path) -> None:
    """A transaction decided again after a restart counts once, as its highest attempt has it."""
    again = [decision("1", attempt=2), decision("1", "limit", attempt=3), decision("1", attempt=1)]
    told = measure(archive(tmp_path, again, LABELS[:1]))
    assert (told.decisions, told.frauds.by_rule) == (1, {"limit": Measure(1, 1, 1)})


def test_a_label_that_flips(tmp_path: Path) -> None:
    """The last report counts, in whichever file it stands; before it was made, the one before."""
    labels = [label("1", is_fraud=False, day=9), label("1", is_fraud=True, day=7)]
    out = archive(tmp_path, DECISIONS[:1], labels)
    assert measure(out).frauds.overall.frauds == 0
    assert measure(out, NOON_MS + 8 * ONE_DAY_MS).frauds.overall.frauds == 1


told_labels = st.lists(
    st.tuples(
        st.sampled_from("12"), st.builds(Told, st.integers(0, 2), st.booleans(), st.sampled_from("ab"))
    ),
    max_size=12,
)


def by_definition(labels: Iterable[tuple[str, Told]], transaction_id: str) -> Told | None:
    """Of the last reports those of fraud, of these the last kind by the alphabet."""
    own = [told for name, told in labels if name == transaction_id]
    last = [told for told in own if told.reported_ms == max(one.reported_ms for one in own)]
    frauds = [told for told in last if told.is_fraud] or last
    return max(frauds, key=lambda told: told.kind, default=None)


@given(told_labels, st.randoms(use_true_random=False))
def test_the_order_of_labels_changes_nothing(labels: list[tuple[str, Told]], order: Any) -> None:
    """What is known of a transaction depends on its labels alone; at the same time fraud wins."""
    shuffled = list(labels)
    order.shuffle(shuffled)
    known = latest(shuffled)
    assert [known.get(name) for name in "12"] == [by_definition(labels, name) for name in "12"]


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([None, False, True])), max_size=20),
)
def test_every_decision_is_fraud_honest_or_open(rows: list[tuple[bool, bool | None]]) -> None:
    """Each decision, and each hit of a rule, is counted once among fraud, honest and open."""
    decided = [
        Decided(str(n), "review" if hit else "approve", ("r",) if hit else ())
        for n, (hit, _) in enumerate(rows)
    ]
    labels = {str(n): Told(0, known, "k") for n, (_, known) in enumerate(rows) if known is not None}
    told = compare(decided, labels)
    assert told.open == sum(known is None for _, known in rows)
    if any(hit for hit, _ in rows):
        assert told.frauds.by_rule["r"].caught == sum(hit and known is True for hit, known in rows)
        assert told.honest.by_rule["r"].caught == sum(hit and known is False for hit, known in rows)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the table, and ends with 0; nothing reported yet is no fault."""
    out = archive(tmp_path, DECISIONS, [])
    assert main(["rules", "measure", "--run", str(out), "--as-of", "2026-04-02"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("as of 2026-04-02T00:00:00Z: 4 decisions: 0 reported as fraud, ")
    assert "limit" in said


def test_no_folder_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without an archive, or not of Parquet, is a fault; a wrong date is wrong usage."""
    assert main(["rules", "measure", "--run", str(tmp_path)]) == 1
    assert "no decisions, labels" in capsys.readouterr().err
    out = archive(tmp_path, DECISIONS, LABELS)
    (out / "labels" / "part-0.parquet").write_text("no Parquet")
    with pytest.raises(ConfigurationError, match="expected Parquet with transaction_id"):
        measure(out)
    with pytest.raises(SystemExit) as caught:
        main(["rules", "measure", "--run", str(out), "--as-of", "yesterday"])
    assert caught.value.code == 2

"""What leaves: as many values as columns, each of its column's type, none of them a secret."""

from __future__ import annotations

from typing import Any

import pytest
from pyflink.common import Row

from schemas.dead_letter import Source, dead_letter
from schemas.decision import Verdict, is_priority
from schemas.errors import Malformed
from tests.builders import NOON_MS, customer, decision, hit, label, payment
from tests.fakes import named
from udfs.features.blocks import MemoryBlocks
from udfs.features.engine import observe
from udfs.features.history import AccountHistory
from udfs.features.profile import Profile, profile_of
from udfs.operators import columns, rows
from udfs.operators.account_state import Undecided

pytestmark = pytest.mark.unit

PYTHON = {"STRING": str, "BIGINT": int, "DOUBLE": float, "BOOLEAN": bool, "BYTES": bytes}


def undecided(profile: Profile | None = None, **fields: Any) -> Undecided:
    """A first payment of its account."""
    history, snapshot, _ = observe(AccountHistory(), payment(**fields), profile, MemoryBlocks())
    return Undecided(
        payment(**fields), profile, history.decided, snapshot, [], [], late=False, out_of_order=False
    )


def wrong(declared: list[columns.Column], row: Row) -> list[str]:
    """The columns whose value is not of the column's type."""
    return [
        f"{column.name}: {value!r}"
        for column, value in zip(declared, list(row), strict=True)
        if value is not None and type(value) is not PYTHON[column.sql]
    ]


@pytest.mark.parametrize(
    "row",
    [
        rows.decided_row(decision(), undecided()),
        rows.decided_row(decision(hits=(hit(priority=True),), verdict=Verdict.DECLINE), undecided()),
        rows.decided_row(decision(), undecided(profile_of(customer()), latitude=None, country=None)),
        rows.decided_row(decision(), undecided(base_minor=1_234)),
        rows.decided_row(decision(currency="JPY"), undecided(currency="JPY", event_type="login")),
    ],
)
def test_decided_row_fits_its_columns(row: Row) -> None:
    """A decision's row has a value for each column, of the type that the sinks' tables declare."""
    assert wrong(columns.DECIDED, row) == []


def test_label_row_fits_its_columns() -> None:
    """A label's row has a value for each column, of its type."""
    assert wrong(columns.LABEL, rows.label_row(label())) == []


def test_dead_letter_row_fits_its_columns() -> None:
    """A dead letter is keyed by its account, or by nothing."""
    letter = dead_letter(Malformed("$", "nothing", "JSON"), Source("t", 1, 2, NOON_MS), b"raw")
    assert wrong(columns.DEAD_LETTER, rows.dead_letter_row(letter)) == []
    assert rows.dead_letter_row(letter)[0] == ""
    assert rows.dead_letter_row(letter._replace(account_id="a-1"))[0] == "a-1"


def test_no_column_is_declared_twice() -> None:
    """A column's name says one thing."""
    names = [column.name for column in columns.DECIDED]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("verdict", "hits", "alert", "priority"),
    [
        (Verdict.APPROVE, (), False, False),
        (Verdict.VERIFY, (), True, False),
        (Verdict.APPROVE, (hit(priority=True),), True, True),
    ],
)
def test_alerts_are_routed(verdict: Verdict, hits: tuple[Any, ...], alert: bool, priority: bool) -> None:  # noqa: FBT001
    """A row carries an alert if somebody must look, and says whether it has priority."""
    decided = decision(verdict=verdict, hits=hits)
    row = named(columns.ANSWER, rows.answer_row(decided))
    assert (row["alert"] is not None, row["priority"]) == (alert, priority)
    assert row["priority"] == is_priority(decided)


@pytest.mark.parametrize(
    ("event_time_ms", "date", "hour"),
    [
        (0, "1970-01-01", "00"),
        (NOON_MS, "2026-04-01", "12"),
        (NOON_MS - 1, "2026-04-01", "11"),
        (NOON_MS + 12 * 3_600_000, "2026-04-02", "00"),
        (-1, "1969-12-31", "23"),
    ],
)
def test_partition_is_the_event_hour(event_time_ms: int, date: str, hour: str) -> None:
    """A row lands in the UTC hour of its event, its first millisecond included."""
    row = named(columns.DECIDED, rows.decided_row(decision(), undecided(event_time_ms=event_time_ms)))
    assert (row["event_date"], row["event_hour"]) == (date, hour)


@pytest.mark.parametrize(
    ("currency", "minor", "text"),
    [("EUR", 5, "0.05"), ("JPY", 5, "5"), ("KWD", 5, "0.005"), ("EUR", 10**12, "10000000000.00")],
)
def test_amount_is_exact_text(currency: str, minor: int, text: str) -> None:
    """The amount is written out in major units, all digits of the currency."""
    decided = decision(currency=currency, amount_minor=minor)
    assert named(columns.DECIDED, rows.decided_row(decided, undecided()))["amount"] == text


def test_a_feature_is_in_its_own_column() -> None:
    """A feature's value stands under its name."""
    told = undecided(profile_of(customer()))
    row = named(columns.DECIDED, rows.decided_row(decision(), told))
    assert {name: row[name] for name in told.features} == told.features


def test_arrival_without_a_value_is_empty() -> None:
    """A record without a value, as compaction leaves one, is an empty message."""
    assert rows.arrival(("a-1", None, 1, 2)) == rows.Arrival("a-1", b"", 1, 2)


@pytest.mark.parametrize("key", ["a-1", Row("a-1"), ("a-1",)])
def test_key_is_the_account(key: Any) -> None:
    """The current key is the account, in whichever way a mode wraps it."""

    class Context:
        def get_current_key(self) -> Any:
            return key

    assert rows.key_of(Context()) == "a-1"


def test_subtask_is_asked_of_flink_where_python_can_not_tell() -> None:
    """In thread mode the subtask is the task info's; elsewhere the runtime context's own."""

    class Info:
        def getTaskInfo(self) -> Info:  # noqa: N802  # Java's name
            return self

        def getIndexOfThisSubtask(self) -> int:  # noqa: N802  # Java's name
            return 3

    class Context:
        def __init__(self, inner: object) -> None:
            self._runtime_context = inner

        def get_index_of_this_subtask(self) -> int:
            return 2

    assert rows.subtask_of(Context(Info())) == 3
    assert rows.subtask_of(Context(object())) == 2

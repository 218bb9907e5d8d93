"""Features as seen when deciding, beside those computed anew: what differs, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import asdict

from deploy.cli import main
from local.observing import Everything, steps
from local.skew import AFTER, LABEL, LATE, OTHER, OUT_OF_ORDER, skew, table
from schemas.errors import ConfigurationError
from tests.builders import NOON_MS, payment

pytestmark = pytest.mark.unit

PAYMENTS = [payment(transaction_id=f"t{n}", event_time_ms=NOON_MS + n * 1_000) for n in range(3)]


def archive(out: Path, *, changed: dict[str, Any] | None = None, late: str = "", behind: str = "") -> Path:
    """A run's folder: three payments as decided, the last with *changed* features."""
    everything = Everything({})
    found = [everything.take(step) for step in steps((txn, None) for txn in PAYMENTS)]
    features = [{"transaction_id": taken[0], **taken[1]} for taken in found if taken]
    features[-1] |= changed or {}
    decisions = [
        {
            "transaction_id": txn.transaction_id,
            "account_id": txn.account_id,
            "late": txn.transaction_id == late,
            "out_of_order": txn.transaction_id == behind,
        }
        for txn in PAYMENTS
    ]
    at = [datetime.fromtimestamp(txn.event_time_ms / 1000, UTC) for txn in PAYMENTS]
    transactions = [{**asdict(txn), "event_time": when} for txn, when in zip(PAYMENTS, at, strict=True)]
    labels = [{"transaction_id": "t0", "is_fraud": False, "reported": at[0], "merchant_id": "m-1"}]
    told = {"features": features, "decisions": decisions, "transactions": transactions, "labels": labels}
    for name, rows in told.items():
        (out / name).mkdir()
        pq.write_table(pa.Table.from_pylist(rows), out / name / "part-0.parquet")
    return out


def test_nothing_differs(tmp_path: Path) -> None:
    """What was seen is what is computed; profiles are not compared, and counted."""
    told = skew(archive(tmp_path))
    assert (told.rows, told.differing, told.no_profile) == (3, {}, 3)
    assert list(table(told))[-1] == "no feature differs"


@pytest.mark.parametrize(
    ("name", "marks", "reason"),
    [
        ("count_1h", {"late": "t2"}, LATE),
        ("count_1h", {"behind": "t2"}, OUT_OF_ORDER),
        ("count_1h", {"behind": "t1"}, AFTER),
        ("merchant_count_1d", {}, LABEL),
        ("count_1h", {}, OTHER),
    ],
)
def test_why_a_feature_differs(tmp_path: Path, name: str, marks: dict[str, str], reason: str) -> None:
    """The marks of the decision, or of one before it, say why; without any it is unexplained."""
    told = skew(archive(tmp_path, changed={name: 99}, **marks))
    assert told.differing == {name: {reason: 1}}
    assert told.unexplained == (reason == OTHER)
    assert name in list(table(told))[-1]


def test_the_command_fails_on_what_is_unexplained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 is for a difference without a reason, and for a folder that is none of a run."""
    assert main(["features", "skew", "--run", str(archive(tmp_path, changed={"count_1h": 99}))]) == 1
    assert "count_1h" in capsys.readouterr().out
    assert main(["features", "skew", "--run", str(tmp_path / "nowhere")]) == 1
    with pytest.raises(ConfigurationError, match="decisions"):
        skew(tmp_path / "nowhere")

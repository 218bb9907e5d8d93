"""A feature that is added to the catalogue is everywhere, and nothing else was changed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
ENTRY = "  - {name: device_count_2d, entity: device, aggregate: count, window: 2d}\n"
LOOK = """
from pathlib import Path
import pyarrow.parquet as pq
from flink_app.job import STAGES
from local.training import main
from tests.builders import raw_json
from tests.fakes import Bench
from udfs.operators import columns
from udfs.rules.check import check_condition

assert [stage.name for stage in STAGES] == ["merchant", "device"], "a stage of its own"
assert "device_count_2d" in {column.name for column in columns.DECIDED}, "a column of the archive"
check_condition("device_count_2d > 3")
bench = Bench()
bench.send(raw_json())
bench.scores.answer()
bench.advance(10)
assert "device_count_2d" in bench.decided[0], "a decision's snapshot"
arguments = ["--data", "data.csv", "--mapping", "mine.yaml", "--out", "out"]
assert main(arguments) == 0
table = pq.read_table("out/features/part-0.parquet")
assert table.column("device_count_2d").to_pylist() == [1, 2, 2], table
"""
MAPPING = """
transactions:
  transaction_id: id
  account_id: account
  event_time: at
  amount: amount
  device_id: device
  currency: {constant: EUR}
"""
ROWS = """id,account,at,amount,device
1,a,2024-01-01T00:00:00Z,1.10,d
2,b,2024-01-02T00:00:00Z,2,d
3,b,2024-01-03T12:00:00Z,2,d
"""


def test_an_entry_is_a_feature_everywhere(tmp_path: Path) -> None:
    """A copy of the project with one entry more decides, archives and trains with that feature."""
    for package in ("flink_app", "udfs", "schemas", "local", "tests"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "e2e")
        )
    with (tmp_path / "udfs/features/catalogue.yaml").open("a") as catalogue:
        catalogue.write(ENTRY)
    (tmp_path / "data.csv").write_text(ROWS)
    (tmp_path / "mine.yaml").write_text(MAPPING)
    look = [sys.executable, "-c", LOOK]
    done = subprocess.run(look, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr

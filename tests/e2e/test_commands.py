"""What a newcomer types, as a process of its own: exit codes, and nothing but what they should see."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest

from local.ports import free_ports, variable
from local.services.pids import OsProcesses, Pids

pytestmark = pytest.mark.e2e

PROJECT = Path(__file__).parents[2]


def local(run_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command behind a target of the Makefile, in a run folder and on ports of its own."""
    ports = {variable(name): str(number) for name, number in asdict(free_ports()).items()}
    return subprocess.run(
        [sys.executable, "-m", "local", *words],
        cwd=PROJECT,
        env={**os.environ, **ports, "FRAUDSTREAM_RUN_DIR": str(run_dir)},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def test_a_short_run_ends_well(tmp_path: Path) -> None:
    """`run` streams, sums up, exits with 0 without a stack trace, and leaves nothing running."""
    out = tmp_path / "out"
    answer = local(tmp_path / "run", "run", "--seconds", "5", "--rate", "100", "--out", str(out))
    assert answer.returncode == 0, answer.stderr[-2000:]
    assert "Traceback" not in answer.stdout + answer.stderr
    assert "Alerts by rule" in answer.stdout
    summary = orjson.loads((out / "summary.json").read_bytes())
    assert summary["decisions"] == summary["transactions"] > 400
    pids = Pids(tmp_path / "run" / "pids.json", OsProcesses())
    assert not any(pids.alive(name) for name in pids.services())


@pytest.mark.parametrize(
    ("words", "saying"),
    [
        (["replay", "--data", "nowhere.csv", "--mapping", "handbook"], "nowhere.csv"),
        (["replay", "--data", "README.md", "--mapping", "nobodys"], "nobodys"),
    ],
)
def test_a_file_that_cant_be_read_is_told_at_once(tmp_path: Path, words: list[str], saying: str) -> None:
    """A missing file or mapping is one message that names it, exit code 1, before anything is started."""
    answer = local(tmp_path, *words)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert saying in answer.stderr
    assert not (tmp_path / "pids.json").exists()

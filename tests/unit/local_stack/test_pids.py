"""Which process is which service, and that no other one is ever signalled."""

import signal
from pathlib import Path

import pytest

from local.services.pids import Pids, Record

pytestmark = pytest.mark.unit


class Table:
    """A process table that a test fills."""

    def __init__(self, **began: str) -> None:
        """A table with the processes that *began*, as `pid7="monday"`."""
        self.processes = {int(pid.removeprefix("pid")): when for pid, when in began.items()}
        self.signals: list[tuple[int, signal.Signals]] = []

    def began(self, pid: int) -> str | None:
        """When *pid* began, if it runs."""
        return self.processes.get(pid)

    def signal_group(self, pid: int, number: signal.Signals) -> None:
        """The signal is noted."""
        self.signals.append((pid, number))


def test_a_process_on_record_is_alive(tmp_path: Path) -> None:
    """A process that was added and still runs is alive."""
    pids = Pids(tmp_path / "pids.json", Table(pid7="monday"))
    pids.add("kafka", 7)
    assert pids.alive("kafka") == Record(7, "monday")


def test_another_command_sees_the_record(tmp_path: Path) -> None:
    """What one command adds, another one finds."""
    table = Table(pid7="monday")
    Pids(tmp_path / "pids.json", table).add("kafka", 7)
    later = Pids(tmp_path / "pids.json", table)
    later.signal("kafka", signal.SIGTERM)
    assert table.signals == [(7, signal.SIGTERM)]


def test_an_ended_process(tmp_path: Path) -> None:
    """A process that has ended is not alive and is not signalled."""
    table = Table(pid7="monday")
    pids = Pids(tmp_path / "pids.json", table)
    pids.add("kafka", 7)
    del table.processes[7]
    pids.signal("kafka", signal.SIGKILL)
    assert pids.alive("kafka") is None
    assert table.signals == []


def test_a_recycled_pid(tmp_path: Path) -> None:
    """A later process with the same pid is not taken for the service and is never signalled."""
    table = Table(pid7="monday")
    pids = Pids(tmp_path / "pids.json", table)
    pids.add("kafka", 7)
    table.processes[7] = "tuesday"
    pids.signal("kafka", signal.SIGKILL)
    assert pids.alive("kafka") is None
    assert table.signals == []


def test_a_process_that_is_gone_at_once(tmp_path: Path) -> None:
    """A process that ended before it could be recorded leaves no record."""
    pids = Pids(tmp_path / "pids.json", Table())
    pids.add("kafka", 7)
    assert pids.services() == ()


def test_a_restart_replaces(tmp_path: Path) -> None:
    """A service has one record, of its latest process."""
    pids = Pids(tmp_path / "pids.json", Table(pid7="monday", pid8="tuesday"))
    pids.add("kafka", 7)
    pids.add("kafka", 8)
    assert pids.services() == ("kafka",)
    assert pids.alive("kafka") == Record(8, "tuesday")


def test_forget_one(tmp_path: Path) -> None:
    """A service that is forgotten leaves the records of others alone; forgetting twice is no fault."""
    pids = Pids(tmp_path / "pids.json", Table(pid7="monday", pid8="tuesday"))
    pids.add("kafka", 7)
    pids.add("s3", 8)
    pids.forget("kafka")
    pids.forget("kafka")
    assert pids.services() == ("s3",)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kafka": 7}', '{"kafka": {"pid": 7}}'])
def test_a_damaged_file(tmp_path: Path, text: str) -> None:
    """A file that is no record of processes counts as none."""
    (tmp_path / "pids.json").write_text(text)
    pids = Pids(tmp_path / "pids.json", Table(pid7="monday"))
    assert pids.services() == ()

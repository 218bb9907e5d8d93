"""Starts that must fail: one message that says what to do, an exit code, and nothing left running."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from local import artifacts, job, session
from local.errors import StackError
from local.flink_files import JobPlan
from local.ports import Ports, free_ports, variable
from local.stack import Stack

pytestmark = pytest.mark.e2e

WRONG = JobPlan(properties={"order": {"wait": "nope"}, "score": {"dead.line": "7"}})


def quiet(_line: str) -> None:
    """A terminal that nobody watches."""


def command(word: str, run: Path, ports: Ports, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of the Makefile, run to its end as a person would."""
    moved = {variable(name): str(port) for name, port in asdict(ports).items()}
    return subprocess.run(
        [sys.executable, "-m", "local", word],
        cwd=artifacts.PROJECT,
        env={**os.environ, **moved, "FRAUDSTREAM_RUN_DIR": str(run), **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def told(ended: subprocess.CompletedProcess[str]) -> str:
    """What a failed command said was wrong; the one message, with no stack trace before or after it."""
    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    before, _, message = ended.stderr.partition("error: ")
    assert all(line.startswith(("starting", "waiting")) for line in before.splitlines())
    assert "error: " not in message
    return message


def test_a_wrong_setting(tmp_path: Path) -> None:
    """Wrong settings end the start with all their faults, before any service is started."""
    ports = free_ports()
    (tmp_path / "job.json").write_text(
        '{"properties": {"order": {"wait": "nope"}, "score": {"dead.line": "7"}}}'
    )
    message = told(command("up", tmp_path, ports))
    assert "order/wait: found 'nope', expected one of none, watermark" in message
    assert "score/dead.line: found an unknown name" in message
    assert "mend each line and start again" in message
    assert Stack(tmp_path, ports, say=quiet).running() == ()


def test_a_wrong_setting_erases_nothing(tmp_path: Path) -> None:
    """A plan with wrong settings is refused before the data of the last run is erased."""
    stack = Stack(tmp_path, free_ports(), say=quiet)
    kept = tmp_path / "data" / "kafka" / "kept"
    kept.parent.mkdir(parents=True)
    kept.touch()
    with pytest.raises(StackError, match="order/wait"):
        session.begin_anew(stack, WRONG)
    assert kept.exists()
    assert stack.running() == ()
    assert job.kept_plan(tmp_path) == JobPlan()


def test_the_jobs_port_is_taken(tmp_path: Path) -> None:
    """A taken port of the job itself is named, with the variable that moves it; the services are stopped."""
    ports = free_ports()
    with socket.create_server(("127.0.0.1", ports.rest)):
        message = told(command("run", tmp_path, ports))
    assert message.count("\n") == 1
    assert f"job can't start: port {ports.rest} is taken by " in message
    assert f"(pid {os.getpid()})" in message
    assert "FRAUDSTREAM_REST_PORT=<port>" in message
    assert Stack(tmp_path, ports, say=quiet).running() == ()


@pytest.mark.parametrize("word", ["run", "up"])
def test_no_java(tmp_path: Path, word: str) -> None:
    """Without Java, `run` and `up` say in one line what to install."""
    ports = free_ports()
    message = told(command(word, tmp_path, ports, PATH=str(tmp_path), JAVA_HOME=""))
    assert message.count("\n") == 1
    assert "Install a JDK, version 17" in message
    assert Stack(tmp_path, ports, say=quiet).running() == ()

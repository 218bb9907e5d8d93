"""What our own containers run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import yaml

from flink_app.settings import Engine, load_settings
from local import flink_files, job
from local.containers import carry, main, prepare_job
from local.flink_files import JobPlan
from local.ports import Ports
from local.services import Places
from local.setup_ends import BUCKET

pytestmark = pytest.mark.unit


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """An empty run folder, and jars of which none are there."""
    return Places(run=tmp_path / "run", jars=tmp_path / "jars", ports=Ports())


class Target:
    """What was written, and whether the end was told."""

    def __init__(self) -> None:
        self.text = b""
        self.ended = False

    def write(self, chunk: bytes) -> None:
        self.text += chunk

    async def drain(self) -> None:
        """All of it is on its way at once."""

    def write_eof(self) -> None:
        self.ended = True


async def carried(text: bytes) -> Target:
    """The target after all of *text* came from a source that then ended."""
    source, target = asyncio.StreamReader(), Target()
    source.feed_data(text)
    source.feed_eof()
    await carry(source, target)  # type: ignore[arg-type]
    return target


@pytest.mark.parametrize("size", [0, 1, 65_536, 200_000])
def test_the_door_carries_all(size: int) -> None:
    """What comes in at the door goes on whole and in order, and so does the end of it."""
    text = bytes(number % 251 for number in range(size))
    target = asyncio.run(carried(text))
    assert (target.text, target.ended) == (text, True)


def test_the_job_is_the_stacks(places: Places) -> None:
    """The job has the command, the environment and the files of the stack without containers."""
    plan = JobPlan()
    assert prepare_job(places).command == job.job(places, plan).command
    assert prepare_job(places).environment == job.job(places, plan).environment
    for path, text in flink_files.files(places, plan):
        assert path.read_text() == text


def test_flink_is_configured_as_on_msf(places: Places) -> None:
    """Flink finds RocksDB, and checkpoints and temporary files in the folder that is kept."""
    prepare_job(places)
    flink = yaml.safe_load(places.settings("flink/config.yaml").read_text())
    assert flink["state.backend.type"] == "rocksdb"
    assert flink["parallelism.default"] == 1
    assert flink["execution.checkpointing.dir"] == (places.run / "checkpoints").as_uri()
    assert flink["io.tmp.dirs"] == str(places.run / "tmp")
    assert flink["s3.endpoint"] == places.ports.endpoints()["s3"]


def test_the_job_takes_its_settings(places: Places) -> None:
    """The job's own settings are whole: thread mode, and the addresses of the stack."""
    prepare_job(places)
    settings = load_settings(places.settings("application_properties.json"))
    assert settings.engine == Engine()
    assert settings.engine.execution_mode == "thread"
    assert settings.kafka.bootstrap_servers == places.ports.endpoints()["kafka"]
    assert settings.archive.path.startswith(f"s3://{BUCKET}/")


def test_the_job_goes_on(places: Places) -> None:
    """After an earlier run, the job keeps its plan and begins from the newest checkpoint."""
    job.keep_plan(places.run, JobPlan(parallelism=2))
    checkpoint = places.run / "checkpoints" / "0123" / "chk-7"
    checkpoint.mkdir(parents=True)
    (checkpoint / "_metadata").touch()
    command = prepare_job(places).command
    assert command[command.index("-s") + 1] == checkpoint.as_uri()
    assert json.loads((places.run / "job.json").read_text())["parallelism"] == 2


def test_another_word_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A word that is none of the four is answered with the four."""
    assert main(["windows"]) == 2
    assert "door|setup|job|health" in capsys.readouterr().err

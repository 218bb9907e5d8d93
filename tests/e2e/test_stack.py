"""The local stack: started, killed, asked the impossible, interrupted, and stopped."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from local import artifacts
from local.errors import JarsUnresolved, JavaMissing, JavaTooOld, MavenMissing, PortTaken, ServiceDied
from local.ports import Ports, free_ports
from local.services.java import find_java
from local.services.pids import OsProcesses, Pids
from local.setup_ends import BUCKET, client, create_ends
from local.stack import NAMES, Stack

pytestmark = pytest.mark.e2e


def quiet(_line: str) -> None:
    """A terminal that nobody watches."""


@contextmanager
def own_stack(run: Path) -> Iterator[Stack]:
    """A stack on free ports that is not started yet, and is stopped whatever happens."""
    stack = Stack(run, free_ports(), say=quiet)
    try:
        yield stack
    finally:
        stack.stop()


def tool(folder: Path, name: str, script: str) -> dict[str, str]:
    """An environment whose first *name* on PATH does what *script* says."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def command(run: Path, ports: Ports, **environment: str) -> "subprocess.Popen[str]":
    """The stack's start command, run as a person would."""
    names = ("kafka", "controller", "dynamodb", "s3", "sagemaker")
    moved = {f"FRAUDSTREAM_{name.upper()}_PORT": str(getattr(ports, name)) for name in names}
    return subprocess.Popen(
        [sys.executable, "-m", "local.stack", "start"],
        cwd=artifacts.PROJECT,
        env={**os.environ, **moved, "FRAUDSTREAM_RUN_DIR": str(run), **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_data_survives_a_kill(tmp_path: Path) -> None:
    """After SIGKILL of every service, the next start finds what Kafka, DynamoDB and S3 held."""
    with own_stack(tmp_path) as stack:
        stack.start()
        ends = stack.endpoints
        create_ends(ends)
        upload = write_everywhere(ends)
        for name in NAMES:
            stack.kill(name)
        assert stack.running() == ()
        stack.start()
        assert all(stack.health().values())
        create_ends(ends)
        assert read_record(ends["kafka"]) == b"kept"
        item = client("dynamodb", ends["dynamodb"]).get_item(
            TableName="account_state", Key={"account_id": {"S": "a"}}
        )
        assert item["Item"]["version"] == {"N": "7"}
        assert read_objects(ends["s3"], upload) == {"whole": b"kept", "in/parts": b"begun"}
    assert stack.running() == ()


def write_everywhere(ends: dict[str, str]) -> dict[str, str]:
    """Something is in every store; returns what is needed to end a multipart upload that was begun."""
    with closing(KafkaProducer(bootstrap_servers=ends["kafka"])) as producer:
        producer.send("decisions", b"kept", key=b"a", partition=0).get(timeout=30)
    client("dynamodb", ends["dynamodb"]).put_item(
        TableName="account_state", Item={"account_id": {"S": "a"}, "version": {"N": "7"}}
    )
    s3 = client("s3", ends["s3"])
    s3.put_object(Bucket=BUCKET, Key="whole", Body=b"kept")
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="in/parts")["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key="in/parts", UploadId=upload, PartNumber=1, Body=b"begun")
    return {"id": upload, "etag": part["ETag"]}


def read_record(bootstrap: str) -> bytes | None:
    """The value of the first record of `decisions`, partition 0."""
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=30_000)) as consumer:
        partition = TopicPartition("decisions", 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        return next(iter(consumer)).value


def read_objects(endpoint: str, upload: dict[str, str]) -> dict[str, bytes]:
    """Every object by key, after the multipart upload was ended."""
    s3 = client("s3", endpoint)
    s3.complete_multipart_upload(
        Bucket=BUCKET,
        Key="in/parts",
        UploadId=upload["id"],
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": upload["etag"]}]},
    )
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def test_a_taken_port(tmp_path: Path) -> None:
    """A port that is taken ends the start with one line that names port and owner, and nothing runs."""
    ports = free_ports()
    with socket.create_server(("127.0.0.1", ports.s3)), command(tmp_path, ports) as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.count("\n") == 1
    assert f"port {ports.s3} is taken by " in errors
    assert f"(pid {os.getpid()})" in errors
    assert Stack(tmp_path, ports).running() == ()


def test_no_java(tmp_path: Path) -> None:
    """Without Java the start ends with one line that says what to install, and nothing runs."""
    with command(tmp_path, free_ports(), PATH=str(tmp_path), JAVA_HOME="") as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.count("\n") == 1
    assert "Install a JDK, version 17" in errors
    assert not (tmp_path / "pids.json").exists()


def test_wrong_java(tmp_path: Path) -> None:
    """A Java older than 17 is refused by its version."""
    with pytest.raises(JavaTooOld, match="is version 11, 17 or later is needed"):
        find_java(tool(tmp_path, "java", "echo 'openjdk version \"11.0.2\"' >&2"))


def test_broken_java(tmp_path: Path) -> None:
    """A `java` that can't be run counts as none."""
    with pytest.raises(JavaMissing, match="can't be run"):
        find_java(tool(tmp_path, "java", "exit 3"))


def test_a_java_home_that_is_none(tmp_path: Path) -> None:
    """A JAVA_HOME without a Java is named, whatever PATH holds."""
    with pytest.raises(JavaMissing, match=str(tmp_path)):
        find_java({**os.environ, "JAVA_HOME": str(tmp_path)})


def test_no_maven(tmp_path: Path) -> None:
    """Without Maven, jars that are not there yet can't be had, and the message says so."""
    with pytest.raises(MavenMissing, match="Install Maven"):
        artifacts.resolve(quiet, {"PATH": str(tmp_path)}, tmp_path / "jars")


def test_maven_without_network(tmp_path: Path) -> None:
    """When Maven fails, its first error and its whole output can be seen."""
    environment = tool(tmp_path, "mvn", "echo '[ERROR] Unknown host repo'; exit 1")
    with pytest.raises(JarsUnresolved, match="Unknown host repo") as error:
        artifacts.resolve(quiet, environment, tmp_path / "jars")
    assert error.value.log.read_text() == "[ERROR] Unknown host repo\n"


def test_jars_are_resolved_once(tmp_path: Path) -> None:
    """The second start does not run Maven."""
    jars = tmp_path / "jars"
    folders = " ".join(str(jars / module) for module in artifacts.MODULES)
    environment = tool(tmp_path, "mvn", f"mkdir -p {folders}; echo run >> {tmp_path}/runs")
    for _ in range(2):
        artifacts.resolve(quiet, environment, jars)
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_service_that_dies(tmp_path: Path) -> None:
    """When one service can't start, the message names it and its log, and what had started is stopped."""
    data = tmp_path / "data/kafka"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("version=1\ncluster.id=another\nnode.id=99\n")
    with own_stack(tmp_path) as stack:
        with pytest.raises(ServiceDied, match="kafka ended with code") as error:
            stack.start(("sagemaker", "kafka"))
        assert error.value.log == tmp_path / "logs/kafka.log"
        assert stack.running() == ()


def test_an_interrupted_start(tmp_path: Path) -> None:
    """A start that is told to end leaves no process behind."""
    ports = free_ports()
    with command(tmp_path, ports) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("waiting"):
                process.send_signal(signal.SIGTERM)
    assert process.returncode == 130
    assert Stack(tmp_path, ports).running() == ()


def test_another_command_stops_it(tmp_path: Path) -> None:
    """What one command started another one sees and stops, and stopping twice is no fault."""
    with own_stack(tmp_path) as stack:
        stack.start(("sagemaker",))
        other = Stack(tmp_path, free_ports(), say=quiet)
        assert other.running() == ("sagemaker",)
        other.stop()
        other.stop()
        assert stack.running() == ()


def test_a_second_start_keeps_what_runs(tmp_path: Path) -> None:
    """Starting a stack that runs changes no process."""
    with own_stack(tmp_path) as stack:
        pids = Pids(tmp_path / "pids.json", OsProcesses())
        stack.start(("sagemaker",))
        first = pids.alive("sagemaker")
        stack.start(("sagemaker",))
        assert pids.alive("sagemaker") == first


def test_a_port_is_free_again(tmp_path: Path) -> None:
    """A service can be started again where it was stopped a moment ago."""
    with own_stack(tmp_path) as stack:
        for _ in range(2):
            stack.start(("sagemaker",))
            assert stack.health()["sagemaker"]
            stack.stop()
    with pytest.raises(PortTaken), socket.create_server(("127.0.0.1", 0)) as taken:
        Stack(tmp_path, Ports(sagemaker=taken.getsockname()[1]), say=quiet).start(("sagemaker",))

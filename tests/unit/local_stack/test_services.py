"""How services are started, as data."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.ports import Ports
from local.services import Places, Service
from local.services.dynamodb import dynamodb
from local.services.java import major_version
from local.services.kafka import kafka
from local.services.kafka import properties as kafka_properties
from local.services.model import model
from local.services.s3 import properties as s3_properties
from local.services.s3 import s3

pytestmark = pytest.mark.unit

PLACES = Places(
    run=Path("/run/folder"), jars=Path("/jars"), ports=Ports(kafka=1234, controller=1235, s3=1236)
)
SERVICES = (kafka(PLACES, "java"), dynamodb(PLACES, "java"), s3(PLACES, "java"), model(PLACES))


def parsed(text: str) -> dict[str, str]:
    """A properties file as a dict."""
    return dict(line.split("=", 1) for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ('openjdk version "22-ea" 2024-03-19', 22),
        ("command not found", None),
    ],
)
def test_java_versions(text: str, major: int | None) -> None:
    """The major version is read from the old and the new form of Java's version line."""
    assert major_version(text) == major


@pytest.mark.parametrize("service", SERVICES[:3], ids=lambda service: service.name)
def test_data_is_on_disk(service: Service) -> None:
    """Each service that has data keeps it below the run folder, under its own name."""
    assert service.data == Path("/run/folder/data") / service.name


def test_dynamodb_in_memory() -> None:
    """Where what is kept may be lost with its process, DynamoDB Local writes no file."""
    command = dynamodb(replace(PLACES, fleeting=True), "java").command
    assert "-inMemory" in command
    assert "-dbPath" not in command


def test_the_broker_listens_on_loopback() -> None:
    """Both of the broker's listeners are on loopback, on the ports that were asked for."""
    settings = parsed(kafka_properties(PLACES))
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:1234,CONTROLLER://127.0.0.1:1235"
    assert settings["controller.quorum.voters"] == "1@127.0.0.1:1235"


def test_the_broker_makes_no_topics() -> None:
    """A topic that is misspelt is an error, not a new topic."""
    assert parsed(kafka_properties(PLACES))["auto.create.topics.enable"] == "false"


def test_the_broker_is_formatted_once() -> None:
    """The broker's storage is formatted only where no former start left its mark."""
    assert SERVICES[0].first_leaves == Path("/run/folder/data/kafka/meta.properties")


def test_dynamodb_sends_no_telemetry() -> None:
    """DynamoDB Local reports to nobody."""
    assert "-disableTelemetry" in SERVICES[1].command


def test_the_s3_server_listens_on_loopback() -> None:
    """The S3 server listens on loopback, on the port that was asked for."""
    assert parsed(s3_properties(PLACES))["s3proxy.endpoint"] == "http://127.0.0.1:1236"


def test_the_model_server_runs_in_this_python() -> None:
    """The model server runs with the interpreter that has what it needs."""
    assert SERVICES[3].command[0] == sys.executable

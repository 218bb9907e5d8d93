"""The stack in containers is the stack without them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from local.artifacts import POM
from local.ports import Ports
from local.services import Places
from local.services.dynamodb import dynamodb
from local.services.java import OLDEST
from local.services.kafka import CLUSTER_ID, HEAP
from local.services.kafka import properties as kafka_properties
from local.services.model import model
from local.services.s3 import properties as s3_properties
from local.services.s3 import s3
from local.setup_ends import LOCAL_KEY
from local.stack import NAMES

pytestmark = pytest.mark.unit

PROJECT = Path(__file__).parents[3]
COMPOSE = PROJECT / "local" / "docker-compose.yml"
DOCKERFILE = (PROJECT / "local" / "Dockerfile").read_text()
STACK: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
OURS = {name for name, service in SERVICES.items() if "build" in service}
PORTS = Ports()
PLACES = Places(run=Path("/run/folder"), jars=Path("/jars"), ports=PORTS)

# service: where its image keeps data, which is elsewhere than without containers
DATA = {"kafka": "/var/lib/kafka/data", "dynamodb": "/var/lib/dynamodb", "s3": "/data"}


def faults_of(path: Path) -> str:
    """What the compose specification's own schema finds wrong with the file at *path*."""
    arguments = ["--builtin-schema", "vendor.compose-spec", "--verbose", str(path)]
    result = CliRunner().invoke(check_jsonschema, arguments)
    return "" if result.exit_code == 0 else result.output


def parsed(text: str) -> dict[str, str]:
    """A properties file as a dict."""
    return dict(line.split("=", 1) for line in text.splitlines())


def as_variables(properties: dict[str, str]) -> dict[str, str]:
    """Properties in the names that the images take from the environment."""
    return {re.sub(r"[.-]", "_", name).upper(): value for name, value in properties.items()}


def one_shots() -> set[str]:
    """The services that another one waits for to end."""
    waits = [wait for service in SERVICES.values() for wait in service.get("depends_on", {}).items()]
    return {name for name, wait in waits if wait["condition"] == "service_completed_successfully"}


def version_in_pom(module: str, artifact: str) -> str:
    """The version of *artifact* in the pom of *module*."""
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    pom = ET.parse(POM.parent / "jars" / module / "pom.xml")
    found = pom.find(f".//m:dependency[m:artifactId='{artifact}']/m:version", space)
    assert found is not None
    return str(found.text)


def test_the_file_is_what_the_specification_asks_for() -> None:
    """The compose specification's schema finds no fault."""
    assert faults_of(COMPOSE) == ""


def test_the_schema_finds_faults(tmp_path: Path) -> None:
    """The same check refuses a file with a key that the specification does not know."""
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(COMPOSE.read_text().replace("healthcheck:", "healthcheque:", 1))
    assert "healthcheque" in faults_of(wrong)


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    """Each image has a tag that is a version."""
    assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+", SERVICES[name]["image"])


@pytest.mark.parametrize("image", re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))
def test_images_built_upon_are_pinned(image: str) -> None:
    """Each image that ours is made from has a tag that begins with a version."""
    assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+[\w-]*", image)


@pytest.mark.parametrize(
    ("name", "module", "artifact"),
    [("kafka", "kafka", "kafka_2.13"), ("dynamodb", "dynamodb", "DynamoDBLocal"), ("s3", "s3", "s3proxy")],
)
def test_versions_are_those_of_the_jars(name: str, module: str, artifact: str) -> None:
    """A service has the same version in a container as from its jar."""
    assert SERVICES[name]["image"].rpartition(":")[2] == version_in_pom(module, artifact)


def test_our_image_has_the_projects_version() -> None:
    """The image of the job is named for the version in `setup.py`."""
    version = re.search(r'version="(.+?)"', (PROJECT / "setup.py").read_text())
    assert version is not None
    assert {SERVICES[name]["image"] for name in OURS} == {f"fraudstream-local:{version[1]}"}


def test_our_image_has_the_projects_python_and_java() -> None:
    """The image has the Python that types are checked for, and the oldest Java that will do: MSF's."""
    python = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["mypy"]["python_version"]
    assert set(re.findall(r"python:(\d+\.\d+)", DOCKERFILE)) == {python}
    assert set(re.findall(r"temurin[:-](\d+)", DOCKERFILE)) == {str(OLDEST)}


def test_our_image_is_made_from_the_lock() -> None:
    """Flink and all other libraries come from the job's lock, with hashes."""
    assert "pip install --no-cache-dir --require-hashes -r job.txt" in DOCKERFILE
    assert "apache-flink==2.2.0" in (PROJECT / "requirements" / "job.txt").read_text()


def test_nothing_but_the_code_is_in_our_image() -> None:
    """The build takes every folder that the image copies, and nothing that is not named."""
    asked = set(re.findall(r"^COPY (?!--)(\S+)", DOCKERFILE, re.MULTILINE))
    everything, *excepted = (PROJECT / "local" / "Dockerfile.dockerignore").read_text().splitlines()
    taken = {line.removeprefix("!") for line in excepted if line.startswith("!")}
    assert everything == "*"
    assert {path for path in asked if not any(path.startswith(name) for name in taken)} == set()


def test_the_services_are_those_of_the_stack() -> None:
    """There are the stack's services, the job, and what only containers need."""
    assert set(SERVICES) == {*NAMES, "job", "door", "setup"}


def test_each_answers_or_ends() -> None:
    """Each service has a health check, but for the one that ends when its work is done."""
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == one_shots()


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"door"}))
def test_nobody_starts_too_early(name: str) -> None:
    """A service waits until those that it needs are well, or have ended well."""
    for needed, wait in SERVICES[name]["depends_on"].items():
        expected = "service_completed_successfully" if needed in one_shots() else "service_healthy"
        assert wait == {"condition": expected}


def test_the_job_waits_for_all() -> None:
    """The job starts when all services of the stack answer and its topics, tables and bucket exist."""
    setup, job = (set(SERVICES[name]["depends_on"]) for name in ("setup", "job"))
    assert setup | job == {*NAMES, "setup"}


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"door"}))
def test_all_share_one_network(name: str) -> None:
    """Each service is in the door's network, so that loopback is the same place for all."""
    assert SERVICES[name]["network_mode"] == "service:door"


def test_the_addresses_are_those_of_the_stack() -> None:
    """From outside, loopback only, each service has the port that it has without containers."""
    reached = {getattr(PORTS, name) for name in (*NAMES, "rest")}
    assert set(SERVICES["door"]["ports"]) == {f"127.0.0.1:{port}:{port}" for port in reached}


def test_the_broker_has_the_stacks_settings() -> None:
    """The broker has every setting that it has without containers, and no other."""
    expected = parsed(kafka_properties(PLACES)) | {"log.dirs": DATA["kafka"]}
    heap = " ".join(flag for flag in HEAP if flag.startswith("-Xm"))
    assert SERVICES["kafka"]["environment"] == {
        **{f"KAFKA_{name}": value for name, value in as_variables(expected).items()},
        "CLUSTER_ID": CLUSTER_ID,
        "KAFKA_HEAP_OPTS": heap,
    }


def test_the_s3_server_has_the_stacks_settings() -> None:
    """The S3 server has every setting and JVM option that it has without containers, and no other."""
    expected = parsed(s3_properties(PLACES)) | {"jclouds.filesystem.basedir": DATA["s3"]}
    options = [flag for flag in s3(PLACES, "java").command if flag.startswith("-X")]
    assert SERVICES["s3"]["environment"] == {
        **as_variables(expected),
        "S3PROXY_JAVA_OPTS": " ".join(options),
    }


def test_dynamodb_has_the_stacks_options() -> None:
    """DynamoDB Local has the options that it has without containers."""
    command = dynamodb(PLACES, "java").command
    jvm = [flag for flag in command if flag.startswith("-X")]
    own = command[command.index("-port") :]
    expected = [DATA["dynamodb"] if word == str(PLACES.data("dynamodb")) else word for word in own]
    assert SERVICES["dynamodb"]["command"] == [*jvm, "-jar", "DynamoDBLocal.jar", *expected]


def test_the_model_server_is_the_stacks() -> None:
    """The model server is started as it is without containers."""
    assert SERVICES["sagemaker"]["command"] == ["python", *model(PLACES).command[1:]]


@pytest.mark.parametrize("name", [*NAMES, "door"])
def test_health_is_asked_at_the_right_port(name: str) -> None:
    """A health check speaks to a port of the service that it is of."""
    port = PORTS.rest if name == "door" else getattr(PORTS, name)
    assert str(port) in " ".join(SERVICES[name]["healthcheck"]["test"])


def test_data_survives() -> None:
    """Whoever keeps data keeps it in a named volume: the stores where they write, the job its run folder."""
    run = re.search(r"FRAUDSTREAM_RUN_DIR=(\S+)", DOCKERFILE)
    assert run is not None
    mounted = {name: service["volumes"] for name, service in SERVICES.items() if "volumes" in service}
    assert mounted == {
        **{name: [f"{name}:{folder}"] for name, folder in DATA.items()},
        "job": [f"run:{run[1]}"],
    }
    assert set(STACK["volumes"]) == {"kafka", "dynamodb", "s3", "run"}


def test_there_are_no_secrets() -> None:
    """Whatever is named like a secret is the key that every local service takes."""
    named = {
        name: value
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if re.search(r"KEY|SECRET|CREDENTIAL|IDENTITY|PASSWORD|TOKEN", name)
    }
    assert set(named.values()) == {LOCAL_KEY}
    assert "secrets" not in STACK

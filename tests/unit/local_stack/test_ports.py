"""Where the services listen, and what is said when they can't."""

from pathlib import Path

import pytest

from local.errors import BadPort, PortTaken
from local.ports import Ports, free_ports, from_environment, owner_of

pytestmark = pytest.mark.unit

# sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode; 0x4A94 = 19092
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:4A94 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 4711 1
"""


def proc_with(root: Path, *, state: str, inode: str) -> Path:
    """A /proc with one connection in *state*, and one process that holds the socket *inode*."""
    (root / "net").mkdir()
    (root / "net/tcp").write_text(TCP.format(state=state))
    (root / "321/fd").mkdir(parents=True)
    (root / "321/comm").write_text("java\n")
    (root / "321/fd/7").symlink_to(f"socket:[{inode}]")
    return root


def test_defaults() -> None:
    """Without overrides the endpoints are the documented ones."""
    assert from_environment({}).endpoints() == {
        "kafka": "127.0.0.1:19092",
        "dynamodb": "http://127.0.0.1:18000",
        "s3": "http://127.0.0.1:19000",
        "sagemaker": "http://127.0.0.1:18080",
    }


def test_override() -> None:
    """One override moves one service and leaves the others."""
    assert from_environment({"FRAUDSTREAM_S3_PORT": "20000"}) == Ports(s3=20000)


def test_an_empty_override_is_none() -> None:
    """A variable that is set to nothing counts as not set."""
    assert from_environment({"FRAUDSTREAM_KAFKA_PORT": ""}) == Ports()


@pytest.mark.parametrize("text", ["80", "1023", "65536", "abc", "-1", "19_092", " 19092", "19092.0", "²"])
def test_no_port(text: str) -> None:
    """What is no port from 1024 to 65535 is refused, and the message names variable and value."""
    with pytest.raises(BadPort, match=r"FRAUDSTREAM_KAFKA_PORT.*expected a port") as error:
        from_environment({"FRAUDSTREAM_KAFKA_PORT": text})
    assert repr(text) in str(error.value)


@pytest.mark.parametrize("text", ["1024", "65535"])
def test_the_limits_are_ports(text: str) -> None:
    """The first and the last port that are allowed are taken."""
    assert from_environment({"FRAUDSTREAM_DYNAMODB_PORT": text}).dynamodb == int(text)


def test_two_services_on_one_port() -> None:
    """An override that meets another service's port is refused."""
    with pytest.raises(BadPort):
        from_environment({"FRAUDSTREAM_S3_PORT": "19092"})


def test_free_ports_differ() -> None:
    """Ports chosen for a test are all different."""
    ports = free_ports()
    assert len({ports.kafka, ports.controller, ports.dynamodb, ports.s3, ports.sagemaker}) == 5


def test_the_owner_of_a_port(tmp_path: Path) -> None:
    """The process that listens on a port is told by name and pid."""
    assert owner_of(19092, proc_with(tmp_path, state="0A", inode="4711")) == "java (pid 321)"


def test_a_connection_is_no_owner(tmp_path: Path) -> None:
    """A process that is only connected from a port does not own it."""
    assert owner_of(19092, proc_with(tmp_path, state="01", inode="4711")) is None


def test_another_users_socket(tmp_path: Path) -> None:
    """Where no process shows the socket, the owner is unknown."""
    assert owner_of(19092, proc_with(tmp_path, state="0A", inode="1")) is None


def test_no_proc(tmp_path: Path) -> None:
    """Without /proc the owner is unknown."""
    assert owner_of(19092, tmp_path) is None


def test_a_taken_port_says_what_to_do() -> None:
    """The message names service, port, owner and the variable that moves the service."""
    text = str(PortTaken("s3", 19000, "java (pid 321)", "FRAUDSTREAM_S3_PORT"))
    assert text == (
        "s3 can't start: port 19000 is taken by java (pid 321). "
        "Stop that process, or choose another port with FRAUDSTREAM_S3_PORT=<port>."
    )

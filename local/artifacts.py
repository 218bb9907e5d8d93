"""
The jars of the services and of the job, resolved once from pinned poms.

They rest in the project's `.run/jars/<module>`, whichever run folder a stack has. A
marker file with the hash of the poms says that they are all there: the next start
reads it and costs nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.errors import JarsUnresolved, MavenMissing, last_line

PROJECT = Path(__file__).parents[1]
POM = PROJECT / "local" / "pom.xml"
JARS = PROJECT / ".run" / "jars"
MODULES = ("kafka", "dynamodb", "s3", "flink", "flink-s3")
MARKER = ".resolved"


def resolve(
    say: Callable[[str], None], environment: Mapping[str, str] = os.environ, jars: Path = JARS
) -> Path:
    """
    Every module's jars are in *jars*/<module>, of the versions in the poms.

    Two callers at once wait for each other. Takes 5 s from Maven's own cache, a
    minute from the network, nothing when they are there already.

    Raises:
        MavenMissing: If they must be resolved and there is no `mvn` on PATH.
        JarsUnresolved: If Maven fails; its output is in *jars*/maven.log.
    """
    with _alone(jars):
        wanted = fingerprint(POM)
        if not _resolved(jars, wanted):
            _copy(jars, environment, say)
            (jars / MARKER).write_text(wanted)
    return jars


def flink_plugins(jars: Path = JARS) -> Path:
    """
    A folder for FLINK_PLUGINS_DIR that holds the S3 file system.

    Flink wants a folder a plugin below it, so it is one with a link.
    """
    link = jars / "plugins" / "s3"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(Path("..", "flink-s3"))
    return link.parent


def job_jars(jars: Path = JARS) -> list[Path]:
    """The jars that the job adds to Flink's class path: the Kafka connector and Parquet."""
    return sorted((jars / "flink").glob("*.jar"))


def fingerprint(pom: Path) -> str:
    """A hash that changes when *pom* or the pom of a module does."""
    digest = hashlib.sha256()
    for path in (pom, *(pom.parent / "jars" / module / "pom.xml" for module in MODULES)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _resolved(jars: Path, wanted: str) -> bool:
    marker = jars / MARKER
    complete = all((jars / module).is_dir() for module in MODULES)
    return complete and marker.exists() and marker.read_text() == wanted


def _copy(jars: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
    maven = shutil.which("mvn", path=environment.get("PATH", ""))
    if maven is None:
        raise MavenMissing
    say("resolving the services' jars with Maven (once; up to a few minutes on a new machine)")
    for module in MODULES:
        shutil.rmtree(jars / module, ignore_errors=True)
    log = jars / "maven.log"
    if _maven(maven, jars, log, environment) != 0:
        raise JarsUnresolved(log, _first_error(log))


def _maven(maven: str, jars: Path, log: Path, environment: Mapping[str, str]) -> int:
    command = [maven, "-q", "-B", "-T", "2", "-f", str(POM), f"-Djars.dir={jars}"]
    with log.open("wb") as output:
        return subprocess.run(
            [*command, "dependency:copy-dependencies"],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            env=dict(environment),
        ).returncode


def _first_error(log: Path) -> str:
    errors = [line.strip() for line in log.read_text(errors="replace").splitlines() if "ERROR" in line]
    return errors[0] if errors else last_line(log)


@contextmanager
def _alone(jars: Path) -> Iterator[None]:
    jars.mkdir(parents=True, exist_ok=True)
    with (jars / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

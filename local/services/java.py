"""A Java that is there and new enough, and the command lines made with it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.errors import JavaMissing, JavaTooOld

OLDEST = 17  # Managed Service for Apache Flink runs 2.2 on 17; DynamoDB Local 2.6 refuses less
VERSION = re.compile(r'version "(?P<major>\d+)(?:\.(?P<minor>\d+))?[^"]*"')


def find_java(environment: Mapping[str, str]) -> str:
    """
    The path of a `java` of version 17 or later: JAVA_HOME's, else the first on PATH.

    Raises:
        JavaMissing: If there is none, or it can't be run.
        JavaTooOld: If it is older.
    """
    home = environment.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java", path=environment.get("PATH", ""))
    if java is None:
        raise JavaMissing("PATH has none")
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise JavaMissing(f"{java} can't be run") from error
    return _new_enough(java, answer.stderr)


def major_version(text: str) -> int | None:
    """The major version that `java -version` tells in *text*: 8 for "1.8.0_392", 17 for "17.0.15"."""
    found = VERSION.search(text)
    if found is None:
        return None
    major = int(found["major"])
    return int(found["minor"] or 0) if major == 1 else major


def _new_enough(java: str, text: str) -> str:
    major = major_version(text)
    if major is None or major < OLDEST:
        raise JavaTooOld(java, "unknown" if major is None else str(major))
    return java

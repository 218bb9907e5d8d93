"""
What can go wrong with the local stack, each with what to do about it.

* StackError           the stack is not up; the message says what to do
  + BadPort            + PortTaken
  + JavaMissing        + JavaTooOld
  + MavenMissing       + JarsUnresolved
  + ServiceDied        + ServiceLate       + StackRunning

Errors take facts and write their own sentence.
"""

from __future__ import annotations

from pathlib import Path


class StackError(Exception):
    """The local stack can't do what it was asked; the message is all a person needs."""


class BadPort(StackError):
    """An environment variable holds something that is no free-standing port."""

    def __init__(self, variable: str, found: str) -> None:
        super().__init__(variable, found)
        self.variable, self.found = variable, found

    def __str__(self) -> str:
        return f"{self.variable}: found {self.found!r}, expected a port from 1024 to 65535, unlike the others"


class PortTaken(StackError):
    """Somebody else listens where *service* should."""

    def __init__(self, service: str, port: int, owner: str | None, variable: str) -> None:
        super().__init__(service, port, owner, variable)
        self.service, self.port, self.owner, self.variable = service, port, owner, variable

    def __str__(self) -> str:
        by = f" by {self.owner}" if self.owner else ""
        return (
            f"{self.service} can't start: port {self.port} is taken{by}. "
            f"Stop that process, or choose another port with {self.variable}=<port>."
        )


class JavaMissing(StackError):
    """No Java could be found at *looked*."""

    def __init__(self, looked: str) -> None:
        super().__init__(looked)
        self.looked = looked

    def __str__(self) -> str:
        return (
            f"Java not found ({self.looked}). Install a JDK, version 17, "
            "and put `java` on PATH or set JAVA_HOME."
        )


class JavaTooOld(StackError):
    """The Java that was found is older than 17."""

    def __init__(self, java: str, found: str) -> None:
        super().__init__(java, found)
        self.java, self.found = java, found

    def __str__(self) -> str:
        return (
            f"wrong Java: {self.java} is version {self.found}, 17 or later is needed. "
            "Put a JDK 17 first on PATH or set JAVA_HOME to it."
        )


class MavenMissing(StackError):
    """Jars have to be resolved and there is no `mvn`."""

    def __str__(self) -> str:
        return (
            "Maven not found: the services' jars are resolved with it. Install Maven and put `mvn` on PATH."
        )


class JarsUnresolved(StackError):
    """Maven ended without all the jars."""

    def __init__(self, log: Path, last: str) -> None:
        super().__init__(log, last)
        self.log, self.last = log, last

    def __str__(self) -> str:
        return (
            f"Maven could not resolve the jars: {self.last} (all of it: {self.log}). "
            "The first start needs Maven Central or a mirror of it; see to the network and start again."
        )


class ServiceDied(StackError):
    """A service's process ended before it answered."""

    def __init__(self, service: str, code: int, log: Path, last: str) -> None:
        super().__init__(service, code, log, last)
        self.service, self.code, self.log, self.last = service, code, log, last

    def __str__(self) -> str:
        return (
            f"{self.service} ended with code {self.code} while starting: {self.last} (all of it: {self.log})"
        )


class ServiceLate(StackError):
    """A service runs but did not answer before its deadline."""

    def __init__(self, service: str, deadline_s: float, log: Path, last: str) -> None:
        super().__init__(service, deadline_s, log, last)
        self.service, self.deadline_s, self.log, self.last = service, deadline_s, log, last

    def __str__(self) -> str:
        return (
            f"{self.service} did not answer within {self.deadline_s:.0f} s. "
            f"Its log is {self.log}; last line: {self.last}"
        )


class StackRunning(StackError):
    """Data can't be erased under running services."""

    def __init__(self, services: tuple[str, ...]) -> None:
        super().__init__(services)
        self.services = services

    def __str__(self) -> str:
        return f"still running: {', '.join(self.services)}. Stop the stack first (make down)."


_CAUSE = "Caused by: "
_RAISED = (": ", "- Configuration ")  # what Java raised, in Python's traceback, and what Flink's lock adds
_CONSEQUENCES = ("Python process exits", "Shutdown in progress")  # of a job's end, not its reason


def last_line(log: Path) -> str:
    """The line of *log* that says why: its last cause, what Java raised, or merely the last one."""
    text = log.read_text(errors="replace") if log.exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix(_CAUSE) for line in lines if line.startswith(_CAUSE)]
    reasons = [cause for cause in causes if not any(words in cause for words in _CONSEQUENCES)]
    raised = [line.lstrip(":- ") for line in lines if line.startswith(_RAISED)]
    return (reasons or raised or lines or ["(the log is empty)"])[-1]

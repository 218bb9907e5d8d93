"""
Every error, by what the operator must do about it.

* FraudJobError
  x ConfigurationError    do not start
    + BadSetting
    + MissingGroup
  x RecordError           dead-letter the record, go on
    + Malformed
    + UnknownVersion
    + OutOfRange
  x TransientError        retry, then degrade
    + EndpointTimeout
    + Throttled
    + StoreUnavailable
  x BrokenPromise         fail the task; Flink restarts from the checkpoint

Errors take facts and write their own sentence, *where: found X, expected Y*.
They never carry a card number: *found* is masked before it gets here.
"""

from __future__ import annotations

from typing import ClassVar


class FraudJobError(Exception):
    """Something went wrong at *where*: *found* was there, *expected* should have been."""

    def __init__(self, where: str, found: str, expected: str) -> None:
        super().__init__(where, found, expected)
        self.where = where
        self.found = found
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}, expected {self.expected}"


class ConfigurationError(FraudJobError):
    """The job must not start."""


class BadSetting(ConfigurationError):
    """A property has a value that can't be used, or is not known."""


class MissingGroup(ConfigurationError):
    """A mandatory property group is absent."""


class RecordError(FraudJobError):
    """The record goes to dead letters and the job goes on; *reason* is the short code of its fault."""

    default_reason: ClassVar[str] = "record"

    def __init__(self, where: str, found: str, expected: str, reason: str = "") -> None:
        super().__init__(where, found, expected)
        self.reason = reason or self.default_reason


class Malformed(RecordError):
    """The record, or one of its fields, is not of the form it must have."""

    default_reason = "malformed"


class UnknownVersion(RecordError):
    """The record names a schema version that this job does not know."""

    default_reason = "unknown_version"


class OutOfRange(RecordError):
    """A field is of the right type, but its value is not allowed."""

    default_reason = "out_of_range"


class TransientError(FraudJobError):
    """The call may succeed when tried again; when it does not, degrade."""


class EndpointTimeout(TransientError):
    """The model endpoint did not answer before the deadline."""


class Throttled(TransientError):
    """The remote service refused the call because of its rate."""


class StoreUnavailable(TransientError):
    """DynamoDB could not be written."""


class BrokenPromise(FraudJobError):
    """An invariant of the job is broken: fail the task, restart from the checkpoint."""

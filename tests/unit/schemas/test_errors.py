"""Errors say where, what and what else; they travel between processes."""

from __future__ import annotations

import pickle

import pytest

from schemas import errors
from schemas.errors import FraudJobError, Malformed, OutOfRange, RecordError, UnknownVersion

pytestmark = pytest.mark.unit

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FraudJobError)]


@pytest.mark.parametrize("kind", KINDS)
def test_errors_pickle(kind: type[FraudJobError]) -> None:
    """Every error comes back from a pickle with its class, facts and sentence."""
    error = kind("amount_minor", "-1", "0 to 9")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.__dict__, str(copy)) == (
        kind,
        error.__dict__,
        "amount_minor: found -1, expected 0 to 9",
    )


def test_reason_pickles() -> None:
    """The reason of a record's error survives a pickle."""
    error = pickle.loads(pickle.dumps(OutOfRange("account_id", "another", "the same", "wrong_account")))
    assert (error.where, error.reason) == ("account_id", "wrong_account")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Malformed, "malformed"), (UnknownVersion, "unknown_version"), (OutOfRange, "out_of_range")],
)
def test_reason_defaults_to_the_kind(kind: type[RecordError], reason: str) -> None:
    """An error that is given no reason has that of its class."""
    assert kind("x", "y", "z").reason == reason

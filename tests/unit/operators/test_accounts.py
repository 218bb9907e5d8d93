"""Accounts in memory: what is written is read, state knows it first, and memory is bounded."""

from __future__ import annotations

from tests.fakes import FakeValueState
from udfs.features.history import AccountHistory
from udfs.operators.account_state import AccountState, encode_state
from udfs.operators.accounts import Accounts


class Keyed:
    """Flink's value by key, and the key."""

    def __init__(self) -> None:
        self.key = ""
        self.values: dict[str, bytes] = {}
        self.state = FakeValueState(self.values, lambda: self.key)


def state_of(decided: int) -> AccountState:
    """A state that is told from others."""
    return AccountState(history=AccountHistory(decided=decided))


def test_what_was_written_is_read_without_state() -> None:
    """A value in memory costs no look into state."""
    keyed = Keyed()
    accounts = Accounts(keyed.state)
    keyed.key = "a"
    accounts.write("a", state_of(1))
    touched = keyed.state.touched
    assert accounts.read("a") == state_of(1)
    assert keyed.state.touched == touched


def test_state_has_every_write() -> None:
    """What memory holds stands in state, always."""
    keyed = Keyed()
    accounts = Accounts(keyed.state)
    for decided in (1, 2):
        keyed.key = "a"
        accounts.write("a", state_of(decided))
        assert keyed.values["a"] == encode_state(state_of(decided))


def test_a_new_life_reads_state() -> None:
    """What a former life wrote is read from state."""
    keyed = Keyed()
    keyed.key = "a"
    Accounts(keyed.state).write("a", state_of(1))
    assert Accounts(keyed.state).read("a") == state_of(1)


def test_memory_is_bounded() -> None:
    """Beyond the limit the account that was not written for longest is read from state again."""
    keyed = Keyed()
    size = len(encode_state(state_of(1)))
    accounts = Accounts(keyed.state, most_bytes=2 * size)
    for account_id in ("a", "b", "a", "c"):
        keyed.key = account_id
        accounts.write(account_id, state_of(1))
    touched = keyed.state.touched
    accounts.read("a")
    accounts.read("c")
    assert keyed.state.touched == touched
    keyed.key = "b"
    assert accounts.read("b") == state_of(1)
    assert keyed.state.touched == touched + 1


def test_a_value_over_the_limit_is_in_state_alone() -> None:
    """One that is larger than all of memory is stored all the same."""
    keyed = Keyed()
    keyed.key = "a"
    accounts = Accounts(keyed.state, most_bytes=1)
    accounts.write("a", state_of(1))
    assert accounts.read("a") == state_of(1)
    assert keyed.state.touched == 2

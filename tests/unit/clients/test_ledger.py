"""What the ledger says is owed, against a slow oracle that remembers everything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.clients.ledger import Ledger

pytestmark = pytest.mark.unit

_KEYS = st.sampled_from("abc")
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), _KEYS, st.integers(1, 9), st.integers(1, 50)),
        st.tuples(st.just("settle"), _KEYS, st.integers(1, 9), st.just(0)),
    ),
    max_size=60,
)


@given(steps=_STEPS)
def test_what_is_owed_is_each_keys_newest_unsettled_version(
    steps: list[tuple[str, str, int, int]],
) -> None:
    """After any sequence of adds and settlements, length, keys and promises are those of a plain dict."""
    ledger, owed = Ledger(), dict[str, tuple[int, int]]()
    for now_ms, (what, key, version, promised_ms) in enumerate(steps):
        if what == "add":
            ledger.add(key, version, promised_ms, now_ms)
            if version > owed.get(key, (0, 0))[0]:
                owed[key] = (version, promised_ms)
        else:
            ledger.settle(key, version, now_ms)
            if key in owed and owed[key][0] <= version:
                del owed[key]
        assert len(ledger) == len(owed)
        assert [key for key in "abc" if key in ledger] == [key for key in "abc" if key in owed]
        for at_ms in range(0, 52, 3):
            assert ledger.is_outstanding(at_ms) == any(promise <= at_ms for _, promise in owed.values())


def test_a_newer_version_takes_over_the_promise() -> None:
    """An elder version's promise is no longer outstanding once a newer version carries it."""
    ledger = Ledger()
    ledger.add("a", 1, promised_ms=100, now_ms=0)
    ledger.add("a", 2, promised_ms=300, now_ms=50)
    assert not ledger.is_outstanding(299)
    assert ledger.is_outstanding(300)


def test_the_longest_owed_key_tells_the_age() -> None:
    """Age counts from when a key first became dirty, and from the elder's end for what waited behind it."""
    ledger = Ledger()
    assert ledger.oldest_since_ms() is None
    ledger.add("a", 1, promised_ms=100, now_ms=10)
    ledger.add("b", 1, promised_ms=100, now_ms=20)
    ledger.add("a", 2, promised_ms=200, now_ms=30)
    assert ledger.oldest_since_ms() == 10
    ledger.settle("a", 1, now_ms=40)
    assert ledger.oldest_since_ms() == 20
    ledger.settle("b", 1, now_ms=50)
    assert ledger.oldest_since_ms() == 40

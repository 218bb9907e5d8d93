"""First-seen devices, merchants and countries, and the sets that remember them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.features.scenario import at, last, past, seen
from udfs.features.history import LIMITS, Limits
from udfs.features.known import digest, knows, remember

pytestmark = pytest.mark.unit

FIELDS = {"new_device": "device_id", "new_merchant": "merchant_id", "new_country": "country"}


@pytest.mark.parametrize(("feature", "field"), FIELDS.items())
def test_new_until_used(feature: str, field: str) -> None:
    """A first payment is never new; the next is when it names something else, and then no more."""
    names = ["AA", "BB", "BB", "AA", None]
    events = [at(n, **{field: name}) for n, name in enumerate(names)]
    assert [seen(*events[: n + 1])[feature] for n in range(5)] == [False, True, False, False, None]


def test_a_login_makes_a_device_known() -> None:
    """Devices of logins count as used, so that a payment with it is not its first."""
    login = at(1, event_type="login", device_id="new")
    assert seen(at(0, device_id="old"), login)["new_device"] is True
    assert seen(at(0, device_id="old"), login, at(2, device_id="new"))["new_device"] is False


def test_nothing_is_new_before_the_first_payment() -> None:
    """An account that has only logged in has no habit to depart from."""
    assert seen(at(0, event_type="login", device_id="one"), at(1, device_id="two"))["new_device"] is False


@pytest.mark.parametrize(("feature", "field"), FIELDS.items())
def test_used_longest_ago_is_forgotten(feature: str, field: str) -> None:
    """Of more than are kept, the one used longest ago is new again, and not the one used first."""
    two = Limits(max_devices=2, max_merchants=2, max_countries=2)
    events = [at(n, **{field: name}) for n, name in enumerate(["AA", "BB", "AA", "CC"])]
    assert last([*events, at(9, **{field: "AA"})], limits=two).snapshot[feature] is False
    assert last([*events, at(9, **{field: "BB"})], limits=two).snapshot[feature] is True


def test_sets_are_bounded() -> None:
    """However many devices, merchants and countries an account uses, state keeps so many of each."""
    history = past(at(n, device_id=f"d{n}", merchant_id=f"m{n}", country=f"{n:02}"[-2:]) for n in range(600))
    sizes = [len(known) // 8 for known in (history.devices, history.merchants, history.countries)]
    assert sizes == [LIMITS.max_devices, LIMITS.max_merchants, LIMITS.max_countries]


def test_digests_never_change() -> None:
    """The digest of a name is part of state, so that it is the same for ever."""
    assert digest("merchant-1").hex() == "44bdf0d7d415db05"


def test_a_match_across_neighbours_is_none() -> None:
    """Bytes that straddle two digests are not taken for a third."""
    one, two = b"aaaabbbb", b"ccccdddd"
    assert knows(one + two, two)
    assert not knows(one + two, b"bbbbcccc")
    assert knows(one + two + b"bbbbcccc", b"bbbbcccc")


@settings(deadline=None)
@given(used=st.lists(st.sampled_from([b"ab" * 4, b"ba" * 4, b"aa" * 4, b"bb" * 4])), most=st.integers(1, 4))
def test_remembers_the_last_used(used: list[bytes], most: int) -> None:
    """What is known is what was used last, each once, in the order of last use."""
    known = b""
    for one in used:
        known = remember(known, one, most)
    last_used = list(dict.fromkeys(reversed(used)))[:most]
    assert known == b"".join(reversed(last_used))

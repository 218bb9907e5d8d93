"""An account's newest events in columns, beside the plain list that they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.features.known import digest
from udfs.features.recent import PAYMENT, Entry, Recent, recent_of, word

pytestmark = pytest.mark.unit

CURRENCIES = ["EUR", "USD", "JPY"]
ENTRIES = st.builds(
    Entry,
    event_time_ms=st.integers(0, 20),
    amount_minor=st.integers(0, 2**62),
    currency=st.sampled_from(CURRENCIES),
    kind=st.sampled_from([PAYMENT, PAYMENT, 1, 2, 3, 9]),
    declined=st.booleans(),
    small=st.booleans(),
    merchant=st.sampled_from([None, digest("m"), digest("n")]),
    transaction_id=st.uuids().map(str),
)


def kept(entries: list[Entry]) -> tuple[list[Entry], Recent]:
    """*entries* as they came, each put behind all of its time and before: as a list, and in columns."""
    plain, recent = list[Entry](), Recent()
    for entry in entries:
        place = sum(other.event_time_ms <= entry.event_time_ms for other in plain)
        assert recent.until(entry.event_time_ms) == place
        plain.insert(place, entry)
        recent = recent.with_one(entry, place)
    return plain, recent


@given(entries=st.lists(ENTRIES, max_size=12), data=st.data())
def test_columns_say_what_the_list_says(entries: list[Entry], data: st.DataObject) -> None:
    """Times, kinds, merchants and amounts of any stretch are those of the entries that were put in."""
    plain, recent = kept(entries)
    first = data.draw(st.integers(0, len(plain)))
    end = data.draw(st.integers(first, len(plain)))
    paid = [entry for entry in plain[first:end] if entry.kind == PAYMENT]
    assert [recent.time_ms(place) for place in range(len(recent))] == [each.event_time_ms for each in plain]
    numbers = len(paid), sum(each.declined for each in paid), sum(each.small for each in paid)
    assert recent.counted(first, end) == numbers
    assert recent.paid_to(first, end) == {word(each.merchant) for each in paid if each.merchant}
    assert recent.amounts_in("EUR", first, end) == [
        each.amount_minor for each in paid if each.currency == "EUR"
    ]
    assert recent.paid_last(end) == max(
        (each.event_time_ms for each in plain[:end] if each.kind == PAYMENT), default=None
    )


@given(entries=st.lists(ENTRIES, max_size=12), oldest=st.integers(0, 12))
def test_the_oldest_leave(entries: list[Entry], oldest: int) -> None:
    """Without its oldest, columns are those of the entries that are left, and find these alone."""
    plain, recent = kept(entries)
    rest, left = plain[oldest:], recent.without(oldest)
    alone = recent_of(rest)
    assert (left.times, left.kinds, left.merchants) == (alone.times, alone.kinds, alone.merchants)
    for currency in CURRENCIES:
        assert left.amounts_in(currency, 0, len(left)) == alone.amounts_in(currency, 0, len(left))
    assert [left.find(each.transaction_id) for each in rest] == list(range(len(rest)))
    assert [left.find(each.transaction_id) for each in plain[:oldest]] == [-1] * len(plain[:oldest])

"""The windowed features at their windows' edges."""

from __future__ import annotations

import pytest

from tests.unit.features.scenario import DAY, HOUR, MINUTE, at, seen
from udfs.features.names import AGGREGATES
from udfs.features.recent import entry_of
from udfs.features.tally import Tally
from udfs.features.windows import WINDOWS

pytestmark = pytest.mark.unit

INSIDE_S = 0.001  # times are whole milliseconds
SPANS = {"1m": MINUTE, "1h": HOUR, "24h": DAY}


@pytest.mark.parametrize("window", SPANS)
def test_event_just_inside_the_window_counts(window: str) -> None:
    """An event one millisecond younger than the window's length counts."""
    snapshot = seen(at(0, 300), at(SPANS[window] - INSIDE_S, 500))
    assert (snapshot[f"count_{window}"], snapshot[f"sum_{window}"]) == (2, 800)


@pytest.mark.parametrize("window", SPANS)
def test_event_at_the_window_edge_does_not_count(window: str) -> None:
    """An event exactly as old as the window's length does not count: the interval is (t - w, t]."""
    snapshot = seen(at(0, 300), at(SPANS[window], 500))
    assert (snapshot[f"count_{window}"], snapshot[f"sum_{window}"]) == (1, 500)


@pytest.mark.parametrize("feature", ["declines_1h", "merchants_1h", "small_count_1h"])
@pytest.mark.parametrize(("second", "counted"), [(HOUR - INSIDE_S, 1), (HOUR, 0)])
def test_hourly_features_at_the_edge(feature: str, second: float, counted: int) -> None:
    """Declines, merchants and small payments count up to one hour, and not at one hour."""
    first = at(0, 100, auth_result="declined", merchant_id="m")
    assert seen(first, at(second))[feature] == counted


def test_the_event_itself_counts_once() -> None:
    """The first payment of an account is the only one in each of its windows."""
    snapshot = seen(at(0, 150, auth_result="declined", merchant_id="m"))
    counts = {name: snapshot[name] for name in ("count_1m", "count_24h", "sum_1h", "declines_1h")}
    assert counts == {"count_1m": 1, "count_24h": 1, "sum_1h": 150, "declines_1h": 1}
    assert (snapshot["merchants_1h"], snapshot["small_count_1h"]) == (1, 1)


def test_ties_observed_before_count() -> None:
    """Of payments in the same millisecond, those observed before count, for the second as for the third."""
    tied = [at(0, 100, transaction_id=name) for name in "abc"]
    assert [seen(*tied[: n + 1])["count_1m"] for n in range(3)] == [1, 2, 3]


def test_declined_payments_count_and_sum() -> None:
    """Windows hold payment attempts, so that a declined one counts in counts and sums."""
    snapshot = seen(at(0, 300, auth_result="declined"), at(1, 500, auth_result="approved"))
    assert (snapshot["count_1m"], snapshot["sum_1m"], snapshot["declines_1h"]) == (2, 800, 1)


def test_sums_are_of_one_currency() -> None:
    """Counts are of all currencies, sums and the least amount of the event's own only."""
    snapshot = seen(at(0, 7, currency="USD"), at(1, 300), at(2, 500))
    assert (snapshot["count_1m"], snapshot["sum_1m"], snapshot["min_amount_1m"]) == (3, 800, 300)


def test_merchants_are_distinct() -> None:
    """A merchant counts once however often it is paid; a payment without merchant adds none."""
    snapshot = seen(*(at(n, merchant_id=name) for n, name in enumerate(["m", "n", "m", None])))
    assert snapshot["merchants_1h"] == 2


@pytest.mark.parametrize(
    ("currency", "amount_minor", "small"),
    [("EUR", 199, 1), ("EUR", 200, 0), ("JPY", 1, 1), ("JPY", 2, 0), ("KWD", 1_999, 1), ("KWD", 2_000, 0)],
)
def test_small_is_below_two_major_units(currency: str, amount_minor: int, small: int) -> None:
    """A payment is small below 2.00 major units, whatever decimals its currency has."""
    assert seen(at(0, amount_minor, currency=currency))["small_count_1h"] == small


@pytest.mark.parametrize(("second", "least"), [(MINUTE - INSIDE_S, 50), (MINUTE, 70)])
def test_least_amount_at_the_edge(second: float, least: int) -> None:
    """The least earlier amount is that of (t - 1 m, t]."""
    assert seen(at(0, 50), at(30, 70), at(second, 10))["min_amount_1m"] == least


def test_least_amount_is_missing_without_earlier_payments() -> None:
    """The event itself is not its own least earlier amount."""
    assert seen(at(0, 50), at(MINUTE, 60))["min_amount_1m"] is None


@pytest.mark.parametrize("event_type", ["login", "device_change", "payee_added"])
def test_other_events_are_in_no_payment_window(event_type: str) -> None:
    """An event that is no payment sees the payments before it, and counts neither then nor later."""
    other = at(1, 50, event_type=event_type, auth_result="declined", merchant_id="m")
    payments = [at(0, 300), at(2, 500)]
    assert seen(payments[0], other)["count_1m"] == 1
    assert seen(payments[0], other)["sum_1m"] == 300
    after, without = seen(payments[0], other, payments[1]), seen(*payments)
    names = [f"{name}_{window.name}" for window in WINDOWS for name in window.aggregates]
    assert [after[name] for name in names] == [without[name] for name in names]


def test_every_aggregate_is_tallied() -> None:
    """Each aggregate that a window can name is an attribute of the tally."""
    tally = Tally(entry_of(at(0)))
    assert [name for name in AGGREGATES if not hasattr(tally, name)] == []


def test_windows_stand_shortest_first() -> None:
    """The declared windows grow, as the one walk back through time needs."""
    spans = [window.span_ms for window in WINDOWS]
    assert spans == sorted(set(spans))

"""What the generator's thieves and travellers do, told from its traffic alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import islice, pairwise
from random import Random
from statistics import mean, median

import pytest

from local.generator.compromise import DAYS, MERCHANT_COMPROMISE, MISUSED, Compromises
from local.generator.traffic import DAY_MS, HOUR_MS, Message, Sample
from local.generator.travel import PLANE_KMH, arrived, plan_trip
from local.generator.world import PLACES, build_world
from tests.unit.local_traffic.generated import START_MS, frauds, generator, kind_of, traffic
from udfs.features.geo import distance_km

pytestmark = pytest.mark.unit

ABROAD_KM = 200  # no town is as large; Paris and Lyon are one country


@pytest.fixture(scope="module")
def months() -> list[Sample]:
    """Sixty days of 500 accounts, with no fraud but that of merchants."""
    source = generator(accounts=500, kinds=(MERCHANT_COMPROMISE,), fraud_ratio=0.005)
    samples = []
    for sample in source.samples():
        if sample.transaction["event_time"] >= START_MS + 60 * DAY_MS:
            break
        samples.append(sample)
    return samples


# --- account takeover


def test_account_takeover() -> None:
    """A taken account is logged in to from one new device abroad, is given a payee, and emptied to it."""
    samples = traffic(20000)
    own = [sample.transaction for sample in samples if kind_of(sample) is None]
    devices = {(each["account_id"], each["device_id"]) for each in own if "device_id" in each}
    whole = [events for events in frauds(samples, "account_takeover").values() if len(events) >= 6]
    assert len(whole) > 10
    for login, change, payee, *paid in whole:
        assert [each["event_type"] for each in (login, change, payee)] == [
            "login",
            "device_change",
            "payee_added",
        ]
        [device] = {(each["account_id"], each["device_id"]) for each in (login, change, payee, *paid)}
        assert device not in devices
        transfers = [each for each in paid if each["channel"] == "transfer"]
        assert 3 <= len(transfers) <= 6
        assert {each["counterparty_id"] for each in transfers} == {payee["counterparty_id"]}
        assert paid[-1]["event_time"] - login["event_time"] < 2 * HOUR_MS


def test_account_takeover_takes_much() -> None:
    """What one transfer of a takeover takes is several times what people transfer."""
    samples = [s for s in traffic(20000) if s.transaction.get("channel") == "transfer"]
    taken = [_euro(s) for s in samples if kind_of(s) == "account_takeover"]
    sent = [_euro(s) for s in samples if kind_of(s) is None]
    assert mean(taken) > 4 * mean(sent)


def _euro(sample: Sample) -> float:
    [scale, *_] = [p.minor_per_euro for p in PLACES if p.currency == sample.transaction["currency"]]
    return sample.transaction["amount_minor"] / scale


# --- merchant compromise


def shares(samples: list[Sample]) -> tuple[float, float]:
    """The share of fraud at a compromised merchant between its first and last fraud, and at all others."""
    paid: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for sample in samples:
        merchant_id = sample.transaction.get("merchant_id")
        if merchant_id:
            paid[merchant_id].append((sample.transaction["event_time"], kind_of(sample) is not None))
    inside, outside = Counter[bool](), Counter[bool]()
    for events in paid.values():
        times = [at_ms for at_ms, is_fraud in events if is_fraud]
        for at_ms, is_fraud in events:
            (inside if times and times[0] < at_ms < times[-1] else outside)[is_fraud] += 1
    return inside[True] / inside.total(), outside[True] / outside.total()


def test_compromised_merchants_are_told_apart(months: list[Sample]) -> None:
    """While it is compromised, most of what is paid at a merchant is fraud; elsewhere hardly anything is."""
    inside, outside = shares(months)
    assert inside > 0.6
    assert outside < 0.02
    assert inside > 50 * outside


def test_compromise_is_one_stretch_of_days(months: list[Sample]) -> None:
    """A merchant's frauds lie within one month, unless it is drawn again; few merchants have any."""
    times: dict[str, list[int]] = defaultdict(list)
    for sample in months:
        if kind_of(sample):
            times[sample.transaction["merchant_id"]].append(sample.transaction["event_time"])
    assert 10 < len(times) < 60
    within = [stamps[-1] - stamps[0] < DAYS * DAY_MS for stamps in times.values()]
    assert mean(within) > 0.9


def test_nothing_in_the_payment_tells(months: list[Sample]) -> None:
    """A payment at a compromised merchant is its customer's own, as large as others."""
    paid = [sample for sample in months if sample.transaction.get("merchant_id")]
    bad = mean(_euro(sample) for sample in paid if kind_of(sample))
    good = mean(_euro(sample) for sample in paid if not kind_of(sample))
    assert 0.5 < bad / good < 2


def test_delayed_risk_tells(months: list[Sample]) -> None:
    """
    The merchant's risk, a week late, is high for payments at a compromised merchant, and 0 for others.

    As merchant_risk_7d of the catalogue: share of fraud among its payments in (t - 14 d, t - 7 d].
    """
    past: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    risks: dict[bool, list[float]] = {True: [], False: []}
    for sample in months:
        at_ms, merchant_id = sample.transaction["event_time"], sample.transaction.get("merchant_id")
        if merchant_id is None:
            continue
        week = [bad for ms, bad in past[merchant_id] if at_ms - 14 * DAY_MS < ms <= at_ms - 7 * DAY_MS]
        risks[kind_of(sample) is not None].append(mean(week) if week else 0.0)
        past[merchant_id].append((at_ms, kind_of(sample) is not None))
    assert mean(risks[True]) > 0.2
    assert mean(risks[False]) < 0.03


@pytest.mark.parametrize("share", [0.0, 0.006, 0.04])
def test_share_of_merchants_compromised(share: float) -> None:
    """From the first day on about so large a share of the merchants is compromised."""
    world = build_world(Random(1), 2000)
    shops = [shop for town in world.in_town.values() for shop in town]
    compromises = Compromises(1, world, share, START_MS)
    for day in range(40):
        at_ms = START_MS + day * DAY_MS
        found = mean(compromises.cover(shop.merchant_id, at_ms) for shop in shops)
        assert found == pytest.approx(share, rel=0.5)


def test_misused_share() -> None:
    """Most payments at a compromised merchant are fraud, and not all: honest ones go on."""
    assert 0.5 < MISUSED < 1


# --- travel


def positions(samples: list[Sample]) -> dict[str, list[Message]]:
    """Where each account was, in its order."""
    seen: dict[str, list[Message]] = defaultdict(list)
    for sample in samples:
        if "latitude" in sample.transaction:
            seen[sample.transaction["account_id"]].append(sample.transaction)
    return seen


def km(here: Message, there: Message) -> float:
    return distance_km(here["latitude"], here["longitude"], there["latitude"], there["longitude"])


def test_travellers_are_no_faster_than_a_plane(months: list[Sample]) -> None:
    """Between two towns an honest account takes what a plane takes, out, on and back."""
    legs = [
        km(a, b) * HOUR_MS / (b["event_time"] - a["event_time"])
        for seen in positions(months).values()
        for a, b in pairwise(seen)
        if km(a, b) > ABROAD_KM
    ]
    assert len(legs) > 200
    assert max(legs) < PLANE_KMH


def test_travellers_stay_for_days_and_return(months: list[Sample]) -> None:
    """Nearly every trip that begins ends at home, after days."""
    began: list[int] = []
    lasted: list[int] = []
    for seen in positions(months).values():
        home = Counter(each["country"] for each in seen).most_common(1)[0][0]
        for a, b in pairwise(seen):
            if a["country"] == home != b["country"]:
                began.append(a["event_time"])
            elif a["country"] != home == b["country"] and began:
                lasted.append(b["event_time"] - began[-1])
    assert len(began) > 100
    assert 0.8 < len(lasted) / len(began) <= 1.05
    assert 2 * DAY_MS < median(lasted) < 8 * DAY_MS


def test_travelling_is_no_fraud() -> None:
    """Nothing that a traveller does is reported as fraud, though it is abroad and far from home."""
    source = generator(accounts=500, fraud_ratio=0.0)
    samples = list(islice(source.samples(), 20_000))
    homes = {account: each["home_country"] for each in source.customers() for account in each["account_ids"]}
    away = [s for s in samples if s.transaction.get("country") != homes[s.transaction["account_id"]]]
    in_person = [sample for sample in away if "latitude" in sample.transaction]
    assert len(in_person) > 100
    assert not [sample for sample in samples if kind_of(sample)]
    logins = {s.transaction["ip"].rsplit(".", 1)[0] for s in away if s.transaction["event_type"] == "login"}
    assert logins == {"192.0.2"}


def test_nobody_acts_on_the_way() -> None:
    """
    A traveller is at each moment in a place of its trip, or waits until it has arrived there.

    home ----way---- [stay] --way-- [stay] ----way---- home
    """
    for seed in range(50):
        trip = plan_trip(Random(seed), PLACES[0], START_MS)
        for stay in trip.stays:
            assert arrived(trip, stay.from_ms - 1) == (stay.from_ms, stay.place)
            assert arrived(trip, stay.until_ms) == (stay.until_ms, stay.place)
        assert arrived(trip, trip.stays[-1].until_ms + 1) == (trip.home_ms, None)
        assert arrived(trip, trip.home_ms + 1) == (trip.home_ms + 1, None)
        assert all(stay.place.country != PLACES[0].country for stay in trip.stays)

"""The generator: the same seed gives the same traffic, and intake takes all of it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import islice, pairwise
from pathlib import Path

import pytest

from local.generator import Generator, live_generator
from local.generator.cards import card_number_for
from local.generator.engine import KINDS
from local.generator.traffic import DAY_MS, HOUR_MS
from local.generator.world import PLACES
from schemas.card import CardKey
from schemas.intake import read_article, read_customer, read_label, read_rate, read_transaction
from schemas.wire_out import encode_json
from tests.unit.local_traffic.generated import START_MS, frauds, traffic
from udfs.features.rates import Rates

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
KEY = CardKey("v1", b"0" * 32)


def test_same_seed() -> None:
    """The same arguments give the same samples and customers, another seed others."""
    assert traffic(3000) == traffic(3000)
    assert traffic(100, seed=2) != traffic(100)
    source = Generator(seed=1, accounts=50, start_ms=START_MS)
    assert list(source.customers()) == list(source.customers())


def test_event_time_order() -> None:
    """Samples leave in event-time order, none before the start, each id once."""
    samples = traffic(5000)
    times = [sample.transaction["event_time"] for sample in samples]
    assert all(a <= b for a, b in pairwise(times))
    assert times[0] >= START_MS
    assert len({sample.transaction["transaction_id"] for sample in samples}) == 5000


def test_intake_takes_all() -> None:
    """Intake refuses no transaction, label, customer or article that the generator makes."""
    for sample in traffic(5000):
        transaction = sample.transaction
        read_transaction(encode_json(transaction), transaction["account_id"], transaction["event_time"], KEY)
        if sample.label:
            read_label(encode_json(sample.label), KEY)
    source = Generator(seed=1, accounts=300, start_ms=START_MS)
    for profile in source.customers():
        read_customer(encode_json(profile))
    for told in source.articles():
        raw = None if told.get("removed") else encode_json(told)
        read_article(raw, f"{told['merchant_id']}/{told['article_id']}", told["updated"])


def test_customers_own_every_account() -> None:
    """Each account that acts belongs to exactly one customer, updated before the first event."""
    profiles = list(Generator(seed=1, accounts=300, start_ms=START_MS).customers())
    owned = [account for profile in profiles for account in profile["account_ids"]]
    assert len(owned) == len(set(owned)) == 300
    assert {sample.transaction["account_id"] for sample in traffic(3000)} <= set(owned)
    assert all(profile["updated"] < START_MS for profile in profiles)
    assert {len(profile["account_ids"]) for profile in profiles} == {1, 2}


def test_rates_of_every_currency() -> None:
    """Each currency but the base has a rate each day, near the prices' own, and intake takes it."""
    source = Generator(seed=1, accounts=50, start_ms=START_MS + 1)
    messages = list(islice(source.rates(), 9 * 30))
    rates = [read_rate(encode_json(message)) for message in messages]
    assert messages == list(islice(source.rates(), 9 * 30))
    assert {rate.currency for rate in rates} == {place.currency for place in PLACES} - {"EUR"}
    days = Counter(rate.effective_ms for rate in rates)
    assert days == {START_MS - START_MS % DAY_MS + day * DAY_MS: 9 for day in range(30)}
    known = Rates(source.base, rates)
    for place in PLACES:
        minor = known.base_minor(round(place.minor_per_euro * 100), place.currency, START_MS + 29 * DAY_MS)
        assert minor == pytest.approx(10_000, rel=0.1)


def test_kinds_of_events() -> None:
    """There are logins, device changes, added payees and payments, approved and declined with a reason."""
    transactions = [sample.transaction for sample in traffic(8000)]
    kinds = {transaction["event_type"] for transaction in transactions}
    assert kinds == {"payment", "login", "device_change", "payee_added"}
    declined = [t for t in transactions if t.get("auth_result") == "declined"]
    assert declined
    assert all(t["decline_reason"] for t in declined)


def test_labels_come_later() -> None:
    """A label is reported 2 to 48 hours after the end of its episode, all of an episode at once."""
    samples = traffic(8000)
    for kind in KINDS:
        episodes = frauds(samples, kind)
        assert episodes
        for key, events in episodes.items():
            waited_ms = int(key.split()[1]) - max(event["event_time"] for event in events)
            assert waited_ms >= 2 * HOUR_MS
            assert waited_ms <= 48 * HOUR_MS + 4 * HOUR_MS  # the last events may be beyond those looked at


def test_stolen_card() -> None:
    """A stolen card pays 4 to 9 times within hours, away from home or from one new device."""
    samples = traffic(20000)
    whole = [events for events in frauds(samples, "stolen_card").values() if len(events) >= 4]
    assert whole
    for events in whole:
        assert len(events) <= 9
        assert events[-1]["event_time"] - events[0]["event_time"] < 4 * HOUR_MS
        assert len({event.get("device_id") for event in events}) == 1


def test_card_testing() -> None:
    """Card testing is at least 12 small payments at as many shops, some declined, then a large one."""
    whole = [e for e in frauds(traffic(20000), "card_testing").values() if len(e) >= 13]
    assert whole
    for events in whole:
        small = [event for event in events if event["amount_minor"] < 199]
        assert len({event["merchant_id"] for event in small}) == len(small) >= 12
        assert events[-1]["amount_minor"] > 10_000
    assert any(event["auth_result"] == "declined" for events in whole for event in events)


def test_only_kinds_asked_for() -> None:
    """Only the kinds of fraud that are asked for happen."""
    samples = traffic(5000, kinds=("card_testing",))
    assert frauds(samples, "card_testing")
    assert not [kind for kind in KINDS if kind != "card_testing" and frauds(samples, kind)]
    assert not frauds(traffic(5000, kinds=("merchant_compromise",)), "stolen_card")


def test_card_numbers() -> None:
    """Card numbers are different, in test ranges, of 15 or 16 digits, and pass the Luhn check."""
    numbers = [card_number_for(number) for number in range(2000)]
    assert len(set(numbers)) == 2000
    for number in numbers:
        digits = [int(digit) for digit in reversed(number)]
        total = sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
        assert total % 10 == 0
        assert number.startswith(("400000", "555555", "222300", "378282"))


@pytest.mark.parametrize("transactions", [300, 3000, 18_000])
def test_live_span(transactions: int) -> None:
    """Live traffic spans days, ends before now and within a day of it."""
    source = live_generator(3, transactions, START_MS)
    last = list(islice(source.samples(), transactions))[-1].transaction["event_time"]
    assert START_MS - DAY_MS < last <= START_MS
    assert last - source.start_ms > 1.5 * DAY_MS


def test_fixture_is_reproducible(tmp_path: Path) -> None:
    """The command in the fixture's description makes the fixture, byte for byte."""
    command = [sys.executable, "-m", "local.generator", "--out", str(tmp_path), "--seed", "1"]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    for name in ("transactions.csv", "customers.csv", "inventory.csv", "rates.csv"):
        assert (tmp_path / name).read_bytes() == (ROOT / "tests/fixtures/small" / name).read_bytes()

"""The real operators and the real rule book on a MiniCluster, in thread mode."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from schemas.wire_out import encode_json
from tests.builders import (
    NOON_MS,
    ONE_HOUR_MS,
    ONE_SECOND_MS,
    article_message,
    customer_message,
    label_message,
    rate_message,
    raw_avro,
    raw_json,
)
from tests.engine.ends import SCORES, EngineEnds
from tests.engine.running import Emitted, Job, Message, decisions, running
from tests.fakes import Bench
from udfs.operators import rows
from udfs.rules.book import built_in_text, load_book

pytestmark = pytest.mark.engine

# What makes each rule fire, in payments: seconds after noon, amount in cents, and what else is said.
SYDNEY = {"latitude": -33.87, "longitude": 151.21}
STORIES: dict[str, list[tuple[float, int, dict[str, Any]]]] = {
    "amount-limit": [(0, 500_001, {})],
    "velocity-count": [(second, 1_000, {}) for second in range(11)],
    "velocity-sum": [(second, 400_000, {}) for second in range(3)],
    "small-then-large": [(0, 150, {}), (59, 50_001, {})],
    "impossible-travel": [(0, 1_000, {}), (3_600, 1_000, SYDNEY)],
    "new-device-high-amount": [(0, 1_000, {}), (100, 50_001, {"device_id": "d-2"})],
    "country-mismatch": [(0, 1_000, {}), (100, 10_001, {"country": "FR"})],
    "risky-mcc": [(0, 25_001, {"mcc": "7995"})],
    "night-high-amount": [(-9 * 3_600, 100_001, {})],
    "card-testing": [(second, 1_000, {"auth_result": "declined"}) for second in range(5)],
    "high-value": [(0, 1_000_001, {})],
    "fraud-score-high": [(0, 6_666, {})],
    "fraud-score-elevated": [(0, 5_555, {})],
}
REFUSED = {
    "not_json": Message("a-1", b"{"),
    "empty_message": Message("a-1", b""),
    "wrong_account": Message("a-9", raw_json(transaction_id="refused")),
    "missing_key": Message("", raw_json(transaction_id="refused")),
    "missing_field": Message("a-1", raw_json(transaction_id=...)),
}
BASE_BOOK = """
version: 1
rules:
  - {id: base, version: 1, severity: low, outcome: verify, title: Paid in base, when: sum_30d_base >= 0}
"""
RATES = [(15, "0.80"), (0, "0.90")]  # seconds after noon, and what a dollar is worth from then on
PAID: list[tuple[int, str, dict[str, Any]]] = [
    (0, "USD", {}), (5, "USD", {"merchant_id": ...}), (10, "JPY", {}), (15, "USD", {}), (20, "EUR", {}),
]  # fmt: skip
_numbers = count(1)


def payment(account: str, second: float, amount_minor: int, **fields: Any) -> Message:
    """A payment as it comes on the topic, now as JSON, now as Avro."""
    number, event_time = next(_numbers), NOON_MS + int(second * ONE_SECOND_MS)
    known = {"auth_result": "approved", "decline_reason": ..., "customer_id": ...}
    raw = (raw_avro if number % 2 else raw_json)(
        account_id=account,
        transaction_id=f"t-{number}",
        event_time=event_time,
        amount_minor=amount_minor,
        **(known | fields),
    )
    return Message(account, raw, event_time)


def told_by_rules() -> list[Message]:
    """Every story, each of an account that is called as its rule."""
    return [
        payment(account, second, amount, **fields)
        for account, story in STORIES.items()
        for second, amount, fields in story
    ]


def stories_profile() -> bytes:
    """The profile of the stories' customer, in force before all of them."""
    return encode_json(customer_message(account_ids=list(STORIES), updated=NOON_MS - 24 * ONE_HOUR_MS))


def learn_profiles(job: Job) -> list[Message]:
    """The stories' accounts know their customer afterwards; the payments that it took to see that."""
    job.send("customers", [Message("c-1", stories_profile()), Message("c-2", b"[]")])
    probes: list[Message] = []
    while not probes or any(
        "country-mismatch:country_is_home" in d["missing"] for d in decisions(job.emitted)[-1:]
    ):
        probes.append(payment("country-mismatch", -7_200 + len(probes), 100))
        job.send("transactions", probes[-1:])
        job.take_decisions(len(probes))
    return probes


@pytest.fixture(scope="module")
def crowd() -> list[Message]:
    """Twenty payments of each of ten accounts, all accounts mixed."""
    chance = Random(1)
    accounts = [f"crowd-{number}" for number in range(10)] * 20
    chance.shuffle(accounts)
    return [payment(account, second / 10, 1_000 + second) for second, account in enumerate(accounts)]


@pytest.fixture(scope="module")
def told(crowd: list[Message]) -> list[Message]:
    """What the live job is told of transactions, in the order of each account."""
    return [*told_by_rules(), *crowd]


@pytest.fixture(scope="module")
def live(gateway: Any, tmp_path_factory: pytest.TempPathFactory, told: list[Message]) -> Iterator[Live]:
    """One job that has seen all the good and bad messages, endpoint answers between 0 and 200 ms."""
    with running(tmp_path_factory.mktemp("live"), EngineEnds(longest_ms=200)) as job:
        probes = learn_profiles(job)
        clock = Message(rows.CLOCK_KEY, b'{"clock":true}')
        job.send("labels", [Message("a-1", encode_json(label_message())), Message("a-1", b"{"), clock])
        job.send("transactions", [*REFUSED.values(), clock, *told])
        job.take_decisions(len(probes) + len(told))
        job.take(lambda emitted: len(kind("dead letter", emitted)) == len(REFUSED) + 2)
        job.take(lambda emitted: len(kind("label", emitted)) == 1)
        yield Live(job.emitted, probes)


class Live(NamedTuple):
    """What the live job let out, and the payments that were not planned."""

    emitted: list[Emitted]
    probes: list[Message]


def kind(name: str, emitted: list[Emitted]) -> list[dict[str, Any]]:
    """What left as *name*."""
    return [each.content for each in emitted if each.kind == name]


def on_the_bench(messages: list[Message], *, waits: bool = False) -> dict[str, dict[str, Any]]:
    """What the operator decides on *messages* outside of Flink, by transaction, the attempt left out."""
    bench = Bench(wait_for_watermark=waits, max_pending=10**6)
    for account in STORIES:
        bench.send(stories_profile(), key=account, partition=rows.FROM_PROFILES)
    for message in messages:
        bench.send(message.raw, key=message.key, record_ms=message.record_ms)
    bench.watermark(NOON_MS + 24 * ONE_HOUR_MS)
    while bench.scores.unanswered:
        amount = next(iter(bench.scores.unanswered.values())).split(b",")[0]
        bench.scores.answer(0, value=SCORES.get(amount, 0.1))
    bench.advance(10)
    return {row["transaction_id"]: row["decision"] | {"attempt": 0} for row in bench.decided}


def by_account(emitted: list[Emitted]) -> dict[str, list[dict[str, Any]]]:
    """Decisions of each account, in the order in which they left."""
    grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for decision in decisions(emitted):
        grouped[decision["account_id"]].append(decision)
    return grouped


def test_every_rule_fires(live: Live) -> None:
    """Each rule of the built-in book fires on the engine, on the account that was told its story."""
    accounts = by_account(live.emitted)
    for rule in load_book(built_in_text()).rules:
        fired = {reason["rule"] for reason in accounts[rule.rule.id][-1]["reasons"]}
        assert rule.rule.id in fired


def test_engine_decides_as_the_bench(live: Live, told: list[Message]) -> None:
    """Each decision is what the operator decides on fakes of Flink, but for attempt and lateness."""
    on_engine = {each["transaction_id"]: each for each in decisions(live.emitted)}
    on_bench = on_the_bench([*live.probes, *told])
    assert on_engine.keys() == on_bench.keys()
    for transaction_id in list(on_bench)[len(live.probes) :]:  # the first probes did not know the profile yet
        each = on_engine[transaction_id]
        here = {"attempt": each["attempt"], "late": each["late"]}  # the watermark is the engine's own
        assert each == on_bench[transaction_id] | here


def test_each_is_decided_once(live: Live, told: list[Message]) -> None:
    """Without a failure there is one decision a transaction, and none on a clock tick."""
    assert len(decisions(live.emitted)) == len(live.probes) + len(told)


def test_account_order_is_kept(live: Live) -> None:
    """Answers come in any order; decisions of one account leave in the order of arrival."""
    for account, decided in by_account(live.emitted).items():
        assert [each["account_version"] for each in decided] == list(range(1, len(decided) + 1)), account


def test_refused_records_are_dead_letters(live: Live) -> None:
    """What the three topics' intake refuses leaves as dead letters, with its reason and its topic."""
    letters = kind("dead letter", live.emitted)
    refused = [("transactions", reason) for reason in REFUSED]
    expected = [*refused, ("customers", "not_an_object"), ("labels", "not_json")]
    assert sorted((each["topic"], each["reason"]) for each in letters) == sorted(expected)
    assert {each["record_time_ms"] for each in letters} == {NOON_MS}


def test_labels_are_checked(live: Live) -> None:
    """A good label leaves for the archive, a clock tick does not."""
    assert kind("label", live.emitted) == [{"transaction_id": "t-1"}]


def test_watermark_releases_in_event_time_order(gateway: Any, tmp_path: Path) -> None:
    """Under order.wait = watermark, shuffled events are decided in event-time order, as on the bench."""
    chance = Random(2)
    events = [(f"a-{chance.randrange(5)}", second / 10) for second in range(40)]  # within the lateness
    chance.shuffle(events)
    messages = [payment(account, second, 1_000) for account, second in events]
    tick = Message(rows.CLOCK_KEY, b'{"clock":true}', NOON_MS + ONE_HOUR_MS)
    with running(tmp_path, EngineEnds(longest_ms=100), order_wait="watermark") as job:
        job.send("transactions", [*messages, tick])
        job.take_decisions(len(messages))
        for decided in by_account(job.emitted).values():
            assert [each["event_time"] for each in decided] == sorted(each["event_time"] for each in decided)
        agreed = {each["transaction_id"]: each | {"attempt": 0} for each in decisions(job.emitted)}
        assert agreed == on_the_bench(messages, waits=True)


def test_profiles_are_as_of_event_time(gateway: Any, tmp_path: Path) -> None:
    """
    Under order.wait = watermark each payment sees the version in force at its time, whatever came when.

    s       5     10    20    25      the newer version comes first, payments in any order
    home    -     IT    FR    FR
    paid    DE    IT    FR    ES      never in a country before; only Spain is not home
    """
    versions = [
        Message("c-1", encode_json(customer_message(updated=NOON_MS + second * 1_000, home_country=home)))
        for second, home in ((20, "FR"), (10, "IT"))
    ]
    paid = {25: "ES", 5: "DE", 20: "FR", 10: "IT"}
    payments = [payment("a-1", second, 10_001, country=country) for second, country in paid.items()]
    tick = Message(rows.CLOCK_KEY, b'{"clock":true}', NOON_MS + ONE_HOUR_MS)
    with running(tmp_path, EngineEnds(longest_ms=50), order_wait="watermark") as job:
        job.send("customers", [*versions, Message("c-2", b"[]")])
        job.take(lambda emitted: len(kind("dead letter", emitted)) == 1)  # the versions have passed too
        job.send("transactions", [*payments, tick])
        decided = job.take_decisions(len(payments))
    missing = ["country-mismatch:country_is_home" in each["missing"] for each in decided]
    abroad = ["country-mismatch" in {reason["rule"] for reason in each["reasons"]} for each in decided]
    assert missing == [True, False, False, False]
    assert abroad == [False, False, False, True]


ARTICLES = """
version: 1
rules:
  - {id: priced, version: 1, severity: low, outcome: verify, title: t, when: amount_to_list_price > 0}
  - {id: sells-again, version: 1, severity: low, outcome: verify, title: t, when: high_resale}
"""


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_articles_are_as_of_event_time(gateway: Any, tmp_path: Path, mode: str) -> None:
    """
    Under order.wait = watermark each payment sees its article as it was, and none after its removal.

    s       5     10        20         30        35       those too late to wait see the same
    told    -     books     phones     no value
    paid    -     priced    both       -         -
    """
    versions = [
        Message("m-1/r-1", encode_json(article_message(updated=NOON_MS + second * 1_000, category=name)))
        for second, name in ((20, "phones"), (10, "books"))
    ]
    gone = Message("m-1/r-1", None, NOON_MS + 30_000)
    paid = {35: 5, 5: 4, 30: 3, 20: 2, 10: 1}
    payments = [payment("a-1", second, cents, article_id="r-1") for second, cents in paid.items()]
    tick = Message(rows.CLOCK_KEY, b'{"clock":true}', NOON_MS + ONE_HOUR_MS)
    ends = EngineEnds(longest_ms=50)
    with running(tmp_path, ends, order_wait="watermark", mode=mode, book=ARTICLES) as job:
        job.send("inventory", [*versions, gone, Message("m-2", None)])
        job.take(lambda emitted: len(kind("dead letter", emitted)) == 1)  # the versions have passed too
        job.send("transactions", [*payments, tick])
        decided = job.take_decisions(len(payments))
    found = {each["event_time"]: sorted(reason["rule"] for reason in each["reasons"]) for each in decided}
    assert [found[at] for at in sorted(found)] == [[], ["priced"], ["priced", "sells-again"], [], []]


def in_base(decided: list[dict[str, Any]]) -> list[int | None]:
    """What each decision by `BASE_BOOK` says was paid in thirty days, in the base currency."""
    return [next((hit["values"]["sum_30d_base"] for hit in each["reasons"]), None) for each in decided]


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_amounts_are_in_base_as_of_event_time(gateway: Any, tmp_path: Path, mode: str) -> None:
    """
    Under order.wait = watermark each payment is converted at the rate of its own time, in every subtask.

    s       0     5     10    15    20      rates come newest first, and one that is refused
    rate    0.90              0.80
    paid    USD   USD   JPY   USD   EUR     the third has no rate; the second names no merchant
    """
    told = [rate_message(effective=NOON_MS + second * 1_000, rate=text) for second, text in RATES]
    paid = [payment("a-1", second, 100, currency=of, **more) for second, of, more in PAID]
    tick = Message(rows.CLOCK_KEY, b'{"clock":true}', NOON_MS + ONE_HOUR_MS)
    settings: dict[str, Any] = {"order_wait": "watermark", "rates": "on", "book": BASE_BOOK, "mode": mode}
    with running(tmp_path, EngineEnds(longest_ms=50), **settings) as job:
        job.send("rates", [*(Message("k", encode_json(one)) for one in told), Message("k", b"[]")])
        job.take(lambda emitted: len(kind("dead letter", emitted)) == 1)  # the rates have passed too
        job.send("rates", [tick])
        job.send("transactions", [*paid, tick])
        decided = job.take_decisions(len(paid))
    assert [letter["topic"] for letter in kind("dead letter", job.emitted)] == ["fx-rates"]
    assert in_base(decided) == [90, 180, None, 260, 360]


def test_rates_outlive_a_failure(gateway: Any, tmp_path: Path) -> None:
    """What was known of rates at the checkpoint is known in the second life."""
    ends = EngineEnds(longest_ms=0, second_life=tmp_path / "second")
    with running(tmp_path, ends, rates="on", book=BASE_BOOK) as job:
        job.send("rates", [Message("k", encode_json(rate_message(effective=NOON_MS - ONE_HOUR_MS)))])
        probes = 0
        while in_base(decisions(job.emitted)[-1:]) in ([], [None]):  # seen here when a checkpoint holds it
            probes += 1
            job.send("transactions", [payment("a-1", probes, 100, currency="USD")])
            job.take_decisions(probes)
        job.send("transactions", [payment("poison", 60, 1_313)])
        job.take_decisions(probes + 1)
        job.send("transactions", [payment("a-2", 61, 100, currency="USD")])
        assert in_base(job.take_decisions(probes + 2)[-1:]) == [90]


def test_first_profile_is_waited_for(gateway: Any, tmp_path: Path) -> None:
    """
    Live, a payment waits for its account's first profile, and goes on without one when the wait is over.

    a-1    paid    its profile comes: decided, and it is known
    a-2    paid    ................................ decided, and its home is missing
    """
    profile = customer_message(account_ids=["a-1"], updated=NOON_MS - ONE_HOUR_MS)
    paid = [payment(account, 0, 10_001) for account in ("a-1", "a-2")]
    with running(tmp_path, EngineEnds(longest_ms=0), profile_wait_ms=5_000) as job:
        job.send("transactions", [*paid, Message("a-1", b"{")])
        job.take(lambda emitted: len(kind("dead letter", emitted)) == 1)  # they have come before
        job.send("customers", [Message("c-1", encode_json(profile))])
        decided = job.take_decisions(2)
    told = [(d["account_id"], "country-mismatch:country_is_home" in d["missing"]) for d in decided]
    assert told == [("a-1", False), ("a-2", True)]


def test_failure_loses_nothing(gateway: Any, tmp_path: Path) -> None:
    """
    The task fails with transactions pending; from the checkpoint on all are decided, ids as before.

    each account  10.00 77.77 20.00    77.77 is not answered in the first life, so 20.00 waits
    poison        13.13                the first life ends; the second asks again for all that was open
    """
    messages = [
        payment(f"a-{account}", second, amount)
        for second, amount in enumerate((1_000, 7_777, 2_000))
        for account in range(20)
    ]
    poison = payment("poison", 60, 1_313)
    expected = on_the_bench([*messages, poison])
    with running(tmp_path, EngineEnds(longest_ms=50, second_life=tmp_path / "second")) as job:
        job.send("transactions", messages)
        first = job.take_decisions(20)[:]  # seen here only when a checkpoint holds them, and what pends
        job.send("transactions", [poison])
        all_of_them = job.take_decisions(len(expected))
    assert {each["transaction_id"] for each in all_of_them} == expected.keys()
    for each in all_of_them:
        assert each | {"attempt": 0} == expected[each["transaction_id"]]
    assert min(each["attempt"] for each in all_of_them[len(first) :]) > max(each["attempt"] for each in first)


def test_process_mode_decides_the_same(gateway: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fallback, Python in processes beside the JVM, decides as the bench does."""
    messages = [payment(f"a-{number % 3}", number, 1_000 + number) for number in range(12)]
    with running(tmp_path, EngineEnds(longest_ms=50), mode="process") as job:
        job.send("transactions", [*messages, Message("a-1", b"{")])
        job.take_decisions(len(messages))
        job.take(lambda emitted: len(kind("dead letter", emitted)) == 1)
    decided = {
        each["transaction_id"]: each | {"attempt": 0, "late": False} for each in decisions(job.emitted)
    }
    assert decided == on_the_bench(messages)

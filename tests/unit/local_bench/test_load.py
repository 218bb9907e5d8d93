"""What the bench sends, and to whom."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import orjson
import pytest

from local.bench.load import Pool, Sent, Spread

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def pool() -> Pool:
    """A small population's traffic."""
    return Pool(accounts=20)


def accounts(mix: Pool | Spread, count: int) -> Counter[str]:
    """How many of the first *count* messages each account gets."""
    return Counter(mix.addressed(number)[0] for number in range(count))


def test_a_pool_goes_round(pool: Pool) -> None:
    """After all its messages a pool begins anew."""
    assert [pool.addressed(number) for number in range(3)] == [
        pool.addressed(number) for number in range(60, 63)
    ]


def test_a_message_lacks_what_is_set_when_it_is_sent(pool: Pool) -> None:
    """The rest of a message completes one that begins with id, account and time."""
    _, rest = pool.addressed(0)
    message = orjson.loads(b'{"transaction_id":"b-0",' + rest)
    assert "amount_minor" in message
    assert not {"account_id", "event_time"} & set(message)


def test_profiles_are_of_the_first_accounts(pool: Pool) -> None:
    """Asked for the first five accounts, a pool gives the profiles of their owners alone."""
    told = [account for one in pool.customers(5) for account in one["account_ids"]]
    assert told[:5] == [f"a-{number:07d}" for number in range(5)]
    assert len(told) <= 6


def test_spread_traffic_meets_each_account_once_before_any_twice(pool: Pool) -> None:
    """The first thousand messages for a thousand accounts are one for each."""
    assert set(accounts(Spread(pool=pool, accounts=1_000), 1_000).values()) == {1}


def test_a_spread_begins_where_it_is_told_to(pool: Pool) -> None:
    """The first three messages for three accounts from the tenth on are one for each of these."""
    met = accounts(Spread(pool=pool, accounts=3, first=10), 3)
    assert met == {"a-0000010": 1, "a-0000011": 1, "a-0000012": 1}


def test_spread_traffic_is_in_no_order_of_keys(pool: Pool) -> None:
    """Neighbours in time are far apart among the accounts: no cache is helped."""
    first = [Spread(pool=pool, accounts=100_000).addressed(number)[0] for number in range(10)]
    numbers = [int(account.removeprefix("a-")) for account in first]
    assert min(abs(one - other) for one, other in pairwise(numbers)) > 1_000


def test_a_hot_account_gets_its_share(pool: Pool) -> None:
    """With a ratio of 0.3 one account gets 30 % of the messages, and not all at once."""
    hot = Spread(pool=pool, accounts=1_000, hot_ratio=0.3)
    assert accounts(hot, 1_000)["a-hot"] == 300
    assert 1 <= accounts(hot, 10)["a-hot"] <= 5


def test_a_schedule_knows_when_each_message_was_due() -> None:
    """At 200 a second the messages are 5 ms apart, from the first number on."""
    sent = Sent(first=50, count=10, due_ms=1_000.0, rate=200.0, behind_ms=0.0)
    assert [sent.due_at(50), sent.due_at(52)] == [1_000.0, 1_010.0]

"""The small operators: profiles to accounts, articles to merchants, labels to the archive, rates beside."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from pyflink.common import Row

from schemas.article import Article
from schemas.wire_out import encode_json
from tests.builders import (
    CARD_KEY,
    CARD_TOKEN,
    NOON_MS,
    ONE_DAY_MS,
    article,
    article_message,
    customer_message,
    label_message,
    rate,
    rate_message,
)
from tests.fakes import FakeMetricGroup, named
from udfs.operators import columns, rows
from udfs.operators.arrived import decode_article, decode_label, decode_rate
from udfs.operators.check_labels import CheckLabels
from udfs.operators.check_rates import CheckRates
from udfs.operators.fan_out import FanOutInventory, FanOutProfiles

pytestmark = pytest.mark.unit

CONTEXT: Any = SimpleNamespace(timestamp=lambda: NOON_MS)
CLOCK = b'{"clock":true}'


def incoming(raw: bytes | None, key: str = "k") -> Any:
    """A message as it comes from the source."""
    return Row(key, Row(key, raw, 3, 41), "the timestamp")


def fanned_out(raw: bytes | None, key: str = "c-1") -> list[Any]:
    """What comes of a message on customers."""
    return list(FanOutProfiles("customers").process_element(incoming(raw, key), CONTEXT))


def listed(raw: bytes | None, key: str = "m-1/r-1") -> list[Any]:
    """What comes of a message on inventory."""
    return list(FanOutInventory("inventory").process_element(incoming(raw, key), CONTEXT))


def checked(raw: bytes | None, key: str = "a-1") -> list[Any]:
    """What comes of a message on labels."""
    operator = CheckLabels("labels", lambda: CARD_KEY)
    operator.open(CONTEXT)
    return list(operator.process_element(incoming(raw, key), CONTEXT))


class Checking:
    """A `CheckRates` for euro, and what it counted."""

    def __init__(self) -> None:
        self.metrics = FakeMetricGroup()
        self.operator = CheckRates("fx-rates", "EUR")
        self.operator.open(SimpleNamespace(get_metrics_group=lambda: self.metrics))  # type: ignore[arg-type]

    def told(self, raw: bytes | None, key: str = "k") -> list[Any]:
        """What comes of a message on fx-rates."""
        return list(self.operator.process_element(incoming(raw, key), CONTEXT))

    def counted(self) -> dict[str, int]:
        """Each count that is not 0."""
        return {name: one.count for name, one in self.metrics.counters.items() if one.count}


def exchanged(raw: bytes | None, key: str = "k") -> list[Any]:
    """What comes of a message on fx-rates."""
    return Checking().told(raw, key)


def test_profile_goes_to_each_account() -> None:
    """A profile's message is addressed to each of its accounts, marked as one, its timestamp kept."""
    raw = encode_json(customer_message(account_ids=["a-1", "a-2"]))
    for account, row in zip(["a-1", "a-2"], fanned_out(raw), strict=True):
        assert (row[0], row[2]) == (account, "the timestamp")
        assert rows.arrival(row[1]) == rows.Arrival(account, raw, rows.FROM_PROFILES, 41)


@pytest.mark.parametrize(
    ("come_of", "raw", "topic", "reason"),
    [
        (fanned_out, b"{", "customers", "not_json"),
        (fanned_out, None, "customers", "empty_message"),
        (fanned_out, encode_json(customer_message(customer_id=...)), "customers", "missing_field"),
        (listed, b"{", "inventory", "not_json"),
        (listed, b"", "inventory", "empty_message"),
        (listed, encode_json(article_message(updated=...)), "inventory", "missing_field"),
        (exchanged, b"{", "fx-rates", "not_json"),
        (exchanged, encode_json(rate_message(rate=0.9)), "fx-rates", "wrong_type"),
        (checked, b"{", "labels", "not_json"),
        (checked, encode_json(label_message(is_fraud="yes")), "labels", "wrong_type"),
    ],
)
def test_refused_message_is_a_dead_letter(come_of: Any, raw: bytes | None, topic: str, reason: str) -> None:
    """What intake refuses leaves as one dead letter that says where it was, and nothing else does."""
    [(tag, row)] = come_of(raw)
    letter = orjson.loads(row[1])
    assert tag is rows.DEAD_LETTERS
    assert (letter["topic"], letter["partition"], letter["offset"]) == (topic, 3, 41)
    assert (letter["reason"], letter["record_time_ms"]) == (reason, NOON_MS)


def test_article_goes_to_its_merchant() -> None:
    """A version of an article leaves for the merchant that sells it."""
    [row] = listed(encode_json(article_message()))
    message = rows.arrival(row[1])
    assert (row[0], message.key, message.partition) == ("m-1", "m-1", rows.FROM_INVENTORY)
    assert decode_article(message.raw) == article()


def test_tombstone_removes_an_article() -> None:
    """A record without a value leaves as a removal, at the record's time, for the merchant of its key."""
    [row] = listed(None)
    assert row[0] == "m-1"
    assert decode_article(rows.arrival(row[1]).raw) == Article("r-1", "m-1", NOON_MS, removed=True)


def test_tombstone_of_nobody_is_a_dead_letter() -> None:
    """Without a key that names merchant and article there is nothing to remove."""
    [(tag, row)] = listed(None, key="m-1")
    assert tag is rows.DEAD_LETTERS
    assert (orjson.loads(row[1])["reason"], orjson.loads(row[1])["size_bytes"]) == ("bad_format", 0)


@pytest.mark.parametrize("come_of", [fanned_out, listed, checked, exchanged])
def test_clock_tick_goes_no_further(come_of: Any) -> None:
    """A clock tick is no profile, no article, no label and no rate, nor a dead letter."""
    assert come_of(CLOCK, rows.CLOCK_KEY) == []


def test_rate_is_checked_once_and_passed_on() -> None:
    """A rate of the job's base leaves packed, marked as one; each is counted at once."""
    checking = Checking()
    [row] = checking.told(encode_json(rate_message()))
    message = rows.arrival(row[1])
    assert (message.partition, decode_rate(message.raw)) == (rows.FROM_RATES, rate())
    assert checking.told(b"{") != []
    assert checking.counted() == {"rates": 1, "dead_letters": 1}


def test_rate_of_another_base_is_passed_over() -> None:
    """What is worth so many pounds is of no use to a job that thinks in euro, and no fault either."""
    checking = Checking()
    assert checking.told(encode_json(rate_message(base="GBP"))) == []
    assert checking.counted() == {"rates_of_another_base": 1}


def test_label_is_checked_and_tokenised() -> None:
    """A label leaves for the hour it was reported in, its card number as a token."""
    [row, (tag, passed)] = checked(encode_json(label_message(reported=NOON_MS + ONE_DAY_MS)))
    told = named(columns.LABEL, row)
    assert (told["transaction_id"], told["is_fraud"], told["card_token"]) == ("t-1", True, CARD_TOKEN)
    assert (told["event_date"], told["event_hour"]) == ("2026-04-02", "12")
    message = rows.arrival(passed[1])
    assert (tag, message.key, message.partition) == (rows.LABELLED, "m-1", rows.FROM_LABELS)
    assert decode_label(message.raw).card_token == CARD_TOKEN


def test_label_without_a_merchant_goes_to_the_archive_alone() -> None:
    """A label that names no merchant is nobody's risk."""
    [row] = checked(encode_json(label_message(merchant_id=...)))
    assert named(columns.LABEL, row)["merchant_id"] is None

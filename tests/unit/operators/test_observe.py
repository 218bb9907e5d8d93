"""
The stage of an entity, as drawings: messages in, features and state out.

    t+0d  x y   two payments at m-1
    t+7d  L     the label of x: fraud
    t+7d  z     sees y and x, a week ago: two payments, half of them fraud
"""

from __future__ import annotations

from typing import Any

import pytest
from pyflink.common import Instant, Row

from tests.builders import CARD_KEY, NOON_MS, ONE_DAY_MS, raw_json
from tests.unit.operators.stage import Stage
from udfs.operators import rows
from udfs.operators.arrived import decode_arrived
from udfs.operators.in_base import ObserveInBase
from udfs.operators.intake import Intake
from udfs.operators.observe import Observe

pytestmark = pytest.mark.unit


def test_risk_is_of_payments_old_enough_to_be_known() -> None:
    """The drawing above: fraud counts from its label on, and only a week after the payment."""
    stage = Stage()
    stage.pays("x")
    stage.pays("y", 0.1)
    stage.label("x", 7)
    stage.pays("z", 7.2)
    assert stage.seen() == [("x", 0, 0.0), ("y", 0, 0.0), ("z", 2, 0.5)]
    assert stage.sent_to == ["a-1"] * 3


def test_a_label_may_flip_and_repeat() -> None:
    """What was reported last is true; said twice it counts once; of nobody known it changes nothing."""
    stage = Stage()
    stage.pays("x")
    for name, fraud in (("x", True), ("x", True), ("nobody", True), ("x", False), ("x", True)):
        stage.label(name, 1, fraud=fraud)
    stage.pays("z", 7)
    assert stage.seen()[-1] == ("z", 1, 1.0)
    stage.operator.close()
    assert stage.metrics.counters["labels_matched"].count == 4
    assert stage.metrics.counters["labels_unmatched"].count == 1


def test_a_duplicate_counts_once() -> None:
    """A payment that comes twice is passed on twice, for its account to tell, and counted once."""
    stage = Stage()
    for _ in range(2):
        stage.pays("x")
    stage.pays("z", 7)
    assert stage.seen() == [("x", 0, 0.0), ("x", 0, 0.0), ("z", 1, 0.0)]


def test_order_of_arrival_does_not_matter_with_the_watermark() -> None:
    """
    Labels of one time are known before its payments; all is taken when the watermark has passed it.

    arrive   z(7)  x(0)  L(7)  y(0)      watermark 0 -> x y      watermark 7 -> z
    """
    stage = Stage(wait=True)
    stage.pays("z", 7)
    stage.pays("x", 0)
    stage.label("x", 7)
    stage.pays("y", 0)
    assert stage.passed == []
    stage.watermark(6.9)
    assert [name for name, _, _ in stage.seen()] == ["x", "y"]
    stage.watermark(7)
    assert stage.seen()[-1] == ("z", 2, 0.5)
    assert stage.states["waiting"] == {}


def test_late_is_taken_at_once_and_marked() -> None:
    """A payment at or before the watermark does not wait; the next one sees it at its place."""
    stage = Stage(wait=True)
    stage.watermark(1)
    stage.pays("x", 0.5)
    assert [one.late for one in stage.passed] == [True]
    stage.pays("z", 7.5)
    stage.watermark(8)
    assert stage.seen()[-1] == ("z", 1, 0.0)


def test_one_without_a_merchant_passes_through() -> None:
    """It waits for nobody, leaves no state, and has no merchant's features."""
    stage = Stage(wait=True)
    stage.pays("x", merchant_id=None)
    assert (stage.passed[0].features, stage.states["log"], stage.timers) == ({}, {}, set())


def test_each_is_converted_at_the_rate_of_its_time() -> None:
    """
    A payment leaves with its base amount, whatever has come since; one without a rate leaves without.

    day     0          1      2
    rate    0.90 USD          0.80 USD     of the yen nothing is known; euro is the base itself
    """
    stage = Stage(base="EUR")
    stage.hears()
    stage.hears(rate="0.8", effective_ms=NOON_MS + 2 * ONE_DAY_MS)
    for name, day, currency in (("a", 2, "USD"), ("b", 1.9, "USD"), ("c", -0.1, "USD"), ("d", 1, "JPY")):
        stage.pays(name, day, currency=currency, amount_minor=100)
    stage.pays("e", 0, merchant_id=None, currency="EUR", amount_minor=100)
    assert stage.in_base() == {"a": 80, "b": 90, "c": None, "d": None, "e": 100}
    stage.operator.close()
    assert stage.metrics.counters["without_base_amount"].count == 2


def test_rates_that_come_after_the_payment_are_known_when_the_watermark_passes() -> None:
    """With the watermark, order of arrival decides no base amount, not of one without a merchant either."""
    stage = Stage(wait=True, base="EUR")
    stage.pays("x", 1, currency="USD", amount_minor=100)
    stage.pays("y", 1, currency="USD", amount_minor=200, merchant_id=None)
    assert stage.passed == []
    stage.hears()
    stage.watermark(1)
    assert stage.in_base() == {"x": 90, "y": 180}
    assert stage.states["waiting"] == {}
    assert stage.states["log"].keys() == {"m-1"}


def test_a_payment_has_its_article_and_its_base_amount() -> None:
    """A stage that converts knows its merchant's articles, and the other way round."""
    for wait in (False, True):
        stage = Stage(wait=wait, base="EUR")
        stage.hears()
        stage.sells(0.5, category="phones", currency="USD")
        stage.pays("x", 1, currency="USD", amount_minor=100, article_id="r-1")
        stage.watermark(1)
        assert stage.in_base() == {"x": 90}
        assert stage.passed[0].features["high_resale"] is True


def test_what_is_known_of_rates_is_restored() -> None:
    """The next life knows what a checkpoint holds, but for rates of another base."""
    first = Stage(base="EUR")
    first.hears()
    for base, expected in (("EUR", 90), ("GBP", None)):
        second = Stage(base=base, restored=first)
        second.pays("x", currency="USD", amount_minor=100)
        assert second.in_base() == {"x": expected}


def test_a_stage_that_was_never_opened_closes() -> None:
    """Flink closes operators of two inputs that failed before they were opened."""
    ObserveInBase(Observe(0, wait_for_watermark=False), "EUR").close()


def test_other_events_are_not_counted() -> None:
    """A login at the merchant sees its payments and is none."""
    stage = Stage()
    stage.pays("x")
    stage.pays("l", 0.1, event_type="login")
    stage.pays("z", 7.2)
    assert stage.seen()[-1] == ("z", 1, 0.0)


def test_a_merchant_that_is_not_seen_is_forgotten() -> None:
    """After the longest window, a margin and at most two days nothing of it is left, not even a timer."""
    stage = Stage()
    stage.pays("x")
    stage.pays("y", 1)
    stage.watermark(38)
    assert stage.states["log"] != {}
    stage.watermark(41)
    assert (stage.states["log"], stage.states["blocks"], stage.timers) == ({}, {}, set())


def test_intake_sends_a_payment_to_its_merchant() -> None:
    """What is checked leaves for the first entity; its card number is a token by then."""
    intake = Intake("transactions", lambda: CARD_KEY)
    stage = Stage()
    intake.open(stage)  # type: ignore[arg-type]
    context: Any = type("Context", (), {"timestamp": lambda _: NOON_MS})()
    raw = raw_json(merchant_id="m-9")
    [row] = intake.process_element(
        Row("a-1", Row("a-1", raw, 0, 1), Instant.of_epoch_milli(NOON_MS)), context
    )
    arrived = decode_arrived(rows.arrival(row[1]).raw)
    assert (row[0], arrived.txn.merchant_id, arrived.txn.account_id) == ("m-9", "m-9", "a-1")
    assert str(arrived.txn.card_token).startswith("k1:")


def test_what_intake_refuses_is_a_dead_letter() -> None:
    """A record that is none leaves on the side output alone."""
    intake = Intake("transactions", lambda: CARD_KEY)
    intake.open(Stage())  # type: ignore[arg-type]
    context: Any = type("Context", (), {"timestamp": lambda _: NOON_MS})()
    [(tag, _)] = intake.process_element(
        Row("a-1", Row("a-1", b"{", 0, 1), Instant.of_epoch_milli(NOON_MS)), context
    )
    assert tag is rows.DEAD_LETTERS
    assert list(intake.process_element(Row("", Row(rows.CLOCK_KEY, b"", 0, 2), None), context)) == []

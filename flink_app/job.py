"""
The graph, top to bottom.

    transactions --> intake --> observe merchant --+--> decide --> decided ------> archive
    customers -----> fan out profiles -------------+      |  +--> answers -------> topics
                                                          +-----> dead letters --> topic
    labels -------> check labels ------------------------------> labels --------> archive
                         +--> observe merchant
    inventory ----> fan out inventory --> observe merchant
    fx-rates -----> check rates --------> the first stage, each of its subtasks

There is an *observe* stage for each entity of the feature catalogue but the account; without
any, *decide* takes the transactions as they are read, and nobody reads the inventory. Rates are
read where they are on.

Ends are attached outside, by `main` or a test. A uid is a promise about state and
changes only with an ADR.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pyflink.common import Types
from pyflink.datastream import DataStream, KeyedStream, OutputTag
from pyflink.java_gateway import get_gateway

from schemas.card import CardKey
from udfs.clients.ends import Ends
from udfs.features.catalogue import MERCHANT, STAGES
from udfs.operators.check_labels import CheckLabels
from udfs.operators.check_rates import CheckRates
from udfs.operators.decide import Decide
from udfs.operators.decide_settings import DecideSettings
from udfs.operators.fan_out import FanOutInventory, FanOutProfiles
from udfs.operators.in_base import KNOWN, ObserveInBase
from udfs.operators.intake import Intake
from udfs.operators.observe import Observe
from udfs.operators.rows import ANSWERS, DEAD_LETTERS, DECIDED_TYPE, INCOMING, LABEL_TYPE, LABELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What flows in: raw messages, as `rows.INCOMING`."""

    transactions: DataStream
    customers: DataStream
    labels: DataStream
    inventory: DataStream | None  # None where no stage takes articles
    rates: DataStream | None = None  # None where nothing is converted


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What flows out."""

    decided: DataStream  # columns.DECIDED, one a transaction
    answers: DataStream  # columns.ANSWER, one a transaction
    labels: DataStream  # columns.LABEL
    dead_letters: DataStream  # (account or "", JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How the operators work: their settings, and what connects them to the world."""

    decide: DecideSettings
    make_ends: Callable[[], Ends]
    read_card_key: Callable[[], CardKey]
    labels_topic: str
    inventory_topic: str
    rates_topic: str
    base_currency: str
    has_stages: bool  # other entities than the account are observed
    buffer_timeout_ms: int


def build(inputs: Inputs, ways: Ways) -> Streams:
    """The whole graph between *inputs* and what it returns; every operator has a name and a uid."""
    profiles = (
        inputs.customers.process(FanOutProfiles(ways.decide.customers_topic), output_type=INCOMING)
        .name("fan out profiles")
        .uid("fan-out-profiles-v1")
    )
    labels = (
        inputs.labels.process(CheckLabels(ways.labels_topic, ways.read_card_key), output_type=LABEL_TYPE)
        .name("check labels")
        .uid("check-labels-v1")
    )
    staged = observed(inputs, side_output(labels, LABELLED), ways)
    # (account, (account, message, partition, offset), timestamp), keyed by account in the JVM
    messages = by_key(staged.messages.union(profiles))
    decided = (
        messages.process(Decide(ways.decide, ways.make_ends), output_type=DECIDED_TYPE)
        .name("decide")
        .uid("decide-v1")
    )
    dead_letters = side_output(decided, DEAD_LETTERS).union(
        *(side_output(each, DEAD_LETTERS) for each in (profiles, labels, *staged.refusing))
    )
    return Streams(
        decided=decided, answers=side_output(decided, ANSWERS), labels=labels, dead_letters=dead_letters
    )


class Staged(NamedTuple):
    """Transactions on their way to their accounts, and what refused others."""

    messages: DataStream
    refusing: list[DataStream]


def observed(inputs: Inputs, labels: DataStream, ways: Ways) -> Staged:
    """The transactions with the features of every entity that has a stage; the first converts them."""
    if not (STAGES and ways.has_stages):
        return Staged(inputs.transactions, [])
    decide, articles, rates = ways.decide, listed(inputs.inventory, ways), quoted(inputs.rates, ways)
    messages = intake = (
        inputs.transactions.process(
            Intake(decide.transactions_topic, ways.read_card_key), output_type=INCOMING
        )
        .name("intake")
        .uid("intake-v1")
        .set_buffer_timeout(ways.buffer_timeout_ms)
    )
    for place, entity in enumerate(STAGES):
        arriving = messages.union(labels, *articles) if entity.name == MERCHANT else messages
        stage = Observe(place, wait_for_watermark=decide.wait_for_watermark)
        name = entity.name.replace("+", " and ")
        messages = (
            through(by_key(arriving), stage, [] if place else rates, ways.base_currency)
            .name(f"observe {name}")
            .uid(f"observe-{name.replace(' ', '-')}-v1")
            .set_buffer_timeout(ways.buffer_timeout_ms)
        )
    return Staged(messages, [intake, *articles, *rates])


def listed(inventory: DataStream | None, ways: Ways) -> list[DataStream]:
    """The stream of articles on their way to their merchants; none where they are not read."""
    if inventory is None:
        return []
    articles = (
        inventory.process(FanOutInventory(ways.inventory_topic), output_type=INCOMING)
        .name("fan out inventory")
        .uid("fan-out-inventory-v1")
    )
    return [articles]


def quoted(rates: DataStream | None, ways: Ways) -> list[DataStream]:
    """The stream of exchange rates on their way to the first stage; none where they are not read."""
    if rates is None:
        return []
    checked = (
        rates.process(CheckRates(ways.rates_topic, ways.base_currency), output_type=INCOMING)
        .name("check rates")
        .uid("check-rates-v1")
    )
    return [checked]


def through(keyed: KeyedStream, stage: Observe, rates: Sequence[DataStream], base: str) -> DataStream:
    """*keyed* through *stage*; where there are *rates*, each of its subtasks hears of all of them."""
    if not rates:
        return keyed.process(stage, output_type=INCOMING)
    told = keyed.connect(rates[0].broadcast(KNOWN))
    return told.process(ObserveInBase(stage, base), output_type=INCOMING)


def side_output(stream: DataStream, tag: OutputTag) -> DataStream:
    """What *stream* emits under *tag*; PyFlink's own method puts a hop through Python behind it."""
    return DataStream(stream._j_data_stream.getSideOutput(tag.get_java_output_tag()))  # noqa: SLF001


def by_key(messages: DataStream) -> KeyedStream:
    """*messages* keyed by their first field in the JVM: a Python key selector costs a hop (DESIGN)."""
    key_type = Types.ROW([Types.STRING()])
    selector = get_gateway().jvm.KeyByKeySelector()
    java_stream = messages._j_data_stream  # noqa: SLF001  # the API has no JVM key selector
    keyed = java_stream.keyBy(selector, key_type.get_java_type_info())
    return KeyedStream(keyed, INCOMING, DataStream(java_stream))

"""
The keyed stage of an entity other than the account: a merchant, a device, a card.

It counts what it sees, adds the entity's features, and passes the transaction on to
the next stage, at last to its account; a merchant also knows its articles. Rules (ADR-0021):
what is of one event time is taken labels first, then transactions by id; nothing is decided here.
"""

from __future__ import annotations

from typing import Any

from pyflink.common import Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from schemas.article import Article
from schemas.decision import Value
from schemas.label import Label
from schemas.record import replace
from schemas.transaction import Transaction
from udfs import one_core
from udfs.features.catalogue import MERCHANT, STAGES, Entity
from udfs.features.known import digest
from udfs.features.listing import article_features, names_article
from udfs.features.log import MARGIN_MS, Log
from udfs.features.rates import Rates
from udfs.features.windows import DAY_MS
from udfs.operators import rows
from udfs.operators.account_state import decode_log, decode_waiting, encode_log, encode_waiting
from udfs.operators.accounts import Remembered
from udfs.operators.arrived import (
    Arrived,
    Waiting,
    decode_arrived,
    decode_article,
    decode_label,
    encode,
    in_order,
)
from udfs.operators.articles import Articles, forgotten_ms
from udfs.operators.blocks import StateBlocks
from udfs.operators.counters import Counters
from udfs.operators.idle import forget_at

_BEFORE_ALL = -(2**63)  # a watermark
_NOBODY = "\x00"  # begins the key of a transaction that names no such entity


def key_in(entity: Entity, txn: Transaction) -> str:
    """The key of *txn* in the stage of *entity*; one without passes through, spread by account."""
    return entity.key_of(txn) or _NOBODY + txn.account_id


class Observe(KeyedProcessFunction):
    """
    Every transaction is counted by its entity and leaves with the entity's features.

    Key, State: the entity; `log` (packed log, bounded by the plan's spans and by its blocks'
    size), `blocks` (day -> older events), `waiting` (event time -> what waits; transactions and
    labels only under order.wait = watermark). These are cleared when the key is not seen for the
    longest window. Of merchants alone `articles` (article -> its versions, bounded): cleared
    when the article is removed, so they are as many as topic inventory holds (ADR-0024).
    Emits: one `rows.passed_row` a transaction. If an event is missing, nothing waits for it.
    If late, it is counted at its time, and marked. With `rates`, which `in_base` gives to the first
    stage, a transaction leaves with its base amount; then those that name no such entity wait too.
    """

    rates: Rates | None = None

    def __init__(self, stage: int, *, wait_for_watermark: bool) -> None:
        self._stage = stage
        self._wait_for_watermark = wait_for_watermark

    def open(self, runtime_context: RuntimeContext) -> None:
        """State is at hand."""
        one_core.join()
        packed = Types.PICKLED_BYTE_ARRAY()
        self._entity = STAGES[self._stage]
        self._logs = Remembered(runtime_context.get_state(ValueStateDescriptor("log", packed)))
        self._waiting = runtime_context.get_map_state(MapStateDescriptor("waiting", Types.LONG(), packed))
        blocks = MapStateDescriptor("blocks", Types.LONG(), packed)
        self._blocks = StateBlocks(runtime_context.get_map_state(blocks))
        articles = MapStateDescriptor("articles", Types.STRING(), packed)
        sells = self._entity.name == MERCHANT
        self._articles = Articles(runtime_context.get_map_state(articles)) if sells else None
        self._counters = Counters(runtime_context.get_metrics_group())

    def close(self) -> None:
        """What was counted is told."""
        self._counters.publish()

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> list[Any]:
        """Take a transaction or a label, now or when the watermark has passed it; an article at once."""
        message = rows.arrival(value)
        if message.partition == rows.FROM_INVENTORY:
            return self._learn(decode_article(message.raw), ctx)
        # Without waiting nothing is asked of the JVM: its account tells what is late (ADR-0021).
        watermark_ms = ctx.timer_service().current_watermark() if self._wait_for_watermark else _BEFORE_ALL
        if message.partition == rows.FROM_LABELS:
            label = decode_label(message.raw)
            item, at_ms = Waiting(labels=(label,)), label.reported_ms
        else:
            arrived = decode_arrived(message.raw)
            at_ms = arrived.txn.event_time_ms
            item = Waiting(arrived=(replace(arrived, late=arrived.late or at_ms <= watermark_ms),))
        waits = self.rates is not None or not message.key.startswith(_NOBODY)
        if waits and self._wait_for_watermark and at_ms > watermark_ms:
            return self._wait(item, at_ms, ctx)
        return self._take(item, message.key, ctx)

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> list[Any]:
        """Take what the watermark has passed; without any, forget a key that is not seen any more."""
        packed = self._waiting.get(timestamp)
        item = decode_waiting(packed)
        if packed is not None:
            self._waiting.remove(timestamp)
        if self._articles is not None:
            for article_id in item.gone:
                self._articles.forget(article_id, timestamp)
        if item.arrived or item.labels:
            return self._take(item, rows.key_of(ctx), ctx)
        self._expire(timestamp, rows.key_of(ctx))
        return []

    def _learn(self, article: Article, ctx: Any) -> list[Any]:
        """Keep a version of an article: payments ask for that of their own time, so it need not wait."""
        if self._articles is not None:
            self._articles.learn(article, ctx.timer_service().current_watermark())
            self._counters.add("articles")
            if article.removed:
                gone = Waiting(gone=(article.article_id,))
                self._wait(gone, forgotten_ms(article.article_id, article.updated_ms), ctx)
        return []

    def _wait(self, item: Waiting, at_ms: int, ctx: Any) -> list[Any]:
        waiting = decode_waiting(self._waiting.get(at_ms))
        self._waiting.put(at_ms, encode_waiting(waiting.with_more(item)))
        ctx.timer_service().register_event_time_timer(at_ms)
        return []

    def _take(self, item: Waiting, key: str, ctx: Any) -> list[Any]:
        arrived = [self._in_base(each) for each in sorted(item.arrived, key=in_order)]
        if key.startswith(_NOBODY):
            return [self._passed(each) for each in arrived]
        log = Log(self._entity.plan, self._blocks, decode_log(self._logs.read(key)))
        day = log.newest_ms // DAY_MS
        for label in item.labels:
            self._mark(log, label)
        emitted = [self._seen(log, each) for each in arrived]
        self._logs.write(key, encode_log(log.packed()))
        if log.newest_ms // DAY_MS != day:
            behind_days = -(-(self._entity.plan.longest_ms + MARGIN_MS) // DAY_MS)
            forget_ms = forget_at(log.newest_ms, behind_days, key)
            ctx.timer_service().register_event_time_timer(forget_ms)
        return emitted

    def _in_base(self, arrived: Arrived) -> Arrived:
        if self.rates is None:
            return arrived
        txn = self.rates.in_base(arrived.txn)
        if txn.base_minor is None:
            self._counters.add("without_base_amount")
        return replace(arrived, txn=txn)

    def _mark(self, log: Log, label: Label) -> None:
        found = log.mark(digest(label.transaction_id), fraud=label.is_fraud)
        self._counters.add("labels_matched" if found else "labels_unmatched")

    def _seen(self, log: Log, arrived: Arrived) -> Any:
        """Count one transaction, but for a duplicate, which its account recognises too."""
        txn = arrived.txn
        event = self._entity.event_of(txn)
        features = self._entity.features(log, log.observe_once(event), event)
        return self._passed(replace(arrived, features=arrived.features | features | self._of_article(txn)))

    def _of_article(self, txn: Transaction) -> dict[str, Value]:
        """What is bought; nothing is read, and nothing said, where the payment does not name it."""
        if self._articles is None or not names_article(txn):
            return {}
        assert txn.article_id is not None  # noqa: S101  # for the type checker
        listing = self._articles.at(txn.article_id, txn.event_time_ms)
        if listing is None:
            self._counters.add("articles_unknown")
        return article_features(txn, listing)

    def _passed(self, arrived: Arrived) -> Any:
        following = self._stage + 1
        key = key_in(STAGES[following], arrived.txn) if following < len(STAGES) else arrived.txn.account_id
        return rows.passed_row(key, encode(arrived), rows.STAGED)

    def _expire(self, now_ms: int, key: str) -> None:
        log = Log(self._entity.plan, self._blocks, decode_log(self._logs.read(key)))
        if log.expired(now_ms):
            log.clear()
            self._logs.clear(key)

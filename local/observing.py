"""
A file's or an archive's transactions as the stream observes them, without the engine.

Rules: nothing is computed here; the stream's own code is called, in the order that the watermark
gives: by event time, labels first, then transactions by id.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import batched
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from local.generator.traffic import Message
from local.mapping import BACKWARDS_MS, MappedSource, MappingError
from schemas.card import CardKey
from schemas.decision import Value
from schemas.errors import RecordError
from schemas.intake import read_article, read_customer, read_rate, read_transaction
from schemas.transaction import Transaction, tie_break
from schemas.wire_out import encode_json
from udfs.features.blocks import Event, MemoryBlocks
from udfs.features.catalogue import MERCHANT, STAGES, Entity
from udfs.features.engine import is_duplicate, observe
from udfs.features.history import AccountHistory
from udfs.features.known import digest
from udfs.features.listing import Listing, article_features, listing_of, names_article, relisted
from udfs.features.log import Log
from udfs.features.profile import Profile, learned, profile_of
from udfs.features.rates import Rates
from udfs.features.versions import as_of

_KEY = CardKey("local", b"features do not depend on it")
_ALL = 10**9  # versions of a profile, an article or a rate: nothing is forgotten here
_NOTHING = -1  # is passed before all is told
_LOT = 2048  # rows put in order at a time
PLAIN = (  # the fields that `plain` takes, before a mapping's amounts become minor units
    "transaction_id", "account_id", "event_time", "amount", "amount_minor", "currency",
    "event_type", "merchant_id", "auth_result", "device_id",
)  # fmt: skip

type Inventory = Mapping[tuple[str, str], Sequence[Listing]]
type Seen = tuple[Any, ...]  # (key, *event) of a payment, (key, id) of a fraud


NO_INVENTORY: Inventory = MappingProxyType({})


class Step(NamedTuple):
    """A transaction, or, without one, the fraud that *label* reports."""

    txn: Transaction | None
    label: Message


def steps(told: Iterable[tuple[Transaction, Message | None]]) -> Iterator[Step]:
    """Transactions, and the frauds that their labels tell of, as the watermark would release them."""
    waiting: list[tuple[int, int, tuple[int, str], int, Step]] = []
    newest_ms = 0
    for lot in batched(enumerate(told), _LOT):
        for number, (txn, label) in lot:
            newest_ms = max(newest_ms, txn.event_time_ms)
            waiting.append((txn.event_time_ms, 1, tie_break(txn), number, Step(txn, {})))
            if label and label["is_fraud"]:  # told once, so that it is none changes nothing
                waiting.append((label["reported"], 0, (0, ""), number, Step(None, label)))
        waiting.sort()
        released = bisect_right(waiting, newest_ms - BACKWARDS_MS, key=itemgetter(0))
        yield from [one[-1] for one in waiting[:released]]
        del waiting[:released]
    yield from [one[-1] for one in waiting]


def steps_of(source: MappedSource, read: Callable[[Message], Transaction]) -> Iterator[Step]:
    """Every row of *source*, through *read* and with its base amount, and the frauds among them."""
    rates = rates_of(source)
    if rates is None:
        return steps((read(sample.transaction), sample.label) for sample in source.samples())
    return steps((rates.in_base(read(sample.transaction)), sample.label) for sample in source.samples())


def rates_of(source: MappedSource) -> Rates | None:
    """
    Every rate of the rates' file; None where there is none.

    Raises:
        MappingError: At the first that intake would refuse.
    """
    if source.base is None:
        return None
    rates = Rates(source.base, most=_ALL)
    for message in source.rates():
        try:
            rates.learn(read_rate(encode_json(message)))
        except RecordError as error:
            raise MappingError(f"rates, {error.where}", error.found, error.expected) from error
    return rates


def plain(message: Message) -> Transaction:
    """What the logs need of a row; the reader has checked it."""
    return Transaction(
        transaction_id=message["transaction_id"],
        account_id=message["account_id"],
        event_time_ms=message["event_time"],
        amount_minor=message["amount_minor"],
        currency=message["currency"],
        event_type=message.get("event_type", "payment"),
        merchant_id=message.get("merchant_id"),
        auth_result=message.get("auth_result"),
        device_id=message.get("device_id"),
    )


def whole(message: Message) -> Transaction:
    """A row as intake takes it."""
    return read_transaction(encode_json(message), message["account_id"], message["event_time"], _KEY)


def marked(label: Message) -> Seen:
    """What the merchant of *label* sees of it."""
    return label.get("merchant_id"), digest(label["transaction_id"])


class Logs:
    """Every log of one entity, and what it has to say."""

    def __init__(self, entity: Entity) -> None:
        self._entity = entity
        self._absent = list(entity.absent.values())
        self._logs: defaultdict[str, Log] = defaultdict(lambda: Log(entity.plan, MemoryBlocks()))

    def take(self, lot: Sequence[Seen | None]) -> list[list[Any]]:
        """A column a feature, a value a transaction of *lot*; key by key, while it is in the CPU's cache."""
        by_key: defaultdict[str | None, list[tuple[int, Seen]]] = defaultdict(list)
        for place, seen in enumerate(lot):
            if seen is not None:
                by_key[seen[0]].append((place, seen[1:]))
        values: list[list[Any] | None] = [None] * len(lot)
        for key, told in by_key.items():
            for place, parts in told:
                values[place] = self._values(key, *parts)
        return [list(column) for column in zip(*filter(None, values), strict=True)]

    def _values(self, key: str | None, *told: Any) -> list[Any] | None:
        """The features of a payment; None for a fraud, which is marked."""
        if len(told) == 1:
            if key is not None and key in self._logs:
                self._logs[key].mark(told[0], fraud=True)
            return None
        if key is None:
            return self._absent
        log, event = self._logs[key], Event(*told)
        return self._entity.values(log, log.observe_once(event), event)


def profiles_of(source: MappedSource) -> dict[str, tuple[Profile, ...]]:
    """Every version of the profile of each account that the customers' file names, oldest first."""
    known: dict[str, tuple[Profile, ...]] = {}
    for message in source.customers():
        customer = read_customer(encode_json({"updated": 0, **message}))
        for account_id in customer.account_ids:
            known[account_id] = learned(known.get(account_id, ()), profile_of(customer), most=_ALL)
    return known


def listings_of(source: MappedSource) -> Inventory:
    """Every version of each article of the inventory's file, by merchant and article, oldest first."""
    known: dict[tuple[str, str], tuple[Listing, ...]] = {}
    for message in source.articles():
        raw = None if message.get("removed") else encode_json({"updated": 0, **message})
        names = message["merchant_id"], message["article_id"]
        article = read_article(raw, "/".join(names), message.get("updated", 0))
        known[names] = relisted(known.get(names, ()), listing_of(article), passed_ms=_NOTHING, most=_ALL)
    return known


class Everything:
    """Every account and every other entity, observed as the stream observes them."""

    def __init__(
        self, profiles: Mapping[str, Sequence[Profile]], inventory: Inventory = NO_INVENTORY
    ) -> None:
        self._profiles = profiles
        self._inventory = inventory
        self._histories: dict[str, AccountHistory] = {}
        self._blocks: defaultdict[str, MemoryBlocks] = defaultdict(MemoryBlocks)
        self._stages = [Logs(entity) for entity in STAGES]

    def take(self, step: Step) -> tuple[str, dict[str, Any]] | None:
        """A transaction's id and features; None for a label, and for a duplicate."""
        if step.txn is None:
            self._mark(step.label)
            return None
        txn = step.txn
        others: dict[str, Any] = {}
        for entity, logs in zip(STAGES, self._stages, strict=True):
            seen = (entity.key_of(txn), *entity.event_of(txn))
            others |= zip(entity.absent, (column[0] for column in logs.take([seen])), strict=True)
            if entity.name == MERCHANT and names_article(txn):
                others |= self._of_article(txn)
        history = self._histories.get(txn.account_id, AccountHistory())
        if is_duplicate(history, txn):
            return None
        profile = as_of(self._profiles.get(txn.account_id, ()), txn.event_time_ms)
        blocks = self._blocks[txn.account_id]
        observed = observe(history, txn, profile, blocks)
        self._histories[txn.account_id] = observed.history
        return txn.transaction_id, observed.snapshot | others

    def _of_article(self, txn: Transaction) -> dict[str, Value]:
        listings = self._inventory.get((txn.merchant_id or "", txn.article_id or ""), ())
        return article_features(txn, as_of(listings, txn.event_time_ms))

    def _mark(self, label: Message) -> None:
        for entity, logs in zip(STAGES, self._stages, strict=True):
            if entity.name == MERCHANT:
                logs.take([marked(label)])

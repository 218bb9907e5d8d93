"""Whether a peer's windows are ours: its decisions beside what our features say of the same messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from local.bench.material import CARD_KEY
from local.bench.peers.verdict import WINDOWS_MS
from schemas.intake import read_transaction
from udfs.features.blocks import MemoryBlocks
from udfs.features.engine import observe
from udfs.features.history import AccountHistory

SHARED = tuple(f"{aggregate}_{window}" for window in WINDOWS_MS for aggregate in ("count", "sum"))


class Message(NamedTuple):
    """A transaction as it lies in its topic."""

    key: str
    value: bytes
    time_ms: int


class Difference(NamedTuple):
    """A value that a peer has otherwise than we, or a transaction that it did not decide."""

    transaction_id: str
    feature: str
    ours: Any
    theirs: Any


def differences(
    messages: Iterable[Message], decisions: Mapping[str, Mapping[str, Any]]
) -> Iterator[Difference]:
    """What differs, in the order of *messages*; *decisions* are a peer's, by transaction."""
    histories: dict[str, AccountHistory] = {}
    blocks: defaultdict[str, MemoryBlocks] = defaultdict(MemoryBlocks)
    for message in messages:
        txn = read_transaction(message.value, message.key, message.time_ms, CARD_KEY)
        seen = observe(histories.get(txn.account_id, AccountHistory()), txn, None, blocks[txn.account_id])
        histories[txn.account_id] = seen.history
        theirs = decisions.get(txn.transaction_id, {})
        for name in SHARED:
            if seen.snapshot[name] != theirs.get(name):
                yield Difference(txn.transaction_id, name, seen.snapshot[name], theirs.get(name))

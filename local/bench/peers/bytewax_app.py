"""
The work as a Bytewax dataflow: `BROKER=host:port python -m bytewax.run local.bench.peers.bytewax_app`.

State is kept in memory; with `-r DIR -s 5 -b 0` the recovery store takes a snapshot of
what has changed every 5 s, offsets with it.
"""

from __future__ import annotations

import os
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow

from local.bench.peers.verdict import decide


def decode(message: KafkaSourceMessage) -> tuple[str, dict[str, Any]]:
    """Account and transaction."""
    return message.key.decode(), orjson.loads(message.value)


def judge(past: list[Any] | None, txn: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The account's past to keep, and the decision on *txn*."""
    return decide(past or [], txn)


def encode(decided: tuple[str, dict[str, Any]]) -> KafkaSinkMessage:
    """The decision, keyed by its account."""
    account_id, decision = decided
    return KafkaSinkMessage(account_id.encode(), orjson.dumps(decision))


brokers = [os.environ["BROKER"]]
flow = Dataflow("peer_bytewax")
incoming = kop.input("transactions", flow, brokers=brokers, topics=["transactions"])
transactions = op.map("decode", incoming.oks, decode)
decisions = op.stateful_map("judge", transactions, judge)
encoded = op.map("encode", decisions, encode)
kop.output("decisions", encoded, brokers=brokers, topic="peer-bytewax")

"""
Peers on the same work: `python -m local.bench.peers.run`.

Each reads a topic that was filled before, as one process with its own defaults, and
writes a decision a transaction. Its throughput is by the broker's clock: that of its
decisions from the first fifth on, when it has warmed up.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.partitioner.default import murmur2

from local import ports, session
from local.accept.readback import Readback, Written
from local.bench import cpu
from local.bench.jobs import WARM_PLACES
from local.bench.peers.agreement import SHARED, Message, differences
from local.bench.peers.process import PEERS, PYTHON, Peer, Running, running
from local.errors import StackError
from local.generator.delivery import Delivery, Record, WallClock, connect_producer
from local.generator.engine import Generator
from local.generator.traffic import TRANSACTIONS
from local.stack import Stack, interrupt, run_folder, tell
from local.topics import PARTITIONS, WRITTEN, create_topics
from schemas.wire_out import encode_json

MESSAGES, ACCOUNTS, SEED = 300_000, 10_000, 7  # several of the peers' commits and snapshots, 5 s apart
START_MS = 1_704_067_200_000  # 2024-01-01: history, as in a replay
WARM_SHARE = 0.2
POLL_S = 0.25
STALLED_S = 60.0


class Reading(NamedTuple):
    """The CPU seconds that a process had used at a moment, UTC epoch ms."""

    time_ms: float
    cpu_s: float


def sample(count: int = MESSAGES, accounts: int = ACCOUNTS) -> list[Message]:
    """The generator's first *count* transactions of *accounts*, as they lie in the topic."""
    samples = islice(Generator(seed=SEED, accounts=accounts, start_ms=START_MS).samples(), count)
    transactions = (one.transaction for one in samples)
    return [Message(one["account_id"], encode_json(one), one["event_time"]) for one in transactions]


def prepare(bootstrap: str, messages: Sequence[Message]) -> None:
    """The broker has the job's topics and the peers', and that of transactions got *messages*."""
    create_topics(bootstrap)
    _create_outputs(bootstrap)
    with closing(Delivery(lambda: connect_producer(bootstrap), WallClock())) as delivery:
        for key, value, time_ms in messages:
            partition = (murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS
            delivery.send(Record(TRANSACTIONS, key.encode(), value, time_ms, partition, None))
        delivery.flush()


def measure(peer: Peer, bootstrap: str, messages: Sequence[Message], python: Path = PYTHON) -> dict[str, Any]:
    """
    The case of *peer* on *messages*, which are all that the topic of transactions holds.

    `cores` is its CPU over the time that its throughput is taken from; `differing` counts
    the window values that are not ours, of those that were `compared`.

    Raises:
        PeerFailed: If it ends, or decides nothing for a minute, before all is decided.
    """
    output = Readback(bootstrap, [peer.topic])
    with running(peer, bootstrap, python) as process:
        readings = list(_readings(process, bootstrap, peer.topic, len(messages)))
    written = output.read(len(messages))
    return {
        "name": peer.name,
        **figures([record.time_ms for record in written], readings),
        "transactions": len(messages),
        "decided": len({record.message["transaction_id"] for record in written}),
        **agreement(messages, written),
    }


def agreement(messages: Sequence[Message], written: Sequence[Written]) -> dict[str, int]:
    """How many of a peer's window values were compared with ours, and how many of them differ."""
    some = [message for message in messages if is_checked(message.key)]
    decisions = [record.message for record in written if is_checked((record.key or b"").decode())]
    differing = differences(some, {decision["transaction_id"]: decision for decision in decisions})
    return {"compared": len(some) * len(SHARED), "differing": sum(1 for _ in differing)}


def is_checked(account_id: str) -> bool:
    """Whether the windows of an account are compared with ours: one account in ten."""
    return crc32(account_id.encode()) % 10 == 0


def figures(appended_ms: Sequence[int], readings: Sequence[Reading]) -> dict[str, float]:
    """Records a second from the first fifth of *appended_ms* on, and the cores that were busy meanwhile."""
    times_ms = sorted(appended_ms)[int(len(appended_ms) * WARM_SHARE) :]
    seconds = (times_ms[-1] - times_ms[0]) / 1000
    at_ms, cpu_s = zip(*readings, strict=True)
    before_s, after_s = np.interp([times_ms[0], times_ms[-1]], at_ms, cpu_s)
    return {
        "txn_per_s": round((len(times_ms) - 1) / seconds, 1),
        "cores": round(float(after_s - before_s) / seconds, 2),
    }


def _readings(process: Running, bootstrap: str, topic: str, expected: int) -> Iterator[Reading]:
    """The CPU used by *process* until *topic* has got *expected* records."""
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, group_id=None)) as consumer:
        before = found = sum(consumer.end_offsets(partitions).values())
        moved_s = time.monotonic()
        yield Reading(time.time() * 1000, cpu.of_process(process.pid))
        while found < before + expected:
            time.sleep(POLL_S)
            last, found = found, sum(consumer.end_offsets(partitions).values())
            moved_s = time.monotonic() if found > last else moved_s
            process.check(time.monotonic() - moved_s, STALLED_S)
            yield Reading(time.time() * 1000, cpu.of_process(process.pid))


def _create_outputs(bootstrap: str) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        there = set(admin.list_topics())
        missing = [peer.topic for peer in PEERS if peer.topic not in there]
        new = [NewTopic(name, PARTITIONS, 1, topic_configs=WRITTEN) for name in missing]
        if new:
            admin.create_topics(new, wait_for_metadata=True)


def main(arguments: Sequence[str]) -> int:
    """Each peer's case is on the terminal, measured on a broker with no other data."""
    signal.signal(signal.SIGTERM, interrupt)
    options = _parser().parse_args(arguments)
    stack = Stack(run_folder(), ports.from_environment(os.environ), places=WARM_PLACES)
    try:
        with session.kept_or_stopped(stack, keep=False):
            stack.stop()
            stack.erase()
            stack.start(["kafka"])
            messages = sample(options.transactions, options.accounts)
            prepare(stack.endpoints["kafka"], messages)
            for peer in PEERS:
                case = measure(peer, stack.endpoints["kafka"], messages, options.python)
                print(json.dumps(case), flush=True)
    except StackError as error:
        tell(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        tell("interrupted; everything is stopped")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.bench.peers.run", description=__doc__)
    parser.add_argument("--transactions", type=int, default=MESSAGES, help=f"how many ({MESSAGES})")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help=f"of how many accounts ({ACCOUNTS})")
    parser.add_argument("--python", type=Path, default=PYTHON, help="of the peers' environment (.venv-peers)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

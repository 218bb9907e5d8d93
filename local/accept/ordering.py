"""
The endpoint answers each call after another random time, up to the deadline itself.

Promised: the decisions of each account leave in the order in which its transactions
came, and none is missing.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

from local import job
from local.accept.checks import LIVE, Check, Report, Size, broken, share
from local.accept.endpoint import set_faults
from local.accept.readback import DECISIONS, Readback, Written
from local.accept.sending import Outbound, send
from local.flink_files import JobPlan
from local.stack import Stack, tell
from schemas.wire_out import encode_json

_SIZES = {Size.FULL: 3_000, Size.SHORT: 600}
_ACCOUNTS = 50
_RATE = 300.0
_DELAY_MS = (1, 200)  # as long as the default deadline
_SEED = 43
_PATIENT = JobPlan(properties={**LIVE.properties, "score": {"deadline.ms": "1000"}})

Orders = Mapping[str, Sequence[str]]  # account -> transaction ids


class Ordering(NamedTuple):
    """In which order the transactions of each account came and left, and at what cost."""

    arrived: Orders
    left: Orders
    degraded: int
    restarts: int


def ordering(name: str, stack: Stack, size: Size) -> Report:
    """Traffic of a few accounts met an endpoint of random delays, and every decision was read back."""
    bootstrap, run = stack.endpoints["kafka"], f"ordering-{time.time_ns():x}"
    reader = Readback(bootstrap, [DECISIONS])
    accounts = _accounts(run, _SIZES[size])
    set_faults(stack, delay_ms=_DELAY_MS, seed=_SEED)
    try:
        tell(f"{name}: {len(accounts):,} transactions at {_RATE:.0f}/s")
        places = send(bootstrap, _records(run, accounts), _RATE)
        written = reader.read(len(accounts))
    finally:
        set_faults(stack)
    numbers = sorted(range(len(places)), key=places.__getitem__)  # partition by partition, by offset
    arrived = _by_account((accounts[number], _id(run, number)) for number in numbers)
    return judge(name, _seen(arrived, written, job.restarts(stack.places.ports.rest)))


def judge(name: str, seen: Ordering) -> Report:
    """What *seen* says about the promises."""
    sent = {txn for ids in seen.arrived.values() for txn in ids}
    decided = [txn for ids in seen.left.values() for txn in ids]
    missing, repeated = len(sent.difference(decided)), len(decided) - len(set(decided))
    astray = sorted(account for account in seen.arrived if not _in_order(seen, account))
    return Report(
        name=name,
        figures={
            "accounts": len(seen.arrived),
            "transactions sent": len(sent),
            "never decided": missing,
            "decided more than once": repeated,
            "accounts out of order": len(astray),
            "degraded": share(seen.degraded, len(decided)),
            "restarts": seen.restarts,
        },
        faults=broken(
            [
                (not missing, f"never decided: found {missing:,}, expected none"),
                (not repeated, f"decided more than once: found {repeated:,}, expected none"),
                (not astray, f"accounts out of order: found {', '.join(astray[:3])}, expected none"),
                (not seen.restarts, f"restarts: found {seen.restarts}, expected none"),
            ]
        ),
    )


CHECKS = (
    Check(name="ordering: deadline 200 ms", run=partial(ordering, "ordering: deadline 200 ms")),
    Check(name="ordering: deadline 1 s", run=partial(ordering, "ordering: deadline 1 s"), plan=_PATIENT),
)


def _in_order(seen: Ordering, account: str) -> bool:
    """Whether what was decided of *account* stands in the order of arrival; gaps are another fault."""
    places = {txn: place for place, txn in enumerate(seen.arrived[account])}
    left = [places[txn] for txn in seen.left.get(account, ()) if txn in places]
    return left == sorted(left)


def _seen(arrived: Orders, written: Sequence[Written], restarts: int) -> Ordering:
    told = [record.message for record in written]
    ours = [message for message in told if message["account_id"] in arrived]
    return Ordering(
        arrived=arrived,
        left=_by_account((message["account_id"], message["transaction_id"]) for message in ours),
        degraded=sum(message["degraded"] for message in ours),
        restarts=restarts,
    )


def _by_account(pairs: Iterator[tuple[str, str]]) -> Orders:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for account, txn in pairs:
        found[account].append(txn)
    return found


def _accounts(run: str, transactions: int) -> list[str]:
    """Whose each transaction is."""
    chance = Random(_SEED)
    return [f"{run}-{chance.randrange(_ACCOUNTS)}" for _ in range(transactions)]


def _records(run: str, accounts: Sequence[str]) -> Iterator[Outbound]:
    """The transactions, each dated when it is asked for."""
    for number, account in enumerate(accounts):
        now_ms = time.time_ns() // 1_000_000
        payment = {
            "transaction_id": _id(run, number),
            "account_id": account,
            "event_time": now_ms,
            "amount_minor": 1_000 + number,
            "currency": "EUR",
        }
        yield Outbound(account.encode(), encode_json(payment), now_ms)


def _id(run: str, number: int) -> str:
    return f"{run}-t{number}"

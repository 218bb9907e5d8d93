"""Us and the peers on the same messages: each reads a topic that was filled before."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from local import job, session
from local.bench import cpu
from local.bench.cases import Case
from local.bench.jobs import JobUnderTest, add_job, begin_services, bench_plan
from local.bench.peers import run
from local.bench.peers.agreement import Message
from local.bench.peers.process import PEERS
from local.bench.readback import Readback
from local.errors import StackError
from local.services.pids import OsProcesses, Pids
from local.stack import Stack, tell

_US = "peer_fraudstream"
_POLL_S, _STUCK_S = 0.25, 60.0


def peers(stack: Stack) -> Iterator[Case]:
    """The whole job, then each peer, on one broker and the same messages."""
    begin_services(stack)
    messages = run.sample()
    tell(f"filling the topic with {len(messages):,} transactions")
    run.prepare(stack.endpoints["kafka"], messages)
    yield _ours(stack, messages)
    session.stop_job(stack)
    for peer in PEERS:
        tell(f"case {peer.name}: {len(messages):,} transactions as fast as they are taken")
        case = run.measure(peer, stack.endpoints["kafka"], messages)
        yield {**case, "cores": {"peer": case["cores"]}}


def _ours(stack: Stack, messages: Sequence[Message]) -> Case:
    tell(f"case {_US}: {len(messages):,} transactions as fast as they are taken")
    decisions = Readback(stack.endpoints["kafka"], "decisions")
    under_test = JobUnderTest(plan=bench_plan())
    try:
        add_job(stack, under_test)
        readings = list(_readings(stack, decisions, len(messages)))
        found = run.figures(decisions.times_ms(), readings)
    finally:
        decisions.close()
    cores = {"job": found["cores"]}
    return {"name": _US, **under_test.traits, **found, "cores": cores, "transactions": len(messages)}


def _readings(stack: Stack, decisions: Readback, expected: int) -> Iterator[run.Reading]:
    """The CPU that the job had used, now and then until all is decided."""
    record = Pids(stack.places.run / "pids.json", OsProcesses()).alive(job.NAME)
    if record is None:
        raise StackError("the job is gone")
    found, since_s = 0, time.monotonic()
    while found < expected:
        last, found = found, decisions.count()
        since_s = time.monotonic() if found > last else since_s
        if time.monotonic() - since_s > _STUCK_S:
            raise StackError(f"the job has decided nothing for {_STUCK_S:.0f} s")
        yield run.Reading(time.time() * 1000, cpu.of_sessions([record.pid])[record.pid])
        time.sleep(_POLL_S)

"""
A job under load: what is sent to it, what it answers, and what all that costs.

Rules: nothing else is done while a measurement runs but sending; between two of them all
that was sent is decided. What a measurement gives back are raw answers and readings;
`cases` makes figures of them.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from local import job
from local.accept.endpoint import set_faults
from local.bench import cpu, flink_rest
from local.bench.jobs import JobUnderTest, begin
from local.bench.load import Pool, Sender, Sent
from local.bench.readback import Answer, Readback
from local.bench.times import Span
from local.errors import StackError
from local.patience import Patience
from local.services.pids import OsProcesses, Pids
from local.stack import Stack, tell

LEAD = 20_000  # at most so many messages are sent and not decided
WARM, WARM_STEP = 60_000, 15_000  # messages; both compilers of the JVM are done by then
_STEADY = 0.1  # two steps whose rates differ by less
_ENDPOINT_MS = 10.0
_POLL_S = 0.05
_STUCK_S = 60.0
_JOB = "job"
_NAMES = {"kafka": "kafka", "dynamodb": "dynamodb", "s3": "s3", "sagemaker": "endpoint"}  # others: the job


class Reading(NamedTuple):
    """The clocks of a moment: seconds since some time, and CPU seconds of processes, threads and machine."""

    at_s: float
    processes: Mapping[str, float]
    threads: Mapping[str, float]
    machine: cpu.Machine


class Used(NamedTuple):
    """Between two readings: seconds, CPU seconds by process and by thread of the job, and those stolen."""

    seconds: float
    processes: Mapping[str, float]  # `other`: what else ran on the machine
    threads: Mapping[str, float]
    stolen: float  # by the machine's host


def _nothing() -> None:
    """Do nothing."""


class Leg(NamedTuple):
    """A stretch of a schedule: messages a second, for how long, and what is done before it begins."""

    rate: float
    seconds: float
    first: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """
    What was sent, what came of it, and what was used meanwhile.

    Attributes:
        sents: What was sent on a schedule; none of what was sent as fast as it was taken.
        answers: Of all that was sent.
        used: While it was sent, or decided where there was no schedule.
        checkpoints: Those of the time.
    """

    sents: tuple[Sent, ...] = ()
    answers: list[Answer]
    used: Used
    checkpoints: list[Span] = field(default_factory=list)


def used_between(before: Reading, after: Reading) -> Used:
    """What was used from *before* to *after*."""
    processes = _more(before.processes, after.processes)
    busy = after.machine.busy - before.machine.busy
    return Used(
        seconds=after.at_s - before.at_s,
        processes={**processes, "other": max(0.0, busy - sum(processes.values()))},
        threads=_more(before.threads, after.threads),
        stolen=after.machine.stolen - before.machine.stolen,
    )


def _more(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}


class Rig:
    """A running job, its sender and its read-back. Ask `rig` for one."""

    def __init__(self, stack: Stack, under_test: JobUnderTest, pool: Pool) -> None:
        self.stack = stack
        self.job = under_test
        self.sender = Sender(stack.endpoints["kafka"], pool)
        self._answers = Readback(stack.endpoints["kafka"], "decisions")
        self._pids = Pids(stack.places.run / "pids.json", OsProcesses())

    @property
    def pids(self) -> dict[str, list[int]]:
        """The processes by what a report calls them; what is no service of the stack belongs to the job."""
        found: dict[str, list[int]] = {}
        for name in self._pids.services():
            if (record := self._pids.alive(name)) is not None:
                found.setdefault(_NAMES.get(name, _JOB), []).append(record.pid)
        return found

    def warm_up(self, least: int = WARM) -> list[Answer]:
        """
        The job decides as fast as it will; what it decided on the way.

        After *least* messages, or half as many more if its rate is not steady by then.
        """
        self._answers.skip()
        rates = [0.0]
        for done in range(WARM_STEP, least * 3 // 2 + 1, WARM_STEP):
            rates.append(self._step())
            if done >= least and abs(rates[-1] - rates[-2]) < _STEADY * rates[-1]:
                break
        self.settle()
        tell(f"  warm: {', '.join(f'{rate:,.0f}' for rate in rates[1:])}/s")
        return self._answers.take()

    def pass_on(self, count: int) -> None:
        """*count* messages were sent and decided, and nobody looked."""
        self.send_ahead(count)
        self.settle()

    def send_ahead(self, count: int) -> None:
        """*count* messages were sent, as fast as the job takes them; some are not decided yet."""
        self.sender.with_lead(count, LEAD, self._answers.count)

    def flooded(self, count: int) -> Measured:
        """*count* messages, as fast as the job takes them."""
        self._answers.skip()
        before = self.read()
        self.pass_on(count)
        used = used_between(before, self.read())
        return Measured(answers=self._answers.take(), used=used)

    def paced(self, *legs: Leg) -> Measured:
        """Messages at one rate after the other, each when it is due."""
        self._answers.skip()
        before = self.read()
        sents = tuple(self._travel(leg) for leg in legs)
        used = used_between(before, self.read())
        self.settle()
        passed = flink_rest.checkpoints(self.stack.places.ports.rest)
        return Measured(sents=sents, answers=self._answers.take(), used=used, checkpoints=passed)

    def settle(self) -> None:
        """
        All that was sent is decided.

        Raises:
            StackError: If nothing is decided for a minute.
        """
        patience = Patience(_STUCK_S, time.monotonic)
        while (decided := self._answers.count()) < self.sender.sent:
            if patience.is_out(decided):
                left = self.sender.sent - decided
                raise StackError(f"the job has decided nothing for {_STUCK_S:.0f} s; {left:,} are left")
            time.sleep(_POLL_S)

    def read(self) -> Reading:
        """The clocks of now."""
        pids = self.pids
        sessions = cpu.of_sessions(pid for each in pids.values() for pid in each)
        processes = {name: sum(sessions[pid] for pid in each) for name, each in pids.items()}
        alone = len(pids[_JOB]) == 1 and self.job.plan.parallelism == 1
        return Reading(
            time.monotonic(),
            {**processes, "generator": time.process_time()},
            cpu.of_threads(pids[_JOB][0]) if alone else {},
            cpu.of_machine(),
        )

    @property
    def decided(self) -> int:
        """All that was decided since the job began."""
        return self._answers.count()

    def restarts(self) -> int:
        """How often the job has restarted; a figure of one that did is none."""
        return job.restarts(self.stack.places.ports.rest)

    def close(self) -> None:
        """The clients' connections are closed; the job runs on."""
        self.sender.close()
        self._answers.close()

    def _travel(self, leg: Leg) -> Sent:
        leg.first()
        return self.sender.at_rate(leg.rate, leg.seconds)

    def _step(self) -> float:
        before, began_s = self._answers.count(), time.monotonic()
        self.send_ahead(WARM_STEP)
        return (self._answers.count() - before) / (time.monotonic() - began_s)


@contextmanager
def rig(stack: Stack, under_test: JobUnderTest, pool: Pool) -> Iterator[Rig]:
    """*under_test* runs from empty services, with an endpoint that takes 10 ms."""
    begin(stack, under_test)
    set_faults(stack, delay_ms=[_ENDPOINT_MS, _ENDPOINT_MS])
    gc.collect()
    gc.freeze()  # the pool never goes away: no pause for looking through it
    made = Rig(stack, under_test, pool)
    try:
        yield made
    finally:
        made.close()

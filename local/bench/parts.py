"""
The parts of `make bench`, each with a job of its own on empty services.

Rules: a part gives its cases one by one; the job runs until the next part begins. What is held
against a floor is measured before, between and after the other cases of its job, and the median
told: a machine changes its speed within minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import batched

from local.bench import cases
from local.bench.cases import TYPICAL, Case
from local.bench.jobs import JobUnderTest, bench_plan, the_floor, the_jvm_floor
from local.bench.load import Pool
from local.bench.measure import Rig, rig
from local.stack import Stack, tell

ACCOUNTS = 50_000
MANY, _FEWER, _VERY_MANY = 60_000, 40_000, 200_000  # a job, with DynamoDB, the JVM's floor
_TURN, _FLOOR_TURN = 25_000, 80_000  # of three each
_RATES = {200: 20.0, 500: 15.0, TYPICAL: 40.0, 2_000: 15.0}  # a second, and for how long: checkpoints fall in
_HASHMAP_S = 30.0
_FLOOR_S = 10.0


def whole_job(stack: Stack) -> Iterator[Case]:
    """RocksDB, no DynamoDB: throughput, every rate, a burst, a pause, and what the archive has of it."""
    tell("the job, with RocksDB and without DynamoDB")
    with rig(stack, JobUnderTest(plan=bench_plan()), Pool(ACCOUNTS)) as running:
        running.sender.profiles()
        running.warm_up()
        flood = partial(cases.throughput, running, "throughput", _TURN)
        yield from with_floods(flood, cases.latencies(running, "latency", _RATES), _surges(running))
        yield {"name": "committed", **cases.committed(running)}


def hashmap(stack: Stack) -> Iterator[Case]:
    """The typical rate with state on the heap."""
    tell("the job, with state on the heap")
    with rig(stack, JobUnderTest(plan=bench_plan(backend="hashmap")), Pool(ACCOUNTS)) as running:
        running.sender.profiles()
        running.warm_up()
        yield cases.latency(running, f"latency_{TYPICAL}_hashmap", TYPICAL, _HASHMAP_S)


def dynamodb(stack: Stack) -> Iterator[Case]:
    """Throughput with hot state."""
    tell("the job, with DynamoDB")
    with rig(stack, JobUnderTest(plan=bench_plan(hot_state=True)), Pool(ACCOUNTS)) as running:
        running.sender.profiles()
        answers = running.warm_up()
        case, more = cases.throughput_and_answers(running, "throughput_dynamodb", _FEWER)
        yield {**case, **cases.hot_state_written(running, answers + more)}


def floor(stack: Stack) -> Iterator[Case]:
    """The same ends, with an operator that passes on what it gets."""
    tell("the floor: the same ends, nothing decided")
    with rig(stack, JobUnderTest(plan=bench_plan(), services=the_floor), Pool(ACCOUNTS)) as running:
        running.warm_up()
        flood = partial(cases.throughput, running, "floor", _FLOOR_TURN)
        halves = (dict.fromkeys(rates, _FLOOR_S) for rates in batched(_RATES, 2))
        yield from with_floods(flood, *(cases.latencies(running, "floor", half) for half in halves))


def jvm_floor(stack: Stack) -> Iterator[Case]:
    """From Kafka to Kafka without Python."""
    tell("the floor without Python")
    with rig(stack, JobUnderTest(plan=bench_plan(), services=the_jvm_floor), Pool(ACCOUNTS)) as running:
        running.warm_up()
        yield cases.throughput(running, "floor_jvm", _VERY_MANY)


def with_floods(flood: Callable[[], Case], *groups: Iterator[Case]) -> Iterator[Case]:
    """The cases of *groups*, then the median of a *flood* before, between and after them."""
    floods = [flood()]
    for group in groups:
        yield from group
        floods.append(flood())
    yield cases.median(floods)


def _surges(running: Rig) -> Iterator[Case]:
    """More than the typical rate, and catching up after a pause."""
    yield cases.burst(running)
    yield cases.catch_up(running)

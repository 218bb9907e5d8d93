"""
What each pure Python stage costs: `python -m local.bench.pure`.

Rules: a stage's cost is told in microseconds of CPU, which are this machine's, and as a
ratio to a yardstick, a fixed piece of work done just before and just after it in the
same process, which hold for any machine. What slows both cancels; medians forget the
rest. The garbage collector is off, so that no stage pays for another's waste.
"""

from __future__ import annotations

import argparse
import gc
import hmac
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

import orjson

from local.bench.stages import Stage, pure_stages

SECONDS = 12.0  # over all stages: about 100 rounds
_BLOCK_US = 3_000  # of one piece: long beside the clock, short beside what the machine's speed does
_FEWEST_ROUNDS = 5

Clock = Callable[[], int]


class StageCost(NamedTuple):
    """What a stage costs a transaction; *ratio* is its cost in yardsticks."""

    stage: str
    us_per_txn: float
    ratio: float


def measure(
    seconds: float,
    *,
    stages: Sequence[Stage] | None = None,
    yardstick: Stage | None = None,
    clock: Clock = time.thread_time_ns,
) -> list[StageCost]:
    """
    The cost of each stage, in the order of *stages*; takes about *seconds* of CPU.

    Args:
        seconds: To spend on all stages together; fewer give noisier medians.
        stages: What is measured; the job's own unless given.
        yardstick: What a cost is compared with; ours unless given.
        clock: Nanoseconds of CPU.
    """
    with _no_garbage_collection():
        bench = _Bench(yardstick or Stage("yardstick", yardsticks), clock)
        sized = [(stage, bench.fitting(stage)) for stage in stages or pure_stages()]
        rounds = max(_FEWEST_ROUNDS, int(seconds * 1e6 / _BLOCK_US / (2 * len(sized) + 1)))
        rows = [bench.one_round(sized) for _ in range(rounds)]
    return [_median_cost(costs) for costs in zip(*rows, strict=True)]


def table(costs: Sequence[StageCost]) -> str:
    """*costs* for a person."""
    lines = (f"  {cost.stage:<20} {cost.us_per_txn:>10.2f} {cost.ratio:>10.3f}" for cost in costs)
    return "\n".join((f"  {'stage':<20} {'us/txn':>10} {'yardsticks':>10}", *lines))


class _Bench:
    """Pieces of work, timed one after the other."""

    def __init__(self, yardstick: Stage, clock: Clock) -> None:
        self._clock = clock
        self._yardstick = yardstick
        self._yards = self.fitting(yardstick)

    def fitting(self, stage: Stage) -> int:
        """How many transactions of *stage* take about a block."""
        count = 1
        while (us := self._us(stage, count)) * count < _BLOCK_US / 4:
            count *= 2
        return max(1, round(_BLOCK_US / us))

    def one_round(self, sized: Sequence[tuple[Stage, int]]) -> list[StageCost]:
        """Every stage once, each between two yardsticks."""
        gc.collect(0)  # with the collector off, all that is new is in the youngest generation
        costs, before = [], self._us(self._yardstick, self._yards)
        for stage, count in sized:
            us = self._us(stage, count)
            after = self._us(self._yardstick, self._yards)
            costs.append(StageCost(stage.name, us, 2 * us / (before + after)))
            before = after
        return costs

    def _us(self, stage: Stage, count: int) -> float:
        run = stage.prepare(count)
        began_ns = self._clock()
        run()
        return (self._clock() - began_ns) / 1_000 / count


def _median_cost(costs: Sequence[StageCost]) -> StageCost:
    return StageCost(
        costs[0].stage, median(cost.us_per_txn for cost in costs), median(cost.ratio for cost in costs)
    )


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# --- the yardstick: what Python and its C libraries do all day. Every committed ratio is
# measured with it, so it never changes; a new Python or orjson moves it, and the baseline with it.

_DOCUMENT = orjson.dumps(
    {
        "transaction_id": "5-6955b900-00000040",
        "account_id": "a-0000000",
        "event_time": 1_767_303_360_000,
        "amount_minor": 1_313,
        "currency": "EUR",
        "merchant_id": "m-milan-16",
        "country": "IT",
        "latitude": 45.5015,
        "longitude": 9.1589,
        "device_id": None,
        "past": [[1_767_225_600_000 + 3_600_000 * hour, 100 * hour, "payment"] for hour in range(20)],
    }
)
_SECRET = b"a secret of the yardstick, 32 b."


def yardsticks(count: int) -> Callable[[], object]:
    """*count* yardsticks, ready to run."""

    def run() -> None:
        for _ in range(count):
            one_yardstick()

    return run


def one_yardstick() -> bytes:
    """Decode, look back over what happened, tokenise and encode: always the same."""
    document = orjson.loads(_DOCUMENT)
    kept = {name: value for name, value in document.items() if value is not None}
    past = tuple((time_ms, minor, kind == "payment") for time_ms, minor, kind in kept.pop("past"))
    recent = [minor for time_ms, minor, pays in past if pays and time_ms > kept["event_time"] - 36_000_000]
    kept["token"] = hmac.digest(_SECRET, kept["account_id"].encode(), "sha256").hex()
    kept["count"], kept["sum"], kept["most"] = len(recent), sum(recent), max(recent)
    return orjson.dumps({**kept, "text": ",".join(map(str, recent)), "past": past})


def main() -> None:
    """The table is on the terminal."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.pure", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of CPU to spend ({SECONDS:.0f})")
    print(table(measure(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()

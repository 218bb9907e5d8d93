"""
What the catalogue of features costs: all of it, the account's part, and short windows alone.

Rule: the same job and the same traffic; the catalogue alone differs, as where a user edits it.
"""

from __future__ import annotations

from collections.abc import Iterator

from local.bench import cases
from local.bench.cases import TYPICAL, Case
from local.bench.jobs import JobUnderTest, bench_plan, with_catalogue
from local.bench.load import Pool
from local.bench.measure import rig
from local.bench.parts import ACCOUNTS, MANY
from local.stack import Stack, tell

# With the windows of windows.py, the features that there were before the catalogue.
_SHORT = """
features:
  - {name: count_24h, entity: account, aggregate: count, window: 24h}
  - {name: sum_24h, entity: account, aggregate: sum, window: 24h}
"""
_RATES = {200: 20.0, TYPICAL: 30.0}  # a second, and for how long


def whole(stack: Stack) -> Iterator[Case]:
    """The shipped catalogue, with its merchants' stage."""
    return _measured(stack, JobUnderTest(plan=bench_plan()), "catalogue_whole")


def accounts(stack: Stack) -> Iterator[Case]:
    """The shipped catalogue without the stages of other entities, as a setting has it."""
    return _measured(stack, JobUnderTest(plan=bench_plan(stages=False)), "catalogue_account")


def short(stack: Stack) -> Iterator[Case]:
    """Windows of up to 24 hours, of the account alone."""
    under_test = JobUnderTest(plan=bench_plan(), services=with_catalogue(_SHORT))
    return _measured(stack, under_test, "catalogue_short")


def _measured(stack: Stack, under_test: JobUnderTest, name: str) -> Iterator[Case]:
    tell(f"the job: {name}")
    with rig(stack, under_test, Pool(ACCOUNTS)) as running:
        running.sender.profiles()
        running.warm_up()
        yield cases.throughput(running, name, MANY)
        yield from cases.latencies(running, name, _RATES)

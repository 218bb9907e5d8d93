"""`make bench`: what the job does a second, how long a decision takes, and what each stage costs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from local import ports
from local.bench import batch, catalogues, growth, parts, profiles, pure, report, rivals
from local.bench.cases import Case
from local.bench.jobs import WARM_PLACES, leave_nothing
from local.bench.table import table
from local.errors import StackError
from local.stack import Stack, interrupt, run_folder, tell

Part = Callable[[Stack], Iterator[Case]]

WHOLE = "whole"
RUNS: Mapping[str, Sequence[Part]] = {
    WHOLE: (parts.whole_job, parts.floor, parts.dynamodb, parts.hashmap, parts.jvm_floor),
    "growth": (growth.one_job, growth.subtasks, growth.taskmanagers),
    "profiles": (profiles.thread, profiles.process),
    "catalogue": (catalogues.whole, catalogues.short, catalogues.accounts),
    "peers": (rivals.peers, batch.features),
}


def main(arguments: Sequence[str]) -> int:
    """0 if all was measured and nothing was wrong, 1 if not, 130 if interrupted; nothing is left running."""
    signal.signal(signal.SIGTERM, interrupt)
    options = _parser().parse_args(arguments)
    stack = Stack(run_folder(), ports.from_environment(os.environ), places=WARM_PLACES)
    try:
        faults = _run(stack, options.only or WHOLE)
    except StackError as error:
        tell(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        tell("interrupted; everything is stopped")
        return 130
    for fault in faults:
        tell(f"FAULT: {fault}")
    return 1 if faults else 0


def _run(stack: Stack, only: str) -> list[str]:
    """The cases of *only* are in the report and on the terminal; what was wrong with any."""
    began_s, head, faults = time.monotonic(), report.head(), list[str]()
    try:
        for part in RUNS[only]:
            found = list(part(stack))
            faults += [f"{case['name']}: {fault}" for case in found for fault in case.get("faults", ())]
            _add({"cases": found}, head, began_s)
    finally:
        leave_nothing(stack)
    if only == WHOLE:
        _add({"pure": _pure()}, head, began_s)
    _show()
    return faults


def _pure() -> list[dict[str, Any]]:
    tell(f"pure stages: {pure.SECONDS:.0f} s")
    return [cost._asdict() for cost in pure.measure(pure.SECONDS)]


def _add(found: Mapping[str, Any], head: Mapping[str, Any], began_s: float) -> None:
    """What was *found* is in the report, which is on disk: an accident later costs no more than a part."""
    seconds = round(time.monotonic() - began_s)
    report.save(report.merged(report.load(), found, {**head, "seconds": seconds}))


def _show() -> None:
    known = report.load()
    data, shown = report.save(known)
    print(table(known))
    print(f"figures: {data}\npage:    {shown}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.bench", description=__doc__)
    kinds = [only for only in RUNS if only != WHOLE]
    parser.add_argument("--only", choices=kinds, help="another kind of run than the usual one")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

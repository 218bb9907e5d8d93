"""`make accept`: each check on a stack of its own data, its figures, and whether all promises were kept."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence

from local import ports, session
from local.accept import flood, kill, ordering, outage, profiles
from local.accept.checks import Check, Report, Size, table
from local.errors import StackError
from local.stack import Stack, interrupt, run_folder, tell

CHECKS: tuple[Check, ...] = (*outage.CHECKS, *flood.CHECKS, *ordering.CHECKS, *kill.CHECKS, *profiles.CHECKS)


def main(arguments: Sequence[str]) -> int:
    """0 if every promise was kept, 1 if not, 130 if interrupted; nothing of ours is left running."""
    signal.signal(signal.SIGTERM, interrupt)
    options = _parser().parse_args(arguments)
    size = Size.SHORT if options.short else Size.FULL
    chosen = [check for check in CHECKS if options.only in (None, first_word(check))]
    try:
        stack = Stack(run_folder(), ports.from_environment(os.environ))
        with session.kept_or_stopped(stack, keep=False):
            reports = [_checked(stack, check, size) for check in chosen]
    except StackError as error:
        tell(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        tell("interrupted; everything is stopped")
        return 130
    return _conclude(reports)


def first_word(check: Check) -> str:
    """What `ONLY` calls *check*, and others of its kind."""
    return check.name.partition(":")[0]


def _checked(stack: Stack, check: Check, size: Size) -> Report:
    began_s = time.monotonic()
    tell(f"\n{check.name}")
    if check.plan is not None:
        session.begin_anew(stack, check.plan)
    report = check.run(stack, size)
    print(table(report), f"  ({time.monotonic() - began_s:.0f} s)", sep="\n", flush=True)
    return report


def _conclude(reports: Sequence[Report]) -> int:
    failed = [report.name for report in reports if report.faults]
    print(f"\n{len(reports) - len(failed)} of {len(reports)} checks passed", *failed, sep="\n  failed: ")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.accept", description=__doc__)
    parser.add_argument("--only", choices=sorted({first_word(check) for check in CHECKS}), help="one kind")
    parser.add_argument("--short", action="store_true", help="as much as `make test` does")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

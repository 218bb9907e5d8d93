"""The commands behind the Makefile: run, replay, up, down."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from local import ports, session
from local.errors import StackError
from local.export import add_named
from local.feeder import Plan, live
from local.flink_files import in_base, in_event_time_order, on_arrival
from local.generator.order import Order
from local.mapping import open_source
from local.mappings.tables import MappingError
from local.services import Places
from local.stack import Stack, interrupt, run_folder, tell

_LIVE_RATE = 300.0  # transactions a second of `make run`
_LIVE_LATENESS_MS = 60_000  # its event time runs a thousand times faster than the clock
_ORDERLY_MS = 1_000  # of a file in order: rows up to this much out of it are no fault (`local.mapping`)


def main(arguments: Sequence[str]) -> int:
    """0 if all went well, 1 after a message if not, 130 if interrupted; nothing of ours is left running."""
    signal.signal(signal.SIGTERM, interrupt)
    options = _parser().parse_args(arguments)
    try:
        places = partial(Places, fleeting=options.memory)
        options.act(Stack(run_folder(), ports.from_environment(os.environ), places=places), options)
    except (StackError, MappingError) as error:
        tell(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        tell("interrupted; everything is stopped")
        return 130
    return 0


def _run(stack: Stack, options: argparse.Namespace) -> None:
    now_ms = int(time.time() * 1000)
    with session.kept_or_stopped(stack, keep=options.keep):
        source, feed = live(options.seconds, options.rate or _LIVE_RATE, options.seed, now_ms)
        session.begin_anew(stack, in_base(on_arrival(_LIVE_LATENESS_MS), source.base))
        session.stream(stack, session.Traffic(source=source, plan=feed, out=options.out))


def _replay(stack: Stack, options: argparse.Namespace) -> None:
    source = open_source(options.data, options.mapping, options.label_delay_days)
    with session.kept_or_stopped(stack, keep=options.keep):
        lateness_ms = _ORDERLY_MS + round(options.shuffle_s * 1000)
        plan_of = on_arrival if options.rate else in_event_time_order
        session.begin_anew(stack, in_base(plan_of(lateness_ms, options.parallelism), source.base))
        feed = _replay_feed(stack, options, lateness_ms)
        session.stream(stack, session.Traffic(source=source, plan=feed, out=options.out))
        add_named(options.out / "features", source.features)


def _replay_feed(stack: Stack, options: argparse.Namespace, lateness_ms: int) -> Plan:
    order = Order(until_ms=options.until, shuffle_ms=round(options.shuffle_s * 1000), seed=options.seed)
    return Plan(
        order=order,
        rate=options.rate,
        lateness_ms=lateness_ms,
        pause_at=options.restart_at,
        on_pause=lambda: session.restart_job(stack),
    )


def _up(stack: Stack, _options: argparse.Namespace) -> None:
    session.resume(stack)
    tell(f"up: {stack.places.run / 'endpoints.json'} has the addresses; `make down` stops it")


def _down(stack: Stack, _options: argparse.Namespace) -> None:
    session.stop(stack)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="The local stack and the job.")
    parser.set_defaults(memory=False)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="generated traffic through the real job, live")
    run.add_argument("--seconds", type=_positive, default=60.0, help="how long traffic flows (60)")
    _common(run, Path("out/run"))
    run.set_defaults(act=_run)
    replay = commands.add_parser("replay", help="anyone's file through the real job, in event-time order")
    replay.add_argument("--data", type=Path, required=True, help="CSV or Parquet file")
    replay.add_argument(
        "--mapping", required=True, help="handbook, sparkov or a YAML file: docs/your-own-data.md"
    )
    replay.add_argument(
        "--until", type=_date, help="leave out what is dated from this day on, e.g. 2018-05-15"
    )
    replay.add_argument("--parallelism", type=int, default=1, choices=range(1, 5), help="subtasks (1)")
    replay.add_argument("--shuffle-s", type=float, default=0.0, help="disorder of up to so many seconds (0)")
    replay.add_argument(
        "--label-delay-days", type=float, help="from a transaction to its label (the mapping's)"
    )
    replay.add_argument("--restart-at", type=int, help="stop with a savepoint after so many rows, and go on")
    replay.add_argument(
        "--memory",
        action="store_true",
        help="DynamoDB's items in memory, for twice the speed: gone with its process",
    )
    _common(replay, Path("out/replay"))
    replay.set_defaults(act=_replay)
    commands.add_parser("up", help="services and job, left running").set_defaults(act=_up)
    commands.add_parser("down", help="stop services and job").set_defaults(act=_down)
    return parser


def _common(command: argparse.ArgumentParser, out: Path) -> None:
    command.add_argument("--out", type=Path, default=out, help=f"folder for the outputs ({out})")
    command.add_argument("--rate", type=_positive, help="transactions a second")
    command.add_argument("--seed", type=int, default=7, help="of generator or shuffling (7)")
    command.add_argument("--keep", action="store_true", help="leave services and data at the end")


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"found {text}, expected a number above 0")
    return value


def _date(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a date such as 2018-05-15") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

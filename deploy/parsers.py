"""How every command of `fraudstream` is spelt and answers: help, exit codes, times."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from functools import partial

from schemas.errors import BadSetting
from udfs.features.entries import span_ms

OK = 0
FAULT = 1
EXIT_CODES = "Exit codes: 0 all is well, 1 a fault in what was given, 2 wrong usage."

type Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # it has no other name


def add_parser(parent: Commands | None, name: str, about: str) -> argparse.ArgumentParser:
    """A parser whose help is *about*, a command of *parent* where there is one."""
    title = about.partition("\n")[0]
    make = argparse.ArgumentParser if parent is None else partial(parent.add_parser, help=title)
    return make(
        name,
        description=about,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def moment_ms(text: str) -> int:
    """
    The UTC epoch ms of a date or time as ISO 8601 writes them; a date is its first moment, UTC.

    Raises:
        ArgumentTypeError: If it is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a date such as 2026-04-01") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def period_ms(text: str) -> int:
    """
    Milliseconds of a span such as 30m, 6h or 1d.

    Raises:
        ArgumentTypeError: If it is none.
    """
    try:
        return span_ms(text)
    except BadSetting as error:
        raise argparse.ArgumentTypeError(f"found {error.found}, expected {error.expected}") from error

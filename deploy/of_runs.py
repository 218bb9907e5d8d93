"""
The commands of `fraudstream` that look at the folder of a run or replay.

Rule: what they call is imported when they are called, because pyarrow takes longer
to load than a rule to check.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from deploy.parsers import FAULT, OK, Commands, add_parser, moment_ms

_MEASURE_ABOUT = """\
Precision and recall of each rule, by the labels of a run.

Of labels with one transaction id the last reported counts; with --as-of, of those that were
known by then, beside the decisions that had been made. A transaction without a label counts as
honest, so that precision is the least that it can be: column `open` says how many there are.
"""
_SKEW_ABOUT = """\
Compare the features of an archive, as seen when deciding, with those computed from it anew.

Where they differ, the decision's own marks say why: it was late, out of order, or came after
one of its account that was; a merchant's features also depend on when labels and others'
payments arrived. A difference that nothing explains ends with exit code 1.
"""


def add_rules_commands(commands: Commands) -> None:
    """`rules measure`."""
    measure = _add_command(commands, "measure", _MEASURE_ABOUT)
    measure.add_argument(
        "--as-of", metavar="DATE", type=moment_ms, help="what was known at this date or time (UTC); all"
    )
    measure.set_defaults(command=_measure)


def add_features_commands(commands: Commands) -> None:
    """`features skew`."""
    _add_command(commands, "skew", _SKEW_ABOUT).set_defaults(command=_skew)


def _add_command(commands: Commands, name: str, about: str) -> argparse.ArgumentParser:
    parser = add_parser(commands, name, about)
    parser.add_argument("--run", metavar="OUT", type=Path, required=True, help="folder of a run or replay")
    return parser


def _measure(arguments: argparse.Namespace) -> int:
    from local.measuring import measure, table  # noqa: PLC0415  # see the module's rule

    for line in table(measure(arguments.run, arguments.as_of)):
        print(line)
    return OK


def _skew(arguments: argparse.Namespace) -> int:
    from local.skew import skew, table  # noqa: PLC0415  # see the module's rule

    told = skew(arguments.run)
    for line in table(told):
        print(line)
    return FAULT if told.unexplained else OK

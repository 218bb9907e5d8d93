"""
The commands of `fraudstream` that look at the folder of a run or replay.

Rule: what they call is imported when they are called, because pyarrow takes longer
to load than a rule to check.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from deploy.parsers import FAULT, OK, Commands, add_parser, moment_ms, period_ms

_MEASURE_ABOUT = """\
Precision and recall of each rule, by the labels of a run.

Of labels with one transaction id the last reported counts; with --as-of, of those that were
known by then, beside the decisions that had been made. A transaction without a label counts as
honest, so that precision is the least that it can be: column `open` says how many there are.
"""
_BASELINE_ABOUT = """\
Keep what the features of a run are like, to compare others with.

Of each feature: bins by its deciles, and the share of transactions in each. --from and --until
are dates or times of events (UTC); what is at --until is no longer taken.
"""
_QUALITY_ABOUT = """\
Have features changed? Each of them in each period, beside a baseline.

Prints, of each feature, the period that differs most: transactions, share of the missing (and
the baseline's), least, most and mean value, and the population stability index (PSI). Marks:
watch (PSI above 0.1), drift (above 0.25), both only beyond what chance does to so few
transactions, and "missing more". All periods are in OUT/feature_quality.json. See docs/features.md.
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
    """`features skew`, `features baseline` and `features quality`."""
    _add_command(commands, "skew", _SKEW_ABOUT).set_defaults(command=_skew)
    baseline = _add_command(commands, "baseline", _BASELINE_ABOUT)
    baseline.add_argument(
        "--to", metavar="FILE", type=Path, required=True, help="takes the baseline, as JSON"
    )
    _add_span(baseline)
    baseline.set_defaults(command=_baseline)
    quality = _add_command(commands, "quality", _QUALITY_ABOUT)
    quality.add_argument(
        "--baseline", metavar="FILE", type=Path, required=True, help="of `features baseline`"
    )
    quality.add_argument("--period", metavar="P", type=period_ms, default="1d", help="as 1d, 6h, 30m; 1d")
    _add_span(quality)
    quality.add_argument("--topic", metavar="T", help="also a record a feature and period to this topic")
    quality.add_argument("--brokers", metavar="HOST:PORT", help="where the topic is")
    quality.set_defaults(command=_quality, refuse=quality.error)


def _add_command(commands: Commands, name: str, about: str) -> argparse.ArgumentParser:
    parser = add_parser(commands, name, about)
    parser.add_argument("--run", metavar="OUT", type=Path, required=True, help="folder of a run or replay")
    return parser


def _add_span(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from", dest="from_ms", metavar="DATE", type=moment_ms, help="first event time taken"
    )
    parser.add_argument(
        "--until", dest="until_ms", metavar="DATE", type=moment_ms, help="first no longer taken"
    )


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


def _baseline(arguments: argparse.Namespace) -> int:
    from local.quality import Span, baseline_of, write_baseline  # noqa: PLC0415  # see the module's rule

    baseline = baseline_of(arguments.run, Span(arguments.from_ms, arguments.until_ms))
    write_baseline(baseline, arguments.to)
    rows = max((one.rows for one in baseline.features.values()), default=0)
    print(f"{len(baseline.features)} features of {rows:,} transactions")
    return OK


def _quality(arguments: argparse.Namespace) -> int:
    from local import quality, quality_table  # noqa: PLC0415  # see the module's rule

    if (arguments.topic is None) != (arguments.brokers is None):
        arguments.refuse("--topic and --brokers go together")
    baseline = quality.read_baseline(arguments.baseline)
    span = quality.Span(arguments.from_ms, arguments.until_ms)
    told = quality.quality(arguments.run, baseline, arguments.period, span)
    for line in quality_table.table(told):
        print(line)
    print(f"\n{quality.write_quality(told, arguments.run)}")
    if arguments.topic is not None:
        from local.quality_topic import publish  # noqa: PLC0415  # as above

        print(f"{publish(told, arguments.topic, arguments.brokers):,} records to {arguments.topic}")
    return OK

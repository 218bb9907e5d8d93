"""What a run came to: a table for the person who started it, and `summary.json` for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from local.evaluation import Evaluation, Measure
from local.generator.plan import FeedReport
from local.generator.tally import Latency
from local.watcher import Seen, busiest


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    All that there is to tell of a run or replay.

    Attributes:
        fed: What was sent.
        seen: What was read back.
        evaluation: The decisions against the labels; None when there were no labels.
        seconds: From the first transaction sent to the last decision read.
        outputs: What is to be found where, for people.
    """

    fed: FeedReport
    seen: Seen
    evaluation: Evaluation | None
    seconds: float
    outputs: Mapping[str, str] = field(default_factory=dict)


def write_summary(out: Path, outcome: Outcome) -> Path:
    """`summary.json` is in *out*, with exactly the keys of docs/your-own-data.md; its path."""
    seen = outcome.seen
    figures = {
        "transactions": outcome.fed.transactions,
        "decisions": seen.decisions,
        "dead_letters": seen.dead_letters,
        "late": seen.late,
        "alerts": seen.alerts,
        "degraded": seen.degraded,
        "seconds": round(outcome.seconds, 3),
        "latency_ms": seen.latency._asdict(),
    }
    out.mkdir(parents=True, exist_ok=True)
    path = out / "summary.json"
    path.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
    return path


def summary_table(outcome: Outcome) -> str:
    """The table that a person reads at the end."""
    blocks = [
        _lines("", _counts(outcome)),
        _lines("Verdicts", [(name, f"{count:,}") for name, count in busiest(outcome.seen.verdicts)]),
        _lines("Alerts by rule", [(name, f"{n:,}") for name, n in busiest(outcome.seen.alerts_by_rule)]),
        _evaluation(outcome.evaluation),
        _lines("Latency, sent to decided", [("p50 / p99 / p99.9", _latency(outcome.seen.latency))]),
        _lines("Not sent", [("", text) for text in outcome.fed.refusals]),
        _lines("Outputs", list(outcome.outputs.items())),
    ]
    return "\n".join(block for block in blocks if block)


def _counts(outcome: Outcome) -> list[tuple[str, str]]:
    fed, seen = outcome.fed, outcome.seen
    rate = seen.decisions / outcome.seconds if outcome.seconds else 0.0
    counts = {
        "transactions": fed.transactions,
        "decisions": seen.decisions,
        "alerts": seen.alerts,
        "dead letters": seen.dead_letters,
        "late": seen.late,
        "degraded": seen.degraded,
        "decided again": seen.duplicates,
        "labels sent": fed.labels,
        "profiles sent": fed.customers,
        "articles sent": fed.articles,
        "sent again": fed.resent,
        "refused": fed.refused,
    }
    shown = [(name, f"{count:,}") for name, count in counts.items()]
    return [*shown, ("seconds", f"{outcome.seconds:,.1f} ({rate:,.0f} decisions/s)")]


def _evaluation(evaluation: Evaluation | None) -> str:
    if evaluation is None:
        return ""
    rows = [("all verdicts above approve", evaluation.overall)]
    rows += [(f"rule {rule}", measure) for rule, measure in evaluation.by_rule.items()]
    lines = [(name, _measure(measure)) for name, measure in rows]
    lines += [(f"fraud {kind}", f"recall {_percent(m.recall)}") for kind, m in evaluation.by_kind.items()]
    return _lines("Against the labels", lines)


def _measure(measure: Measure) -> str:
    precision, recall = _percent(measure.precision), _percent(measure.recall)
    return f"precision {precision}  recall {recall}  ({measure.caught:,} of {measure.flagged:,} flagged)"


def _percent(share: float | None) -> str:
    return "     -" if share is None else f"{100 * share:5.1f}%"


def _latency(latency: Latency) -> str:
    return " / ".join("-" if value is None else f"{value:,.0f} ms" for value in latency)


def _lines(title: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    width = max(28, *(len(name) for name, _ in rows))
    return "\n".join([f"\n{title}".rstrip(), *(f"  {name:<{width}}  {value}" for name, value in rows)])

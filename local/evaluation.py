"""
How well the decisions caught what the labels call fraud.

Rules: a transaction is *flagged* when its verdict is above approve; one without a
label is honest. Precision is the share of the flagged that are fraud, recall the
share of the fraud that is flagged. A rule is measured by the transactions it fired on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from local.generator.tally import Decided


class Measure(NamedTuple):
    """How much was flagged, how much of that is fraud, and how much fraud there is."""

    flagged: int
    caught: int
    frauds: int

    @property
    def precision(self) -> float | None:
        """Share of the flagged that are fraud, 0..1; None if nothing was flagged."""
        return self.caught / self.flagged if self.flagged else None

    @property
    def recall(self) -> float | None:
        """Share of the fraud that was flagged, 0..1; None if there is none."""
        return self.caught / self.frauds if self.frauds else None


class Evaluation(NamedTuple):
    """The measures of the verdicts, of each rule that fired, and of the verdicts on each kind of fraud."""

    overall: Measure
    by_rule: dict[str, Measure]
    by_kind: dict[str, Measure]


def evaluate(decided: Iterable[Decided], frauds: Mapping[str, str]) -> Evaluation:
    """
    Compare final decisions with the labels.

    Args:
        decided: Each transaction's final decision.
        frauds: Transaction id to kind of fraud; those not decided are left out.
    """
    flagged: Counter[str | None] = Counter()  # by kind; None is honest
    present: Counter[str | None] = Counter()
    fired: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for transaction_id, verdict, rules in decided:
        kind = frauds.get(transaction_id)
        present[kind] += 1
        flagged[kind] += verdict != "approve"
        fired.update(rules)
        hit.update(rules if kind is not None else ())
    total = sum(count for kind, count in present.items() if kind is not None)
    caught = sum(count for kind, count in flagged.items() if kind is not None)
    return Evaluation(
        overall=Measure(sum(flagged.values()), caught, total),
        by_rule={rule: Measure(count, hit[rule], total) for rule, count in sorted(fired.items())},
        by_kind={
            kind: Measure(flagged[kind], flagged[kind], count)
            for kind, count in sorted(present.items(), key=str)
            if kind is not None
        },
    )

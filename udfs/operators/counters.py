"""Counts of what an operator did, handed to Flink's metrics now and then."""

from __future__ import annotations

import logging
from typing import Any

from schemas.decision import Decision, is_alert, is_priority
from udfs.metrics import METRICS

_log = logging.getLogger(__name__)
_PUBLISH_EVERY_MS = 1_000
_NOTICE_AT = (100, 1_000, 10_000, 100_000)  # dead letters in a row; each is said once


class Counters:
    """
    Plain counts by name, published every so many.

    A Flink counter costs a call into the JVM; a Python int does not, so counts
    are handed over in lots.
    """

    def __init__(self, metric_group: Any, publish_every: int = 256) -> None:
        group = metric_group.add_group("kinesisanalytics").add_group("Program", "fraudstream")
        self._counters = {
            metric.name: group.counter(metric.name) for metric in METRICS if metric.kind == "counter"
        }
        self._unpublished: dict[str, int] = {}
        self._totals: dict[str, int] = {}
        self._left = self._publish_every = publish_every
        self._due_ms = 0
        self._in_a_row = 0

    def add(self, name: str) -> None:
        """Count one *name*."""
        self._unpublished[name] = self._unpublished.get(name, 0) + 1
        self._left -= 1
        if not self._left:
            self.publish()

    def add_many(self, name: str, count: int) -> None:
        """Count *count* of *name*."""
        self._unpublished[name] = self._unpublished.get(name, 0) + count

    def decided(self, decision: Decision) -> None:
        """Count a decision and what is remarkable about it."""
        self.add("decisions")
        if decision.late:
            self.add("late")
        if decision.out_of_order:
            self.add("out_of_order")
        if decision.missing:
            self.add_many("missing_features", len(decision.missing))
        if decision.score.degraded:
            self.add("degraded_scores")
            self.add(f"degraded_{decision.score.reason}")
        if is_alert(decision):
            self.add("alerts")
            if is_priority(decision):
                self.add("priority_alerts")

    def reached(self, name: str, total: int) -> None:
        """Count what *name* has grown by since it was last told; *total* is of this operator's life."""
        before, self._totals[name] = self._totals.get(name, 0), total
        if total > before:
            self.add_many(name, total - before)

    def accepted(self) -> None:
        """A record passed intake."""
        self._in_a_row = 0

    def refused(self) -> None:
        """A record went to dead letters; many in a row are worth a notice, and the job goes on."""
        self.add("dead_letters")
        self._in_a_row += 1
        if self._in_a_row in _NOTICE_AT:
            _log.warning("%d dead letters in a row: look at the producer", self._in_a_row)

    def is_due(self, now_ms: int) -> bool:
        """Whether a second has passed since this was last so: then it is time to tell what was counted."""
        if now_ms < self._due_ms:
            return False
        self._due_ms = now_ms + _PUBLISH_EVERY_MS
        return True

    def publish(self) -> None:
        """Hand what was counted to Flink."""
        self._left = self._publish_every
        for name, count in self._unpublished.items():
            self._counters[name].inc(count)
        self._unpublished.clear()

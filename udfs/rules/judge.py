"""From hits to a verdict."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.decision import RuleHit, Verdict


def judge(hits: Iterable[RuleHit]) -> Verdict:
    """The most severe outcome among *hits*; APPROVE if there are none."""
    return Verdict(max((hit.outcome for hit in hits), default=Verdict.APPROVE))

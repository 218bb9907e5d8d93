"""Traffic of the generator, for tests."""

from __future__ import annotations

from itertools import islice
from typing import Any

from local.generator import Generator
from local.generator.traffic import Message, Sample

START_MS = 1_704_067_200_000  # 2024-01-01


def generator(**changes: Any) -> Generator:
    """A generator of 300 accounts, with more fraud than is usual."""
    return Generator(**({"seed": 1, "accounts": 300, "start_ms": START_MS, "fraud_ratio": 0.01} | changes))


def traffic(count: int, **changes: Any) -> list[Sample]:
    """The first *count* samples of a generator."""
    return list(islice(generator(**changes).samples(), count))


def kind_of(sample: Sample) -> str | None:
    """The kind of fraud that a sample is; None if it is honest."""
    return sample.label.get("kind") if sample.label else None


def frauds(samples: list[Sample], kind: str) -> dict[str, list[Message]]:
    """Transactions of that kind by account and moment of report: one list an episode."""
    episodes: dict[str, list[Message]] = {}
    for sample in samples:
        if sample.label and sample.label.get("kind") == kind:
            key = f"{sample.label['account_id']} {sample.label['reported']}"
            episodes.setdefault(key, []).append(sample.transaction)
    return episodes

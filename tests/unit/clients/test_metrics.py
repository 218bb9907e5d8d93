"""The register of metrics."""

from __future__ import annotations

import pytest

from udfs.clients import calling
from udfs.metrics import BY_NAME, METRICS

pytestmark = pytest.mark.unit


def test_each_metric_is_listed_once() -> None:
    """No two metrics share a name."""
    assert len(BY_NAME) == len(METRICS)


def test_each_metric_tells_what_it_is_and_what_to_do() -> None:
    """Every metric has unit, meaning and advice, and a name that CloudWatch and a dashboard can take."""
    for metric in METRICS:
        assert metric.name.replace("_", "").isalnum()
        assert metric.name == metric.name.lower()
        assert metric.unit
        assert metric.meaning.endswith(".")
        assert metric.what_to_do.endswith(".")


def test_each_reason_of_degradation_has_its_metric() -> None:
    """Every reason a score is degraded for is counted under a name of its own."""
    reasons = (
        calling.TIMEOUT,
        calling.THROTTLED,
        calling.BAD_RESPONSE,
        calling.BREAKER_OPEN,
        calling.UNAVAILABLE,
    )
    assert {f"degraded_{reason}" for reason in reasons} <= BY_NAME.keys()

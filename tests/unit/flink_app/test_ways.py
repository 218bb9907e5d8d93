"""Which topics are read, and how operators work, follows from the settings."""

from __future__ import annotations

import pytest

from flink_app.settings import parse_settings
from flink_app.ways import converts, sells_articles, ways_of
from tests.builders import given_also

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("rates", "read"), [("on", True), ("off", False)])
def test_rates_are_read_where_they_are_on(rates: str, *, read: bool) -> None:
    """Without them nothing is converted."""
    assert converts(parse_settings(given_also(base={"rates": rates}))) is read


@pytest.mark.parametrize(("stages", "read"), [("on", True), ("off", False)])
def test_the_inventory_is_read_where_merchants_are_observed(stages: str, *, read: bool) -> None:
    """No other operator knows articles."""
    assert sells_articles(parse_settings(given_also(engine={"entity.stages": stages}))) is read


@pytest.mark.parametrize(
    ("mode", "cores", "together"),
    [("thread", "one", True), ("thread", "all", False), ("process", "one", False)],
)
def test_python_stays_on_one_core_in_thread_mode(mode: str, cores: str, *, together: bool) -> None:
    """In process mode each worker has an interpreter, and a lock, of its own (ADR-0028)."""
    engine = {"execution.mode": mode, "python.cores": cores}
    assert ways_of(parse_settings(given_also(engine=engine))).decide.one_core is together

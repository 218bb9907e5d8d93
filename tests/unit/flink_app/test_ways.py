"""Which topics are read, and how operators work, follows from the settings."""

from __future__ import annotations

import pytest

from flink_app.settings import Settings, parse_settings
from flink_app.ways import converts, sells_articles, ways_of

pytestmark = pytest.mark.unit

LEAST: dict[str, dict[str, str]] = {
    "kafka": {"bootstrap.servers": "broker:9092"},
    "card": {"key.source": "file:/secret"},
    "archive": {"path": "s3://bucket/archive"},
}


def settings_with(group: str = "engine", **properties: str) -> Settings:
    """The least that a job needs, and *properties* of one group; an underscore in a name is a dot."""
    given = {name.replace("_", "."): value for name, value in properties.items()}
    return parse_settings({**LEAST, group: {**LEAST.get(group, {}), **given}})


@pytest.mark.parametrize(("rates", "read"), [("on", True), ("off", False)])
def test_rates_are_read_where_they_are_on(rates: str, *, read: bool) -> None:
    """Without them nothing is converted."""
    assert converts(settings_with("base", rates=rates)) is read


@pytest.mark.parametrize(("stages", "read"), [("on", True), ("off", False)])
def test_the_inventory_is_read_where_merchants_are_observed(stages: str, *, read: bool) -> None:
    """No other operator knows articles."""
    assert sells_articles(settings_with(entity_stages=stages)) is read


@pytest.mark.parametrize(
    ("mode", "cores", "together"),
    [("thread", "one", True), ("thread", "all", False), ("process", "one", False)],
)
def test_python_stays_on_one_core_in_thread_mode(mode: str, cores: str, *, together: bool) -> None:
    """In process mode each worker has an interpreter, and a lock, of its own (ADR-0028)."""
    settings = settings_with(execution_mode=mode, python_cores=cores)
    assert ways_of(settings).decide.one_core is together

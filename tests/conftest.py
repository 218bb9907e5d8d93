"""One local stack for the whole end-to-end tier, and the line that counts the tests of each tier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from local import session, setup_ends
from local.ports import free_ports
from local.stack import Stack

# No test is about time: a busy machine must fail none of them.
settings.register_profile("fraudstream", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fraudstream")

TIERS = ("unit", "graph", "engine", "e2e")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The services on free ports, with data of their own, and the topics, tables and bucket."""
    stack = Stack(tmp_path_factory.mktemp("stack"), free_ports())
    try:
        stack.start()
        setup_ends.create_ends(stack.endpoints)
        yield stack
    finally:
        session.stop(stack)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The data sets beside the checkout; tests that need them skip, and say so, where they are absent."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not beside the checkout")
    return folder


class TierCount:
    """Counts the tests that ran, by tier."""

    def __init__(self) -> None:
        self.ran: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call":
            self.ran.update(tier for tier in TIERS if tier in report.keywords)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(TierCount(), "tier-count")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    ran = terminalreporter.config.pluginmanager.get_plugin("tier-count").ran
    terminalreporter.write_line(" ".join(f"{tier} {ran[tier]}" for tier in TIERS))

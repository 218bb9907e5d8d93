"""PyFlink's own warnings, kept from failing the engine tier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine import jvm  # PyFlink is imported here, where its warnings are seen to

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def gateway() -> Iterator[Any]:
    """PyFlink's JVM."""
    with jvm.python_beside_it():
        yield jvm.start()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """PyFlink leaves the pipes to its JVM open."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))

"""What the pages on data and traffic show is what the code takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from local.generator.engine import KINDS
from local.mappings.fields import CELL_KEYS, INVENTORY_FIELDS, TRANSACTION_FIELDS
from local.mappings.spec import load_spec, parse_spec

pytestmark = pytest.mark.unit

DOCS = Path(__file__).parents[3] / "docs"


def test_ten_lines_of_yaml() -> None:
    """The ten-line mapping of the page is a mapping, and its sections on labels and files are too."""
    ten, rest = re.findall(r"```yaml\n(.*?)```", (DOCS / "your-own-data.md").read_text(), re.DOTALL)
    assert len(ten.splitlines()) == 10
    content = yaml.safe_load(ten)
    assert parse_spec("page", content).transactions.keys() <= TRANSACTION_FIELDS
    spec = parse_spec("page", content | yaml.safe_load(rest))
    assert (spec.customers_file, spec.inventory_file) == ("customers.csv", "articles.csv")


def test_every_name_is_explained() -> None:
    """The page names every field and every key of a cell; the generator's page every kind of fraud."""
    page = (DOCS / "your-own-data.md").read_text()
    assert not [name for name in TRANSACTION_FIELDS | INVENTORY_FIELDS | CELL_KEYS if f"`{name}`" not in page]
    assert not [kind for kind in KINDS if f"`{kind}`" not in (DOCS / "generator.md").read_text()]


@pytest.mark.parametrize("name", ["handbook", "sparkov", "generated"])
def test_included_mappings(name: str) -> None:
    """Each included mapping is free of faults."""
    assert load_spec(name).label

"""
The grammar of a mapping: a small YAML file, parsed and checked whole.

Rule: every fault of a mapping is found before the first row is read, and all are
told together. docs/your-own-data.md explains the grammar to its users.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from local.mappings.fields import (
    CELL_KEYS,
    CUSTOMER_FIELDS,
    INVENTORY_FIELDS,
    LABEL_FIELDS,
    MANDATORY,
    MERCHANT_FIELDS,
    NEEDED,
    NEEDED_BESIDE,
    RATE_FIELDS,
    SECTIONS,
    TRANSACTION_FIELDS,
)
from local.mappings.tables import MappingError
from udfs.features.names import BY_NAME

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """
    Where a field's value comes from.

    Attributes:
        column: The column read; None for a constant.
        constant: The value of every row.
        strip: Left out where the text begins with it.
        table: What each text becomes; a text not in it becomes *otherwise*.
        prefix: Put in front.
        format: Of times: `epoch_s`, `epoch_ms` or a strptime format; None is ISO 8601.
        zone: Of times that state none.
    """

    column: str | None = None
    constant: str | None = None
    strip: str = ""
    table: Mapping[str, str] | None = None
    otherwise: str | None = None
    prefix: str = ""
    format: str | None = None
    zone: str = "UTC"


class Renamed(NamedTuple):
    """A feature under the name that the data's users know: ours, divided by *divide_by*."""

    feature: str
    divide_by: float = 1.0


Fields = dict[str, Cell]
_BASE = "EUR"  # of rates, unless the mapping says another


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One mapping: which columns are which fields, and which files stand beside the data."""

    name: str
    transactions: Fields
    label: Fields
    label_delay_days: float
    customers: Fields
    customers_file: str | None
    inventory: Fields
    inventory_file: str | None
    merchants: Fields
    merchants_file: str | None
    rates: Fields
    rates_file: str | None
    features: dict[str, Renamed]
    sort: bool
    delimiter: str


def load_spec(mapping: str) -> Spec:
    """
    The mapping called *mapping* (`handbook`, `sparkov`), or the YAML file of that path.

    Raises:
        MappingError: If there is none, or it has faults: all of them.
    """
    path = HERE / f"{mapping}.yaml"
    if not path.is_file():
        path = Path(mapping)
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in HERE.glob("*.yaml")))
        raise MappingError(f"MAPPING={mapping}", "no such mapping", f"{known}, or the path of a YAML file")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError(str(path), f"no YAML ({str(error).splitlines()[0]})", "a mapping") from error
    return parse_spec(path.name, content)


def parse_spec(name: str, content: Any) -> Spec:
    """*content*, as read from YAML, checked whole. Raises MappingError with every fault."""
    faults: list[str] = []
    sections = _dict(content, name, faults)
    _check_known(sections, "", SECTIONS, faults)
    label, delay_days = _label(_dict(sections.get("label"), "label", faults), faults)
    customers, customers_file = _beside(sections, "customers", CUSTOMER_FIELDS, faults)
    inventory, inventory_file = _beside(sections, "inventory", INVENTORY_FIELDS, faults)
    merchants, merchants_file = _beside(sections, "merchants", MERCHANT_FIELDS, faults)
    rates, rates_file = _rates(_dict(sections.get("rates"), "rates", faults), faults)
    spec = Spec(
        name=name,
        transactions=_transactions(sections, faults),
        label=label,
        label_delay_days=delay_days,
        customers=customers,
        customers_file=customers_file,
        inventory=inventory,
        inventory_file=inventory_file,
        merchants=merchants,
        merchants_file=merchants_file,
        rates=rates,
        rates_file=rates_file,
        features=_features(_dict(sections.get("features"), "features", faults), faults),
        sort=bool(sections.get("sort", False)),
        delimiter=str(sections.get("delimiter", ",")),
    )
    if faults:
        raise MappingError(name, "; ".join(faults), "a mapping as in docs/your-own-data.md")
    return spec


def _transactions(sections: dict[str, Any], faults: list[str]) -> Fields:
    section = _dict(sections.get("transactions"), "transactions", faults)
    cells = _cells(section, "transactions", TRANSACTION_FIELDS, faults)
    given = cells.keys() | ({"amount"} if "amount_minor" in cells else set())
    faults += [f"transactions.{field}: missing, it is mandatory" for field in MANDATORY if field not in given]
    return cells


def _features(section: dict[str, Any], faults: list[str]) -> dict[str, Renamed]:
    """Names of features in the data's own words."""
    named = {}
    for name, value in section.items():
        parts = value if isinstance(value, dict) else {"feature": value}
        _check_known(parts, f"features.{name}.", frozenset(("feature", "divide_by")), faults)
        renamed = Renamed(str(parts.get("feature")), float(parts.get("divide_by", 1)))
        if renamed.feature not in BY_NAME:
            faults.append(f"features.{name}: found {renamed.feature}, expected a feature of docs/features.md")
        elif renamed.divide_by != 1 and BY_NAME[renamed.feature].type not in ("int", "float"):
            faults.append(f"features.{name}.divide_by: found {renamed.feature}, expected a number's name")
        named[str(name)] = renamed
    return named


def _label(section: dict[str, Any], faults: list[str]) -> tuple[Fields, float]:
    delay_days = section.get("delay_days", 7)
    if not isinstance(delay_days, int | float) or isinstance(delay_days, bool) or delay_days < 0:
        faults.append(f"label.delay_days: found {delay_days!r}, expected a number of days, 0 or more")
        delay_days = 0
    cells = _cells({k: v for k, v in section.items() if k != "delay_days"}, "label", LABEL_FIELDS, faults)
    if section and "is_fraud" not in cells:
        faults.append("label.is_fraud: missing, it is mandatory in `label`")
    return cells, float(delay_days)


def _beside(
    sections: dict[str, Any], name: str, known: frozenset[str], faults: list[str]
) -> tuple[Fields, str | None]:
    section = _dict(sections.get(name), name, faults)
    if not section:
        return {}, None
    cells = _cells({k: v for k, v in section.items() if k != "file"}, name, known, faults)
    needed = {*NEEDED[name], *(other for field, other in NEEDED_BESIDE.items() if field in cells)}
    faults += [f"{name}.{field}: missing, it is mandatory" for field in sorted(needed - cells.keys())]
    if not isinstance(section.get("file"), str):
        faults.append(f"{name}.file: missing, expected the name of a file beside the data")
    return cells, str(section.get("file"))


def _rates(section: dict[str, Any], faults: list[str]) -> tuple[Fields, str | None]:
    """Exchange rates; all are in one base, which is not read from a column."""
    based = {**section, "base": {"constant": section.get("base", _BASE)}} if section else {}
    return _beside({"rates": based}, "rates", RATE_FIELDS, faults)


def _cells(section: dict[str, Any], where: str, known: frozenset[str], faults: list[str]) -> Fields:
    _check_known(section, f"{where}.", known, faults)
    return {key: _cell(value, f"{where}.{key}", faults) for key, value in section.items() if key in known}


def _cell(value: Any, where: str, faults: list[str]) -> Cell:
    parts = value if isinstance(value, dict) else {"column": value}
    _check_known(parts, f"{where}.", CELL_KEYS, faults)
    if (parts.get("column") is None) == (parts.get("constant") is None):
        faults.append(f"{where}: expected a column's name, or {{constant: value}}")
    table = parts.get("table")
    if table is not None and not isinstance(table, dict):
        faults.append(f"{where}.table: expected pairs of text and its meaning")
        table = None
    _check_zone(parts.get("zone", "UTC"), where, faults)
    texts = {key: str(parts[key]) for key in CELL_KEYS - {"table"} if parts.get(key) is not None}
    return Cell(table=None if table is None else {str(k): str(v) for k, v in table.items()}, **texts)


def _check_zone(zone: Any, where: str, faults: list[str]) -> None:
    try:
        ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError):
        faults.append(f"{where}.zone: found {zone!r}, expected a zone such as UTC or Europe/Paris")


def _dict(value: Any, where: str, faults: list[str]) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    faults.append(f"{where}: expected names with values")
    return {}


def _check_known(names: Iterable[str], where: str, known: frozenset[str], faults: list[str]) -> None:
    expected = ", ".join(sorted(known))
    faults += [f"{where}{name}: unknown, expected one of {expected}" for name in names if name not in known]

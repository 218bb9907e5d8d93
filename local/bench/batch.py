"""
`make features` beside a batch program of pandas, as its users would write it: same rows, same windows.

pandas has no currencies, no kinds of events and no order of ties, so the rows are payments in one
currency; it must hold all of them in memory, and knows nothing of a stream.
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from local.bench.cases import Case
from local.generator import Generator
from local.mapping import open_source
from local.mappings.spec import Renamed
from local.stack import Stack, tell
from local.training import write_features

_ROWS = 100_000
_ACCOUNTS = 2_000
_START_MS = 1_700_000_000_000
_EVERY_MS = 40_000  # a hundred thousand rows are 46 days
_MAPPING = """
transactions:
  transaction_id: transaction_id
  account_id: account_id
  event_time: {column: event_time, format: epoch_ms}
  amount_minor: amount_minor
  merchant_id: merchant_id
  currency: {constant: EUR}
label:
  is_fraud: is_fraud
"""
_ACCOUNT = {"24h": "1D", "7d": "7D", "30d": "30D"}
_MERCHANT = {"1d": "8D", "7d": "14D", "30d": "37D"}
_NAMES = (
    *(f"{what}_{window}" for window in _ACCOUNT for what in ("count", "mean")),
    *(f"merchant_{what}_{window}" for window in _MERCHANT for what in ("count", "risk")),
)


def features(_stack: Stack) -> Iterator[Case]:
    """Both programs on one file; the second case says in how many values they differ."""
    tell(f"cases features: {_ROWS:,} transactions, {len(_NAMES)} features")
    with tempfile.TemporaryDirectory() as folder:
        data = _written(Path(folder))
        began_s = time.monotonic()
        theirs = by_pandas(data)
        seconds = time.monotonic() - began_s
        mapping = Path(folder, "mine.yaml")
        mapping.write_text(_MAPPING)
        source = open_source(data, str(mapping), 7)
        rows, our_seconds = write_features(source, {name: Renamed(name) for name in _NAMES}, Path(folder))
        ours = pq.read_table(Path(folder, "features")).to_pandas().set_index("transaction_id")
    yield {"name": "features_fraudstream", "rows_per_s": round(rows / our_seconds), "rows": rows}
    differing = differences(ours, theirs)
    yield {"name": "features_pandas", "rows_per_s": round(_ROWS / seconds), "differing": differing}


def by_pandas(data: Path) -> pd.DataFrame:
    """The features of the file's rows, by transaction id."""
    rows = pd.read_csv(data, dtype={"transaction_id": str, "account_id": str, "merchant_id": str})
    rows["at"] = pd.to_datetime(rows["event_time"], unit="ms", utc=True)
    rows = rows.sort_values(["at", "transaction_id"]).reset_index(drop=True)
    for window, length in _ACCOUNT.items():
        amounts = rows.groupby("account_id").rolling(length, on="at")["amount_minor"]
        rows[f"count_{window}"] = amounts.count().reset_index(level=0, drop=True).sort_index()
        rows[f"mean_{window}"] = amounts.mean().reset_index(level=0, drop=True).sort_index()
    by_merchant = rows.groupby("merchant_id")
    known = by_merchant.rolling("7D", on="at")["is_fraud"]
    for window, length in _MERCHANT.items():
        all_of = by_merchant.rolling(length, on="at")["is_fraud"]
        count = (all_of.count() - known.count()).reset_index(level=0, drop=True).sort_index()
        frauds = (all_of.sum() - known.sum()).reset_index(level=0, drop=True).sort_index()
        rows[f"merchant_count_{window}"] = count
        rows[f"merchant_risk_{window}"] = (frauds / count).fillna(0)
    return rows.set_index("transaction_id")


def differences(ours: pd.DataFrame, theirs: pd.DataFrame) -> int:
    """Values that are not the same to the sixth decimal."""
    both = theirs.loc[ours.index]
    return int(sum(((ours[name] - both[name]).abs() > 1e-6).sum() for name in _NAMES))


def _written(folder: Path) -> Path:
    """Payments of the generator, one every so often, each with a merchant."""
    data = folder / "data.csv"
    samples = Generator(seed=3, accounts=_ACCOUNTS, start_ms=_START_MS).samples()
    paid = (each for each in samples if each.transaction.get("merchant_id"))
    with data.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["transaction_id", "account_id", "event_time", "amount_minor", "merchant_id", "is_fraud"]
        )
        for number, sample in enumerate(islice(paid, _ROWS)):
            message, fraud = sample.transaction, bool(sample.label and sample.label["is_fraud"])
            at_ms = _START_MS + number * _EVERY_MS
            merchant = message["merchant_id"]
            writer.writerow(
                [f"{number:08}", message["account_id"], at_ms, message["amount_minor"], merchant, int(fraud)]
            )
    return data

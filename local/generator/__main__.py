"""
Write generated traffic to a folder: `python -m local.generator --out DIR`.

Makes `transactions.csv`, one event a row in event-time order with what was later
reported about it, `customers.csv`, `inventory.csv` and `rates.csv`: the form that the
mapping `generated` reads.
The same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path

from local.generator.engine import Generator
from local.generator.order import Order, cut
from local.generator.traffic import Message, Sample
from local.mappings.spec import load_spec


def main() -> None:
    """The files are in the folder that the command line names."""
    arguments = _parser().parse_args()
    source = Generator(
        seed=arguments.seed,
        accounts=arguments.accounts,
        start_ms=arguments.start_ms,
        fraud_ratio=arguments.fraud_ratio,
    )
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    spec = load_spec("generated")
    samples = list(cut(source.samples(), Order(limit=arguments.transactions)))
    written = _write(out / "transactions.csv", [*spec.transactions, *spec.label], map(_flat, samples))
    _write(out / "customers.csv", list(spec.customers), map(_flat_profile, source.customers()))
    _write(out / "inventory.csv", list(spec.inventory), map(_flat_article, source.articles()))
    last_ms = max((sample.transaction["event_time"] for sample in samples), default=arguments.start_ms)
    rates = takewhile(lambda rate: rate["effective"] <= last_ms, source.rates())
    _write(out / "rates.csv", [name for name, cell in spec.rates.items() if cell.column], rates)
    print(f"{written:,} transactions of {source.name} in {out}")


def _flat(sample: Sample) -> Message:
    told = sample.label or {}
    later = {name: told.get(name) for name in ("is_fraud", "kind", "reported")}
    later["is_fraud"] = None if sample.label is None else int(told["is_fraud"])
    return sample.transaction | later


def _flat_profile(profile: Message) -> Message:
    return profile | {"account_ids": " ".join(profile["account_ids"])}


def _flat_article(article: Message) -> Message:
    return article | {"removed": int(article.get("removed", False))}


def _write(path: Path, columns: Sequence[str], rows: Iterable[Message]) -> int:
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, columns, restval="", extrasaction="ignore", lineterminator="\n")
        lines.writeheader()
        for written, row in enumerate(rows, 1):  # noqa: B007  the count is what is returned
            lines.writerow(row)
    return written


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.generator", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same bytes (1)")
    parser.add_argument("--transactions", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--accounts", type=int, default=120, help="of how many accounts (120)")
    parser.add_argument("--start-ms", type=int, default=1_704_067_200_000, help="UTC epoch ms (2024-01-01)")
    parser.add_argument("--fraud-ratio", type=float, default=0.004, help="episodes an honest event (0.004)")
    return parser


if __name__ == "__main__":
    main()

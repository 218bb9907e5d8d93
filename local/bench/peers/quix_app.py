"""
The work as a Quix Streams application: `BROKER=host:port GROUP=name python -m local.bench.peers.quix_app`.

State is kept in RocksDB, backed by a changelog topic; offsets and state are committed every
5 s. All that is Quix' default.
"""

from __future__ import annotations

import os
from typing import Any

from quixstreams import Application, State

from local.bench.peers.verdict import decide


def judge(txn: dict[str, Any], state: State) -> dict[str, Any]:
    """The decision on *txn*; its account's past is kept."""
    past, decision = decide(state.get("past", []), txn)
    state.set("past", past)
    return decision


def main() -> None:
    """Decisions on all transactions, until the process is stopped."""
    app = Application(
        broker_address=os.environ["BROKER"],
        consumer_group=os.environ["GROUP"],
        auto_offset_reset="earliest",
    )
    transactions = app.dataframe(app.topic("transactions"))
    decisions = transactions.apply(judge, stateful=True)
    decisions.to_topic(app.topic("peer-quix"))
    app.run()


if __name__ == "__main__":
    main()

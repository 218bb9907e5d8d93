"""The peers' windows and rules beside ours, and how their throughput is taken."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from local.bench.material import CARD_KEY
from local.bench.peers.agreement import Difference, Message, differences
from local.bench.peers.process import QUIX, PeerFailed, PeersMissing, Running, running
from local.bench.peers.run import Reading, figures, sample
from local.bench.peers.verdict import RULES, decide
from schemas.intake import read_transaction
from udfs.features.blocks import MemoryBlocks
from udfs.features.engine import observe
from udfs.features.history import AccountHistory
from udfs.operators.judgement import rule_values
from udfs.rules.book import built_in_text, load_book
from udfs.rules.evaluate import apply

pytestmark = pytest.mark.unit

MESSAGES = sample(3_000, 40)


def decided_by_a_peer(messages: list[Message]) -> dict[str, Any]:
    """Decisions by transaction, as either application makes them."""
    pasts: dict[str, list[Any]] = {}
    decisions = {}
    for message in messages:
        pasts[message.key], decision = decide(pasts.get(message.key, []), orjson.loads(message.value))
        decisions[decision["transaction_id"]] = decision
    return decisions


def costlier(message: Message, number: int) -> Message:
    """*message* with forty times its amount, and now and then in a betting shop, so that rules fire."""
    content = orjson.loads(message.value)
    content["amount_minor"] *= 40
    if number % 7 == 0:
        content["mcc"] = "7995"
    return message._replace(value=orjson.dumps(content))


def test_the_windows_are_ours() -> None:
    """Counts and sums of the three windows are those of our features, transaction by transaction."""
    assert not list(differences(MESSAGES, decided_by_a_peer(MESSAGES)))


def test_the_windows_are_ours_out_of_order() -> None:
    """They are when an account's transactions come up to ten minutes late, too."""
    chance = Random(3)
    late = sorted(MESSAGES, key=lambda message: message.time_ms + chance.randrange(600_000))
    assert late != MESSAGES
    assert not list(differences(late, decided_by_a_peer(late)))


def test_a_difference_names_both_values() -> None:
    """A value that is not ours, or is missing, is told with its transaction and its name."""
    decisions = decided_by_a_peer(MESSAGES[:1])
    (transaction_id,) = decisions
    decisions[transaction_id]["count_1h"] = 7
    del decisions[transaction_id]["sum_24h"]
    told = {difference.feature: difference for difference in differences(MESSAGES[:1], decisions)}
    assert told["count_1h"] == Difference(transaction_id, "count_1h", 1, 7)
    assert told["sum_24h"].theirs is None
    assert set(told) == {"count_1h", "sum_24h"}


def test_the_rules_are_ours() -> None:
    """Each of the six rules fires where the rule of that name in our book does, and each does fire."""
    book, histories = load_book(built_in_text()), dict[str, AccountHistory]()
    blocks = defaultdict[str, MemoryBlocks](MemoryBlocks)
    messages = [costlier(message, number) for number, message in enumerate(MESSAGES)]
    decisions, fired = decided_by_a_peer(messages), set[str]()
    for message in messages:
        txn = read_transaction(message.value, message.key, message.time_ms, CARD_KEY)
        seen = observe(histories.get(message.key, AccountHistory()), txn, None, blocks[message.key])
        histories[message.key] = seen.history
        ours = {hit.rule_id for hit in apply(book.before, rule_values(txn, seen.snapshot, None)).hits}
        assert set(decisions[txn.transaction_id]["reasons"]) == ours & set(RULES)
        fired |= ours
    assert set(RULES) <= fired


def test_throughput_is_taken_when_warm() -> None:
    """The first fifth of the decisions does not count, nor does the CPU that was used for it."""
    appended_ms = [*range(0, 2_000, 100), *range(2_000, 2_800, 10)]  # 20 in two seconds, then 80 in 0.8 s
    readings = [Reading(0, 0.0), Reading(2_000, 5.0), Reading(3_000, 5.5)]
    assert figures(appended_ms, readings) == {"txn_per_s": 100.0, "cores": 0.5}


class FakeProcess:
    """A process that runs as long as it has no return code."""

    def __init__(self, returncode: int | None) -> None:
        self.returncode = returncode

    def poll(self) -> int | None:
        return self.returncode


@pytest.mark.parametrize(
    ("returncode", "idle_s", "said"),
    [
        (1, 0.0, "peer_quixstreams ended with code 1: no such topic"),
        (None, 61.0, "peer_quixstreams decided nothing for 61 s: no such topic"),
    ],
)
def test_a_peer_that_gives_up_is_told(
    tmp_path: Path, returncode: int | None, idle_s: float, said: str
) -> None:
    """One that has ended or does nothing for too long is an error with the last line of its log."""
    log = tmp_path / "log"
    log.write_text("starting\nno such topic\n")
    with pytest.raises(PeerFailed, match=said):
        Running(QUIX, FakeProcess(returncode), log).check(idle_s, 60.0)


def test_a_peer_that_works_is_left_alone(tmp_path: Path) -> None:
    """One that runs and decides now and then is no error."""
    Running(QUIX, FakeProcess(None), tmp_path / "log").check(59.0, 60.0)


def test_a_missing_environment_says_how_to_make_it(tmp_path: Path) -> None:
    """Without the peers' Python nothing is started, and the message names the command that installs it."""
    with pytest.raises(PeersMissing, match="make bench ONLY=peers"), running(QUIX, "", tmp_path / "python"):
        pytest.fail("nothing runs")

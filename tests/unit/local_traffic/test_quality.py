"""Features of an archive by period beside a baseline: the commands, their files, and the topic."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kafka.errors import InvalidRecordError, KafkaConnectionError

from deploy.cli import main
from local import quality_topic
from local.quality import (
    Quality,
    Span,
    baseline_of,
    quality,
    read_baseline,
    record,
    values_of,
    write_baseline,
)
from local.quality_table import table, worst
from local.quality_topic import deliver, publish
from schemas.errors import ConfigurationError
from tests.builders import NOON_MS, ONE_DAY_MS, ONE_HOUR_MS

pytestmark = pytest.mark.unit

MIDNIGHT_MS = NOON_MS - 12 * ONE_HOUR_MS
COLUMNS = pa.schema(
    [
        ("transaction_id", pa.string()),
        ("event_time", pa.timestamp("ms", "UTC")),
        ("count_1h", pa.int64()),
        ("account_mean", pa.float64()),
        ("is_night", pa.bool_()),
        ("km_from_home", pa.float64()),
    ]
)

type Row = tuple[float, int | None, float | None, bool | None]  # days after midnight, and three features


def archive(out: Path, *files: Sequence[Row]) -> Path:
    """A run's folder: the rows of each file; nothing is known of where the customers live."""
    (out / "features").mkdir(parents=True)
    for number, rows in enumerate(files):
        told = [
            {
                "transaction_id": f"{number}-{place}",
                "event_time": datetime.fromtimestamp((MIDNIGHT_MS + day * ONE_DAY_MS) / 1000, UTC),
                "count_1h": count,
                "account_mean": mean,
                "is_night": night,
                "km_from_home": None,
            }
            for place, (day, count, mean, night) in enumerate(rows)
        ]
        pq.write_table(
            pa.Table.from_pylist(told, schema=COLUMNS), out / "features" / f"part-{number}.parquet"
        )
    return out


def day(number: float, shift: int = 0, mean: float | None = 1.0) -> list[Row]:
    """A thousand rows of one day, its last millisecond among them."""
    return [(number + place / 1_000, place % 10 + shift, mean, place % 2 == 0) for place in range(999)] + [
        (number + 1 - 1 / ONE_DAY_MS, shift, mean, False)
    ]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two days as ever, one without a row, and one on which counts rose and means went missing."""
    return archive(tmp_path / "run", day(0), [*day(1), *day(3, shift=5, mean=None)])


def by_name(told: Quality, feature: str) -> list[Any]:
    """The figures of *feature*, by period."""
    return [one for one in told.figures if one.feature == feature]


def test_periods(out: Path) -> None:
    """Days begin at midnight UTC whatever the file; a day without a row is told as such."""
    told = quality(out, baseline_of(out, Span(until_ms=MIDNIGHT_MS + 2 * ONE_DAY_MS)))
    counts = by_name(told, "count_1h")
    assert [one.from_ms for one in counts] == [MIDNIGHT_MS + n * ONE_DAY_MS for n in range(4)]
    assert [(one.rows, one.null_rate) for one in counts] == [(1_000, 0), (1_000, 0), (0, None), (1_000, 0)]
    assert [one.marks for one in counts] == [(), (), (), ("drift",)]
    assert [one.marks for one in by_name(told, "account_mean")] == [(), (), (), ("drift", "missing more")]
    assert [(one.least, one.most) for one in counts] == [(0, 9), (0, 9), (None, None), (5, 14)]
    assert {one.psi for one in by_name(told, "km_from_home")} == {0, None}
    assert [one.mean for one in by_name(told, "is_night")] == [0.5, 0.5, None, 0.5]


def test_the_order_of_features(out: Path) -> None:
    """In each period the features stand in the catalogue's order."""
    told = quality(out, baseline_of(out))
    assert [one.feature for one in told.figures[:4]] == [
        "count_1h",
        "account_mean",
        "km_from_home",
        "is_night",
    ]


def test_spans_and_periods(out: Path) -> None:
    """A span takes its begin and not its end; hours are periods as well as days are."""
    told = quality(
        out, baseline_of(out), ONE_HOUR_MS, Span(MIDNIGHT_MS + ONE_DAY_MS, MIDNIGHT_MS + 2 * ONE_DAY_MS)
    )
    counts = by_name(told, "count_1h")
    assert (len(counts), sum(one.rows for one in counts)) == (24, 1_000)
    assert counts[-1].until_ms == MIDNIGHT_MS + 2 * ONE_DAY_MS


def test_how_the_archive_is_cut_changes_nothing(out: Path, tmp_path: Path) -> None:
    """The same rows in other files and another order have the same figures."""
    rows = [*day(0), *day(1), *day(3, shift=5, mean=None)]
    other = archive(tmp_path / "other", rows[::-7], [row for n, row in enumerate(rows[::-1]) if n % 7])
    baseline = baseline_of(out)
    assert baseline_of(other) == baseline
    assert quality(other, baseline) == quality(out, baseline)


def test_a_baseline_is_read_as_it_was_written(out: Path, tmp_path: Path) -> None:
    """The file holds the whole baseline, exactly."""
    baseline = baseline_of(out, Span(from_ms=MIDNIGHT_MS))
    write_baseline(baseline, tmp_path / "b.json")
    assert read_baseline(tmp_path / "b.json") == baseline


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"version": 1}',
        '{"version": 2, "from_ms": null, "until_ms": null, "features": {}}',
        '{"from_ms": null, "until_ms": null, "features": {"f": {"bins": {}, "shares": [1], "rows": 1}}}',
    ],
)
def test_what_is_no_baseline(content: str, tmp_path: Path) -> None:
    """Anything but what was written, of this version and whole, is refused."""
    (tmp_path / "b.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"b\.json"):
        read_baseline(tmp_path / "b.json")


def test_features_that_one_side_has_not(out: Path) -> None:
    """A feature that the archive lacks is missing in each row; one that the baseline lacks has no index."""
    baseline = baseline_of(out)
    moved = dict(baseline.features)
    moved["speed_kmh"] = moved.pop("account_mean")
    told = quality(out, type(baseline)(from_ms=None, until_ms=None, features=moved))
    [first, *_] = by_name(told, "speed_kmh")
    assert (first.rows, first.null_rate, first.marks) == (1_000, 1, ("drift", "missing more"))
    [first, *_] = by_name(told, "account_mean")
    assert (first.mean, first.psi) == (1, None)


def test_too_many_periods(tmp_path: Path) -> None:
    """A period too short for the time between first and last row is refused, before it fills memory."""
    out = archive(tmp_path, [(0, 1, 1.0, True), (5_000, 1, 1.0, True)])
    with pytest.raises(ConfigurationError, match="5,001 of them, expected at most 5,000"):
        quality(out, baseline_of(out))


def test_an_archive_without_rows(tmp_path: Path) -> None:
    """Without rows there are no periods, and nothing is wrong."""
    out = archive(tmp_path, [])
    told = quality(out, baseline_of(out))
    assert told.figures == []
    assert next(iter(table(told))) == "0 transactions, 0 periods of 24 h"


def test_values() -> None:
    """What is not finite is missing; texts, and columns of nothing, are values too."""
    assert values_of(pa.array([1.0, None, float("nan"), float("inf"), 2.0])).tolist() == [1, 2]
    assert values_of(pa.array(["a", None, "b"])).tolist() == ["a", "b"]
    assert values_of(pa.array([None, None])).tolist() == []
    assert values_of(pa.array([None], pa.int64())).tolist() == []


def test_the_worst_period(out: Path) -> None:
    """The table shows, of each feature, the period that differs most, and in how many it is marked."""
    told = quality(out, baseline_of(out, Span(until_ms=MIDNIGHT_MS + 2 * ONE_DAY_MS)))
    assert [one.from_ms for one in worst(told)][:2] == [MIDNIGHT_MS + 3 * ONE_DAY_MS] * 2
    lines = [line.split() for line in table(told)]
    assert lines[0][:2] == ["3,000", "transactions,"]
    assert lines[4][:3] == ["account_mean", "2026-04-04", "00:00"]
    assert lines[4][3:9] == ["1,000", "100.0%", "0.0%", "-", "-", "-"]
    assert lines[4][-4:] == ["1", "drift", "missing", "more"]
    assert lines[6][-1] == "0"


def test_the_commands(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command keeps a baseline, the other prints the table and leaves every figure in the folder."""
    path = str(tmp_path / "b.json")
    assert main(["features", "baseline", "--run", str(out), "--to", path, "--until", "2026-04-03"]) == 0
    assert capsys.readouterr().out == "4 features of 2,000 transactions\n"
    assert main(["features", "quality", "--run", str(out), "--baseline", path, "--period", "24h"]) == 0
    assert "missing more" in capsys.readouterr().out
    held = json.loads((out / "feature_quality.json").read_text())
    assert (held["period_ms"], len(held["figures"])) == (ONE_DAY_MS, 16)
    assert held["figures"][12]["marks"] == ["drift"]
    assert held["figures"][8] | {"baseline_null_rate": 0} == {
        "feature": "count_1h",
        "from_ms": MIDNIGHT_MS + 2 * ONE_DAY_MS,
        "until_ms": MIDNIGHT_MS + 3 * ONE_DAY_MS,
        "rows": 0,
        **dict.fromkeys(("null_rate", "least", "most", "mean", "psi", "chance")),
        "baseline_null_rate": 0,
        "marks": [],
    }


def test_faults(out: Path, tmp_path: Path) -> None:
    """No archive, and no baseline, end with 1; a topic without brokers, or a period that is none, with 2."""
    missing = str(tmp_path / "nowhere")
    assert main(["features", "baseline", "--run", missing, "--to", str(tmp_path / "b.json")]) == 1
    command = ["features", "quality", "--run", str(out), "--baseline", missing]
    assert main(command) == 1
    for more in (["--topic", "t"], ["--brokers", "b:9"], ["--period", "soon"]):
        with pytest.raises(SystemExit) as caught:
            main([*command, *more])
        assert caught.value.code == 2


class Answer:
    """A broker's answer, which is there at once."""

    is_done = True

    def __init__(self, exception: Exception | None) -> None:
        """*exception* is why it refused."""
        self.exception = exception


class Broker:
    """Keeps of each partition the last value of each key; refuses everything once told to."""

    def __init__(self) -> None:
        """Nothing was sent."""
        self.kept: dict[tuple[int, bytes], Any] = {}
        self.sent = 0
        self.refuses = False

    def send(self, topic: str, value: bytes, key: bytes, *, partition: int, timestamp_ms: int) -> Answer:
        """The answer to a record."""
        assert topic == "feature-quality"
        self.sent += 1
        if not self.refuses:
            self.kept[partition, key] = (timestamp_ms, orjson.loads(value))
        return Answer(InvalidRecordError() if self.refuses else None)

    def partitions_for(self, topic: str) -> set[int]:
        """Four."""
        return {0, 1, 2, 3}

    def flush(self, timeout: float | None = None) -> None:
        """All is answered."""

    def close(self, timeout: float | None = None) -> None:
        """The connection is closed."""


def test_a_repeat_overwrites(out: Path) -> None:
    """Each feature and period has a key and a partition of its own, the same whenever it is sent."""
    told, broker = quality(out, baseline_of(out)), Broker()
    assert deliver(told, "feature-quality", lambda: broker) == 16
    once = dict(broker.kept)
    assert deliver(told, "feature-quality", lambda: broker) == 16
    assert (broker.kept, broker.sent, len(once)) == (once, 32, 16)
    key = f"count_1h/{ONE_DAY_MS}/{MIDNIGHT_MS}".encode()
    [(at_ms, value)] = [kept for (_, name), kept in once.items() if name == key]
    assert (at_ms, value) == (MIDNIGHT_MS, orjson.loads(orjson.dumps(record(told.figures[0]))))


def test_a_topic_that_takes_nothing(out: Path) -> None:
    """Records that the broker refuses for good are a fault that tells how many."""
    broker = Broker()
    broker.refuses = True
    with pytest.raises(ConfigurationError, match="16 records refused"):
        deliver(quality(out, baseline_of(out)), "feature-quality", lambda: broker)


def test_no_broker(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no broker answers, that is the fault."""

    def nobody(brokers: str) -> Broker:
        raise KafkaConnectionError

    monkeypatch.setattr(quality_topic, "connect_producer", nobody)
    with pytest.raises(ConfigurationError, match=r"^b:9: .*expected a broker with topic t$"):
        publish(quality(out, baseline_of(out)), "t", "b:9")

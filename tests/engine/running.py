"""
The real graph on a MiniCluster: raw messages in through files, decisions and dead letters out.

The source is a table over a folder that is watched, with the columns, timestamps and
watermarks of the Kafka table: it never ends, and after a failure it is read again from the
checkpoint, as a topic is.
"""

from __future__ import annotations

import base64
import json
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from pyflink.common import Configuration, Types
from pyflink.datastream import DataStream
from pyflink.table import StreamTableEnvironment

from flink_app.environment import make_environment
from flink_app.job import Inputs, Streams, Ways, build
from flink_app.settings import parse_settings
from flink_app.ways import ways_of
from tests.builders import NOON_MS
from tests.engine.ends import EngineEnds, card_key
from udfs.operators import rows

TOPICS = ("transactions", "customers", "labels", "inventory")
_PATIENCE_S = 60
_ENGINE = {
    "pipeline.auto-generate-uids": "true",  # the planner's operators are named by main alone
    "parallelism.default": "2",
    "execution.checkpointing.interval": "300 ms",
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": "1",
    "restart-strategy.fixed-delay.delay": "200 ms",
    "taskmanager.memory.managed.size": "64m",
    "state.backend.type": "rocksdb",
}


class Message(NamedTuple):
    """One record of a topic."""

    key: str
    raw: bytes | None
    record_ms: int = NOON_MS


class Emitted(NamedTuple):
    """One thing that left: decision, dead letter or label, as JSON."""

    kind: str
    content: dict[str, Any]


@dataclass
class Job:
    """A running job: messages are sent, what leaves is taken."""

    folder: Path
    emitted: list[Emitted] = field(default_factory=list)
    arriving: queue.Queue[Emitted | BaseException] = field(default_factory=queue.Queue)
    sent: int = 0

    def send(self, topic: str, messages: Iterable[Message]) -> None:
        """All *messages* are on *topic*, in their order."""
        self.sent += 1
        lines = [self._line(offset, message) for offset, message in enumerate(messages)]
        draft = self.folder / f"{topic}.{self.sent}"
        draft.write_text("".join(lines))
        draft.rename(self.folder / topic / f"{self.sent:03}.json")

    def _line(self, offset: int, message: Message) -> str:
        value = None if message.raw is None else base64.b64encode(message.raw).decode()
        record = {"k": message.key, "v": value, "p": self.sent, "o": offset, "ms": message.record_ms}
        return json.dumps(record) + "\n"

    def take(self, enough: Callable[[list[Emitted]], bool]) -> list[Emitted]:
        """All that left so far, when that is *enough*; fails if a minute brings nothing more."""
        while not enough(self.emitted):
            arrived = self.arriving.get(timeout=_PATIENCE_S)
            if isinstance(arrived, BaseException):
                raise arrived
            self.emitted.append(arrived)
        return self.emitted

    def take_decisions(self, count: int) -> list[dict[str, Any]]:
        """The decisions so far, when there is one on each of *count* transactions."""
        return decisions(
            self.take(lambda emitted: len({d["transaction_id"] for d in decisions(emitted)}) >= count)
        )


def decisions(emitted: list[Emitted]) -> list[dict[str, Any]]:
    """The decisions among what left."""
    return [each.content for each in emitted if each.kind == "decision"]


@contextmanager
def running(
    folder: Path,
    ends: EngineEnds,
    *,
    order_wait: str = "none",
    profile_wait_ms: int = 0,
    mode: str = "thread",
    rates: str = "off",
    book: str | None = None,
) -> Iterator[Job]:
    """The job runs, by the built-in book if by no other, with checkpoints in *folder*; it ends cancelled."""
    settings = parse_settings(
        {
            "kafka": {"bootstrap.servers": "nowhere.invalid:9092"},
            "card": {"key.source": "file:/nowhere"},
            "archive": {"path": "file:///nowhere"},
            "order": {"wait": order_wait, "profile.wait.ms": str(profile_wait_ms)},
            "base": {"rates": rates},
            "engine": {"marker.period.ms": "1500", "execution.mode": mode},
        }
    )
    env, tables = make_environment(settings)
    engine = Configuration()
    for name, value in (_ENGINE | {"execution.checkpointing.dir": (folder / "checkpoints").as_uri()}).items():
        engine.set_string(name, value)
    env.configure(engine)
    tables.get_config().set("table.exec.source.idle-timeout", "300 ms")
    topics = (*TOPICS, "rates") if rates == "on" else TOPICS
    inputs = Inputs(**{topic: _watched(tables, folder / topic) for topic in topics})
    ways: Ways = replace(ways_of(settings), make_ends=ends, read_card_key=card_key)
    if book is not None:
        ways = replace(ways, decide=replace(ways.decide, book=book))
    job = Job(folder)
    with _all_of(tables, build(inputs, ways)).execute_and_collect() as results:
        threading.Thread(target=_pour, args=(results, job.arriving), daemon=True).start()
        yield job


def _watched(tables: StreamTableEnvironment, folder: Path) -> DataStream:
    """The lines of all files that come into *folder*, as `flink_app.sources.read_topic` gives a topic."""
    folder.mkdir(parents=True)
    tables.execute_sql(f"""
        CREATE TEMPORARY TABLE `{folder.name}` (
            k STRING, v BYTES, p INT, o BIGINT, ms BIGINT,
            ts AS TO_TIMESTAMP_LTZ(ms, 3),
            WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
        ) WITH (
            'connector' = 'filesystem', 'format' = 'json', 'json.encode.decimal-as-plain-number' = 'true',
            'path' = '{folder.as_uri()}', 'source.monitor-interval' = '100 ms'
        )""")
    query = tables.sql_query(f"SELECT k, ROW(k, v, p, o), ts FROM `{folder.name}`")
    return tables.to_append_stream(query, rows.INCOMING)


def _all_of(tables: StreamTableEnvironment, streams: Streams) -> DataStream:
    """Everything that leaves, as (kind, JSON)."""
    tables.create_temporary_view("answers", tables.from_data_stream(streams.answers))
    tables.create_temporary_view("refused", tables.from_data_stream(streams.dead_letters))
    tables.create_temporary_view("labelled", tables.from_data_stream(streams.labels))
    query = tables.sql_query("""
        SELECT 'decision', DECODE(decision, 'UTF-8') FROM answers UNION ALL
        SELECT 'dead letter', DECODE(dead_letter, 'UTF-8') FROM refused UNION ALL
        SELECT 'label', JSON_OBJECT(KEY 'transaction_id' VALUE transaction_id) FROM labelled""")
    return tables.to_append_stream(query, Types.ROW([Types.STRING(), Types.STRING()]))


def _pour(results: Iterator[Any], arriving: queue.Queue[Emitted | BaseException]) -> None:
    try:
        for kind, content in results:
            arriving.put(Emitted(kind, orjson.loads(content)))
    except Exception as error:  # noqa: BLE001  # whatever ends the job is the test's to raise
        arriving.put(error)

"""A line that says how far feeding and deciding are: live on a terminal, every few seconds elsewhere."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple, TextIO

from local.generator.plan import FeedProgress
from local.watcher import Seen

TERMINAL_EVERY_S = 0.5
LOG_EVERY_S = 5.0
RATE_OVER_S = 5.0


class Moment(NamedTuple):
    """What was decided at a moment."""

    at_s: float
    decided: int


class ProgressLine:
    """Writes the line to *stream* from a thread of its own, from `start` to `stop`."""

    def __init__(self, stream: TextIO, fed: Callable[[], FeedProgress], seen: Callable[[], Seen]) -> None:
        self._stream = stream
        self._fed = fed
        self._seen = seen
        self._terminal = stream.isatty()
        self._moments: deque[Moment] = deque()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._width = 0

    def start(self) -> ProgressLine:
        """The line is written now and then."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """The line was written a last time and is ended."""
        self._stopped.set()
        self._thread.join()
        self.write(time.monotonic())
        if self._terminal:
            print(file=self._stream, flush=True)

    def write(self, now_s: float) -> None:
        """The line as of *now_s*, over the last one on a terminal, under it elsewhere."""
        line = self.line(now_s)
        if self._terminal:
            padded, self._width = line.ljust(self._width), len(line)
            print(f"\r{padded}", end="", file=self._stream, flush=True)
        else:
            print(line, file=self._stream, flush=True)

    def line(self, now_s: float) -> str:
        """What there is to say as of *now_s*; the rate is that of the last 5 s."""
        fed, seen = self._fed(), self._seen()
        rate = self._rate(Moment(now_s, seen.decisions))
        lag = max(0, fed.transactions - seen.decisions - seen.dead_letters)
        latency = seen.recent_alert_latency
        parts = [
            f"in {fed.transactions:,}{_share(fed)}",
            f"decided {seen.decisions:,}",
            f"alerts {seen.alerts:,}",
            f"{rate:,.0f}/s",
            f"lag {lag:,}",
            f"Kafka to alert p50 {_ms(latency.p50)} p99 {_ms(latency.p99)}",
            f"event time {_when(fed.event_time_ms)}",
        ]
        parts += [f"dead letters {seen.dead_letters:,}"] if seen.dead_letters else []
        parts += [f"refused {fed.refused:,}"] if fed.refused else []
        return " | ".join(parts)

    def _rate(self, now: Moment) -> float:
        moments = self._moments
        moments.append(now)
        while len(moments) > 2 and moments[1].at_s <= now.at_s - RATE_OVER_S:
            moments.popleft()
        passed_s = now.at_s - moments[0].at_s
        return (now.decided - moments[0].decided) / passed_s if passed_s > 0 else 0.0

    def _run(self) -> None:
        every_s = TERMINAL_EVERY_S if self._terminal else LOG_EVERY_S
        while not self._stopped.wait(every_s):
            self.write(time.monotonic())


def _share(fed: FeedProgress) -> str:
    return f" ({100 * fed.transactions / fed.total:.0f} %)" if fed.total else ""


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} ms"


def _when(event_time_ms: int) -> str:
    if not event_time_ms:
        return "-"
    return datetime.fromtimestamp(event_time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")

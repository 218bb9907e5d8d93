"""
Keeps what was promised on accounts: the marker timers of the deciding operator, and what they find.

Rule: in normal life a marker finds nothing to do and touches no state (ADR-0005).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from udfs.operators import rows
from udfs.operators.accounts import Accounts
from udfs.operators.desk import Desk


class Keeper:
    """The promises of one life of one operator; *ctx* is always Flink's of the current key."""

    def __init__(self, accounts: Accounts, desk: Desk, clock: Callable[[], int]) -> None:
        self._accounts = accounts
        self._desk = desk
        self._promises = desk.promises
        self._clock = clock

    def promise(self, ctx: Any, now_ms: int) -> int:
        """A marker timer on the current account, which a checkpoint keeps."""
        marker_ms = self._promises.marker(now_ms)
        ctx.timer_service().register_processing_time_timer(marker_ms)
        return marker_ms

    def recall(self, timer_ms: int, ctx: Any) -> None:
        """Take up what the former life promised on this account."""
        self._promises.recalled(timer_ms)
        account_id, marker_ms = rows.key_of(ctx), self.promise(ctx, self._clock())
        work = self._desk.recall(account_id, self._accounts.read(account_id), marker_ms)
        self._accounts.write(account_id, work.state)
        self._desk.ask(work.asks, marker_ms)

    def keep(self, timer_ms: int, ctx: Any) -> None:
        """In normal life nothing is to do: what was promised has been decided and written."""
        self._promises.kept()
        if self._desk.flights.outlasts(timer_ms):
            self._renew(ctx)
        if self._desk.owes_since(timer_ms):
            self._look_again(timer_ms, ctx)

    def tick(self, ctx: Any, now_ms: int) -> None:
        """While scores are out, a timer looks for answers."""
        if len(self._desk.flights):
            tick_ms = self._promises.next_tick(now_ms)
            if tick_ms is not None:
                ctx.timer_service().register_processing_time_timer(tick_ms)

    def _renew(self, ctx: Any) -> None:
        """Rare: a score is out for longer than a marker's life; move this account's promises on."""
        account_id = rows.key_of(ctx)
        if self._desk.flights.flying(account_id):
            state, marker_ms = self._accounts.read(account_id), self.promise(ctx, self._clock())
            self._accounts.write(account_id, self._desk.renew(account_id, state, marker_ms))

    def _look_again(self, timer_ms: int, ctx: Any) -> None:
        """A store has not taken a write in time: keep one timer on each account whose write it is."""
        account_id = rows.key_of(ctx)
        state = self._accounts.read(account_id)
        if self._desk.is_put_off(account_id, state, timer_ms):
            return
        if self._desk.owes(account_id, state):
            later_ms = self._promises.long_marker(self._clock())
            ctx.timer_service().register_processing_time_timer(later_ms)
            self._accounts.write(account_id, self._desk.put_off(account_id, state, later_ms))

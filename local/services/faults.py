"""
What the model server is told to do wrong, as data: set by POST /faults, for tests and chaos.

Everything has a default that means no fault; what a request leaves out goes back to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from random import Random
from typing import Any

MODES = ("ok", "down", "throttle", "rubbish", "wrong_rows", "hang", "model_error")


class BadFault(ValueError):
    """The body of POST /faults is not one that the server understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """
    How calls are answered.

    Modes: `ok` scores; `down` closes the connection without an answer; `throttle` is
    ThrottlingException; `rubbish` is status 200 with a body that holds no scores;
    `wrong_rows` leaves out the last score; `hang` never answers; `model_error` is what
    InvokeEndpoint says when the container failed.
    """

    mode: str = "ok"
    status: int = 200  # another one: every call is answered with it, before the mode counts
    delay_ms: tuple[float, float] = (0.0, 0.0)  # drawn evenly for each call
    share: float = 1.0  # 0..1, of the calls that mode and status apply to; delays apply to all
    seed: int = 0  # of the draws

    def is_hit(self, chance: Random) -> bool:
        """Whether the next call is one of the share that goes wrong."""
        return self.share >= 1.0 or chance.random() < self.share


def parse(body: bytes) -> Faults:
    """
    The faults that *body* asks for: a JSON object with some fields of `Faults`.

    Raises:
        BadFault: If it is anything else.
    """
    try:
        told = json.loads(body or b"{}")
    except ValueError as error:
        raise BadFault("expected a JSON object") from error
    known = {field.name for field in fields(Faults)}
    if not isinstance(told, dict) or not set(told) <= known:
        raise BadFault(f"expected a JSON object with fields of {', '.join(sorted(known))}")
    return _checked(told)


def _checked(told: Mapping[str, Any]) -> Faults:
    try:
        low, high = told.get("delay_ms", (0, 0))
        faults = Faults(
            mode=told.get("mode", "ok"),
            status=int(told.get("status", 200)),
            delay_ms=(float(low), float(high)),
            share=float(told.get("share", 1)),
            seed=int(told.get("seed", 0)),
        )
    except (TypeError, ValueError) as error:
        raise BadFault(f"a field has no sensible value: {error}") from error
    return _in_range(faults)


def _in_range(faults: Faults) -> Faults:
    if faults.mode not in MODES:
        raise BadFault(f"mode: found {faults.mode!r}, expected one of {', '.join(MODES)}")
    if not 200 <= faults.status <= 599 or not 0 <= faults.share <= 1:
        raise BadFault("expected status from 200 to 599, share from 0 to 1")
    if not 0 <= faults.delay_ms[0] <= faults.delay_ms[1]:
        raise BadFault("delay_ms: expected [least, most]")
    return faults

"""
One call of the model endpoint: attempts, jitter, a deadline, and what came of it.

Rule: whatever the endpoint does comes back as `Scores` or as the reason why not;
nothing an endpoint is known to do is an exception here.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from schemas.errors import EndpointTimeout, FraudJobError, Malformed, Throttled, TransientError
from udfs.clients.sagemaker import ModelEndpoint, Scores
from udfs.scoring.breaker import Limits

TIMEOUT = "timeout"
THROTTLED = "throttled"
BAD_RESPONSE = "bad_response"
BREAKER_OPEN = "breaker_open"
UNAVAILABLE = "unavailable"

# The first class that fits names the reason.
_REASONS: tuple[tuple[type[FraudJobError], str], ...] = (
    (EndpointTimeout, TIMEOUT),
    (Throttled, THROTTLED),
    (Malformed, BAD_RESPONSE),
    (FraudJobError, UNAVAILABLE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerSettings:
    """
    How rows are gathered into calls, and how long anyone waits for a score.

    Attributes:
        endpoint: Name of the SageMaker endpoint; default "fraudstream".
        deadline_ms: From submit to answer, whatever happens, ms; default 200.
        max_rows: Rows in one call at most; default 64.
        max_wait_ms: How long after a call the next one waits for rows, ms, and three times as long while
            one is under way; a row that comes alone goes at once; default 5.
        attempts: Calls for the same rows at most, all before the deadline; default 2.
        attempt_timeout_ms: Longest one attempt lasts, ms; default 0, the whole deadline:
            a shorter one turns late answers into repeats. Set it to about twice the
            endpoint's p99 where that is far below the deadline.
        retry_jitter_ms: A second attempt starts after a chance in [0, this], ms; default 20.
        max_in_flight_calls: Calls under way at once; default 16.
        fallback_value: The score that stands in for a missing one; default 0.0: rules alone decide.
        breaker: When to stop asking an endpoint that fails, and when to ask again.
        breaker_jitter_ms: An open breaker stays so for a chance in [0, this] longer, ms; default 500.
    """

    endpoint: str = "fraudstream"
    deadline_ms: int = 200
    max_rows: int = 64
    max_wait_ms: int = 5
    attempts: int = 2
    attempt_timeout_ms: int = 0
    retry_jitter_ms: int = 20
    max_in_flight_calls: int = 16
    fallback_value: float = 0.0
    breaker: Limits = field(default_factory=Limits)
    breaker_jitter_ms: int = 500

    @property
    def longest_attempt_ms(self) -> int:
        """How long one attempt lasts at most, ms: its own limit, else the deadline."""
        return self.attempt_timeout_ms or self.deadline_ms


async def call(
    endpoint: ModelEndpoint, lines: list[bytes], deadline_s: float, settings: ScorerSettings
) -> Scores | str:
    """Return the scores of *lines*, or the reason why there are none at *deadline_s* of the loop's clock."""
    body = b"\n".join(lines)
    outcome: Scores | str = TIMEOUT
    try:
        async with asyncio.timeout_at(deadline_s):
            for attempt in range(settings.attempts):
                if attempt:
                    await asyncio.sleep(random.uniform(0, settings.retry_jitter_ms / 1000))
                outcome = await _attempt(endpoint, body, len(lines), settings.longest_attempt_ms / 1000)
                if isinstance(outcome, Scores):
                    return outcome
    except TimeoutError:
        return TIMEOUT
    return outcome


async def _attempt(endpoint: ModelEndpoint, body: bytes, count: int, timeout_s: float) -> Scores | str:
    try:
        async with asyncio.timeout(timeout_s):
            scores = await endpoint.invoke(body, count)
    except TimeoutError:
        return TIMEOUT
    except (TransientError, Malformed) as error:
        return next(reason for kind, reason in _REASONS if isinstance(error, kind))
    return scores if len(scores.values) == count else BAD_RESPONSE

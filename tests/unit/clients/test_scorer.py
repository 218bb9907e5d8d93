"""The scorer's promises, against an endpoint that does whatever a test wants, on a steered clock."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decision import Score
from schemas.errors import EndpointTimeout, Malformed, Throttled, TransientError
from tests.unit.clients.steered import FakeEndpoint, steered
from udfs.clients.sagemaker import Scores
from udfs.clients.scorer import Scorer, ScorerSettings, ScoringHandle
from udfs.scoring.breaker import Limits

pytestmark = pytest.mark.unit

DEADLINE_S = 0.2
GRACE_S = 0.005
PATIENT = Limits(failures_in_a_row=10**9, failure_ratio=2.0)  # never opens


def failing(error: Exception) -> Callable[[int], Awaitable[None]]:
    """A manner that raises *error* each time."""

    async def _behave(_: int) -> None:
        raise error

    return _behave


async def hang(_: int) -> None:
    """A manner that never ends."""
    await asyncio.Event().wait()


def scorer_of(endpoint: Any, **changed: Any) -> Scorer:
    """A scorer on the running loop, with the settings that the test is about."""
    return Scorer(endpoint, ScorerSettings(**changed), asyncio.get_running_loop())


async def rest(seconds: float) -> None:
    """Let the steered clock pass *seconds*."""
    await asyncio.sleep(seconds)


def scores_of(handle: ScoringHandle) -> dict[int, Score]:
    """Every answer by its ticket; a ticket answered twice fails the test."""
    answers = list(handle.answers)
    assert len(dict(answers)) == len(answers)
    return dict(answers)


def degraded_after(endpoint: Any, seconds: float = DEADLINE_S + GRACE_S, **changed: Any) -> Score:
    """The answer to one row after *seconds*; it must be there."""

    async def _scenario() -> Score:
        handle = scorer_of(endpoint, **changed).attach()
        handle.submit(1, b"1,2")
        await rest(seconds)
        return scores_of(handle)[1]

    return steered(_scenario)


def test_an_answer_carries_value_and_model_version() -> None:
    """A row that the endpoint scores is answered with its value, source and model version."""
    answered = degraded_after(FakeEndpoint(), seconds=0.01)
    assert answered == Score(value=0.5, source="endpoint", model_version="v7")


def test_a_lone_row_goes_at_once() -> None:
    """A row that comes when no call was made for 5 ms does not wait for others."""

    async def _scenario() -> None:
        endpoint = FakeEndpoint()
        scorer_of(endpoint).attach().submit(1, b"a")
        await rest(0.001)
        assert endpoint.calls == [(pytest.approx(0.0), [b"a"])]

    steered(_scenario)


def test_rows_join_one_call() -> None:
    """Rows of any handle within 5 ms after a call go out together, and return to their handles."""

    async def _scenario() -> None:
        endpoint = FakeEndpoint()
        scorer = scorer_of(endpoint)
        one, other = scorer.attach(), scorer.attach()
        one.submit(0, b"first")
        await rest(0.001)
        one.submit(1, b"a")
        await rest(0.002)
        other.submit(1, b"b")
        await rest(0.01)
        assert endpoint.calls[1:] == [(pytest.approx(0.005), [b"a", b"b"])]
        assert list(scores_of(one)) == [0, 1]
        assert list(scores_of(other)) == [1]

    steered(_scenario)


@pytest.mark.parametrize(("takes_s", "waited_s"), [(0.002, 0.005), (0.010, 0.010), (0.100, 0.015)])
def test_rows_wait_for_the_call_under_way(takes_s: float, waited_s: float) -> None:
    """What comes meanwhile goes when the call is answered, but not before 5 ms nor after three times that."""

    async def _takes(_: int) -> None:
        await asyncio.sleep(takes_s)

    async def _scenario() -> None:
        endpoint = FakeEndpoint(_takes)
        handle = scorer_of(endpoint).attach()
        for ticket, row in enumerate((b"first", b"a", b"b")):
            handle.submit(ticket, row)
            await rest(0.001)
        await rest(0.02)
        assert endpoint.calls[1:] == [(pytest.approx(waited_s), [b"a", b"b"])]

    steered(_scenario)


def test_rows_wait_for_every_call_under_way() -> None:
    """Of two calls the later answer ends the waiting."""

    async def _takes(call: int) -> None:
        await asyncio.sleep(0.02 / call)

    async def _scenario() -> None:
        endpoint = FakeEndpoint(_takes)  # until 20, and from 15 until 25
        handle = scorer_of(endpoint).attach()
        for ticket in range(3):
            handle.submit(ticket, b"x")
            await rest(0.001 + 0.015 * ticket)
        await rest(0.02)
        assert [at_s for at_s, _ in endpoint.calls] == pytest.approx([0.0, 0.015, 0.025])

    steered(_scenario)


def test_a_call_has_at_most_max_rows() -> None:
    """More rows than one call takes go out in several calls at once."""

    async def _scenario() -> list[int]:
        endpoint = FakeEndpoint()
        handle = scorer_of(endpoint).attach()
        for ticket in range(130):
            handle.submit(ticket, b"x")
        await rest(0.01)
        assert len(scores_of(handle)) == 130
        return [len(rows) for _, rows in endpoint.calls]

    assert steered(_scenario) == [64, 64, 2]


def test_calls_in_flight_are_limited() -> None:
    """No more than max_in_flight_calls are under way at once, and queued rows are scored when one ends."""

    async def _slow(_: int) -> None:
        await asyncio.sleep(0.03)

    async def _scenario() -> None:
        endpoint = FakeEndpoint(_slow)
        handle = scorer_of(endpoint, max_rows=1, max_in_flight_calls=4).attach()
        for ticket in range(16):
            handle.submit(ticket, b"x")
        await rest(DEADLINE_S)
        assert endpoint.most_at_once == 4
        assert not any(score.degraded for score in scores_of(handle).values())
        assert len(handle.answers) == 16

    steered(_scenario)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (EndpointTimeout("endpoint", "no answer", "one"), "timeout"),
        (Throttled("endpoint", "429", "200"), "throttled"),
        (Malformed("response", "rubbish", "scores"), "bad_response"),
        (TransientError("endpoint", "connection reset", "an answer"), "unavailable"),
    ],
)
def test_a_failing_endpoint_gives_the_fallback_and_its_reason(error: Exception, reason: str) -> None:
    """An endpoint that fails is answered for by the fallback value and the reason, before the deadline."""
    endpoint = FakeEndpoint(failing(error))
    answered = degraded_after(endpoint, seconds=0.05, fallback_value=0.25)
    assert answered == Score.unavailable(reason, 0.25)
    assert len(endpoint.calls) == 2


def test_a_hanging_endpoint_is_answered_for_at_the_deadline() -> None:
    """An endpoint that never answers costs a row its deadline and not more."""
    assert degraded_after(FakeEndpoint(hang)).reason == "timeout"


def test_an_endpoint_that_ignores_its_end_is_answered_for_at_the_deadline() -> None:
    """Even a call that does not let itself be cancelled keeps no answer back."""

    async def _stubborn(_: int) -> None:
        for _ in range(5):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                continue

    assert degraded_after(FakeEndpoint(_stubborn)).reason == "timeout"


def test_an_unforeseen_error_is_answered_for() -> None:
    """A defect in a client degrades its rows, and the scorer goes on."""

    async def _scenario() -> None:
        endpoint = FakeEndpoint(failing(ZeroDivisionError()))
        handle = scorer_of(endpoint).attach()
        handle.submit(1, b"x")
        await rest(0.01)
        endpoint.behave = None
        handle.submit(2, b"x")
        await rest(0.01)
        assert scores_of(handle)[1].reason == "unavailable"
        assert not scores_of(handle)[2].degraded

    steered(_scenario)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_wrong_number_of_scores_is_no_answer(count: int) -> None:
    """An endpoint client that returns more or fewer scores than rows degrades them all."""

    class Miscounting(FakeEndpoint):
        """Answers as many scores as the test says."""

        async def invoke(self, rows: bytes, count_asked: int) -> Scores:
            """The wrong number of scores."""
            return Scores([0.5] * count, "v7")

    async def _scenario() -> None:
        handle = scorer_of(Miscounting()).attach()
        handle.submit(1, b"a")
        handle.submit(2, b"b")
        await rest(0.05)
        assert {score.reason for score in scores_of(handle).values()} == {"bad_response"}

    steered(_scenario)


def test_a_second_attempt_saves_the_row() -> None:
    """One failure is tried again inside the deadline, and its answer is a real one."""

    async def _once(call: int) -> None:
        if call == 1:
            raise TransientError("endpoint", "connection reset", "an answer")

    assert not degraded_after(FakeEndpoint(_once), seconds=0.05).degraded


def test_an_attempt_has_a_limit_of_its_own() -> None:
    """A first attempt that hangs leaves time for a second one when attempt_timeout_ms says so."""

    async def _hang_once(call: int) -> None:
        if call == 1:
            await hang(call)

    answered = degraded_after(FakeEndpoint(_hang_once), seconds=0.13, attempt_timeout_ms=100)
    assert not answered.degraded


def test_a_late_answer_is_not_given_twice() -> None:
    """An answer that comes as the deadline passes changes nothing."""

    async def _late(_: int) -> None:
        await asyncio.sleep(DEADLINE_S - 0.003)

    async def _scenario() -> None:
        handle = scorer_of(FakeEndpoint(_late)).attach()
        handle.submit(1, b"x")
        await rest(1)
        assert len(handle.answers) == 1

    steered(_scenario)


def test_a_detached_handle_hears_nothing_more() -> None:
    """Answers for an operator that left are dropped, and its successor gets only its own."""

    async def _slow(_: int) -> None:
        await asyncio.sleep(0.1)

    async def _scenario() -> None:
        endpoint = FakeEndpoint(_slow)
        scorer = scorer_of(endpoint)
        former = scorer.attach()
        former.submit(1, b"x")
        await rest(0.01)
        heir = scorer.attach()
        former.detach()
        heir.submit(1, b"y")
        await rest(DEADLINE_S)
        assert not former.answers
        assert list(scores_of(heir)) == [1]
        assert endpoint.closed == 0

    steered(_scenario)


def test_the_last_handle_closes_the_connections() -> None:
    """When the last operator leaves, and however often it says so, the endpoint is closed once."""

    async def _scenario() -> None:
        endpoint = FakeEndpoint()
        scorer = scorer_of(endpoint)
        handles = [scorer.attach(), scorer.attach()]
        for handle in (*handles, *handles):
            handle.detach()
        await rest(0.01)
        assert endpoint.closed == 1

    steered(_scenario)


class Outage:
    """An endpoint that is away between two times, by hanging or by refusing."""

    def __init__(self, begin_s: float, end_s: float, *, hangs: bool) -> None:
        """Away from *begin_s* until *end_s*."""
        self.begin_s, self.end_s, self.hangs = begin_s, end_s, hangs

    async def __call__(self, _: int) -> None:
        """Well after 10 ms, or away."""
        await asyncio.sleep(0.01)
        if self.begin_s <= asyncio.get_running_loop().time() < self.end_s:
            if self.hangs:
                await hang(0)
            raise TransientError("endpoint", "connection refused", "a connection")


async def stream(handle: ScoringHandle, seconds: float, per_s: int = 300) -> None:
    """Submit *per_s* rows a second for *seconds*; the ticket is the time in ms, and unique."""
    loop = asyncio.get_running_loop()
    for number in itertools.count():
        if loop.time() >= seconds:
            return
        handle.submit(int(loop.time() * 1000) * 10_000 + number % 10_000, b"x")
        await asyncio.sleep(1 / per_s)


def share_degraded(scores: dict[int, Score], begin_s: float, end_s: float) -> float:
    """Share of the rows submitted in [begin_s, end_s) that were degraded."""
    within = [s.degraded for ticket, s in scores.items() if begin_s <= ticket / 10_000_000 < end_s]
    return sum(within) / len(within)


@pytest.mark.parametrize("hangs", [True, False])
def test_an_outage_degrades_while_it_lasts_and_not_much_longer(*, hangs: bool) -> None:
    """Rows without the endpoint get the fallback; from 5 s after its return less than 1 % do."""

    async def _scenario() -> None:
        endpoint = FakeEndpoint(Outage(5, 35, hangs=hangs))
        handle = scorer_of(endpoint).attach()
        await stream(handle, seconds=60)
        await rest(1)
        scores = scores_of(handle)
        assert share_degraded(scores, 0, 4.7) == 0
        assert share_degraded(scores, 5, 35) > 0.95
        assert share_degraded(scores, 40, 60) < 0.01

    steered(_scenario)


def test_an_open_breaker_answers_at_once() -> None:
    """While the breaker is open a row has its fallback within a few ms and the endpoint is left alone."""

    async def _scenario() -> None:
        endpoint = FakeEndpoint(failing(TransientError("endpoint", "refused", "a connection")))
        handle = scorer_of(endpoint, attempts=1, breaker=Limits(failures_in_a_row=1)).attach()
        handle.submit(1, b"x")
        await rest(0.01)
        handle.submit(2, b"x")
        await rest(0.005)
        assert scores_of(handle)[2].reason == "breaker_open"
        assert len(endpoint.calls) == 1

    steered(_scenario)


def test_a_half_open_breaker_sends_few_probes() -> None:
    """While probes are out, the other rows have their fallback at once."""

    async def _scenario() -> None:
        endpoint = FakeEndpoint(failing(TransientError("endpoint", "refused", "a connection")))
        limits = Limits(failures_in_a_row=1, open_ms=1000, probes=2)
        handle = scorer_of(endpoint, attempts=1, breaker=limits, breaker_jitter_ms=0, max_rows=1).attach()
        handle.submit(1, b"x")
        await rest(1.1)
        endpoint.behave = hang
        for ticket in range(2, 12):
            handle.submit(ticket, b"x")
        await rest(0.005)
        assert len(endpoint.calls) == 1 + 2
        assert {score.reason for score in list(scores_of(handle).values())[1:]} == {"breaker_open"}
        assert len(handle.answers) == 9

    steered(_scenario)


def test_random_delays_up_to_the_deadline_are_mostly_real_answers() -> None:
    """With endpoint delays of 1 to 200 ms at 300 rows/s, more than nine answers in ten are the endpoint's."""
    chance = random.Random(4)

    async def _slow(_: int) -> None:
        await asyncio.sleep(chance.uniform(0.001, 0.2))

    async def _scenario() -> None:
        handle = scorer_of(FakeEndpoint(_slow), max_in_flight_calls=64).attach()
        await stream(handle, seconds=30)
        await rest(1)
        assert share_degraded(scores_of(handle), 0, 30) < 0.1

    steered(_scenario)


_MANNERS = st.sampled_from(["well", "slow", "hang", "refuse", "throttle", "rubbish", "defect"])


@settings(max_examples=60, deadline=None)
@given(manners=st.lists(_MANNERS, min_size=1, max_size=30), gaps_ms=st.lists(st.integers(0, 80), max_size=60))
def test_every_ticket_is_answered_exactly_once_and_in_time(manners: list[str], gaps_ms: list[int]) -> None:
    """Whatever the endpoint does call by call, each ticket has one answer at its deadline at the latest."""
    errors = {
        "refuse": TransientError("endpoint", "refused", "a connection"),
        "throttle": Throttled("endpoint", "429", "200"),
        "rubbish": Malformed("response", "rubbish", "scores"),
        "defect": ZeroDivisionError(),
    }

    async def _behave(call: int) -> None:
        manner = manners[call % len(manners)]
        if manner in errors:
            raise errors[manner]
        await asyncio.sleep({"well": 0.01, "slow": 0.15, "hang": 1000}[manner])

    async def _scenario() -> None:
        handle = scorer_of(FakeEndpoint(_behave), max_rows=3, max_in_flight_calls=2).attach()
        due: list[tuple[float, int]] = []
        loop = asyncio.get_running_loop()
        for ticket, gap_ms in enumerate(gaps_ms):
            await rest(gap_ms / 1000)
            handle.submit(ticket, b"x")
            due.append((loop.time() + DEADLINE_S + GRACE_S, ticket))
        for due_s, ticket in due:
            await rest(max(0.0, due_s - loop.time()))
            assert ticket in scores_of(handle)
        await rest(1)
        assert len(handle.answers) == len(gaps_ms)

    steered(_scenario)

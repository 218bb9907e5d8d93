"""What the model server can be told to do wrong."""

import json
from random import Random

import pytest

from local.model_server import MISDEEDS
from local.services.faults import MODES, BadFault, Faults, parse

pytestmark = pytest.mark.unit


def test_nothing_asked() -> None:
    """An empty body takes every fault away."""
    assert parse(b"") == parse(b"{}") == Faults()


def test_all_asked() -> None:
    """Every fault can be asked for at once."""
    body = {"mode": "throttle", "status": 503, "delay_ms": [1, 200], "share": 0.5, "seed": 7}
    assert parse(json.dumps(body).encode()) == Faults(
        mode="throttle", status=503, delay_ms=(1.0, 200.0), share=0.5, seed=7
    )


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff",
        b'{"modus": "down"}',
        b'{"mode": "sideways"}',
        b'{"mode": ["down"]}',
        b'{"status": 199}',
        b'{"status": 600}',
        b'{"status": null}',
        b'{"delay_ms": 5}',
        b'{"delay_ms": [5]}',
        b'{"delay_ms": [9, 1]}',
        b'{"delay_ms": [-1, 1]}',
        b'{"share": 1.1}',
        b'{"share": -0.1}',
    ],
)
def test_nonsense(body: bytes) -> None:
    """A body that is no set of known faults in their ranges is refused."""
    with pytest.raises(BadFault):
        parse(body)


def test_every_mode_has_a_deed() -> None:
    """Each mode that can be asked for is one that the server knows how to do."""
    assert set(MODES) == set(MISDEEDS)


def test_the_share_is_kept() -> None:
    """Of many calls, the share that was asked for goes wrong, the same ones for the same seed."""
    faults = Faults(mode="throttle", share=0.25)
    first, second = Random(3), Random(3)
    hits = [faults.is_hit(first) for _ in range(4000)]
    assert 900 < sum(hits) < 1100
    assert hits == [faults.is_hit(second) for _ in range(4000)]


@pytest.mark.parametrize(("share", "hit"), [(0.0, False), (1.0, True)])
def test_none_and_all(share: float, hit: bool) -> None:  # noqa: FBT001 - a column of the table
    """A share of 0 spares every call, one of 1 none."""
    chance = Random(0)
    assert {Faults(share=share).is_hit(chance) for _ in range(1000)} == {hit}

"""What endpoints answer, and what of it is believed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import Malformed
from udfs.scoring.response import parse_response

pytestmark = pytest.mark.unit

CSV = "text/csv"
JSON = "application/json"

# body, content type, scores; forms of the SageMaker XGBoost container
GOOD = [
    (b"0.25", CSV, [0.25]),
    (b"0.25\n", CSV, [0.25]),
    (b"0.25,0.5", CSV, [0.25, 0.5]),
    (b"0.25\n0.5\n", CSV, [0.25, 0.5]),
    (b"0.25\r\n0.5\r\n", CSV, [0.25, 0.5]),
    (b"0, 1", CSV, [0.0, 1.0]),
    (b"9.5e-07", CSV, [9.5e-07]),
    (b"0.25", "text/csv; charset=utf-8", [0.25]),
    (b"0.25", "Text/CSV;label_size=1", [0.25]),
    (b'{"predictions": [{"score": 0.25}, {"score": 1}]}', JSON, [0.25, 1.0]),
    (b'{"predictions": [{"score": 0.25, "label": 1}], "model": "a"}', JSON, [0.25]),
    (b'{"predictions": []}', JSON, []),
]

# body, content type, rows asked for
BAD = [
    (b"", CSV, 1),
    (b"\n", CSV, 1),
    (b"0.1,0.2", CSV, 1),
    (b"0.1", CSV, 2),
    (b"0.1,", CSV, 2),
    (b"0.1\n\n0.2", CSV, 2),
    (b"0.1\n\n", CSV, 1),
    (b"nan", CSV, 1),
    (b"inf", CSV, 1),
    (b"1e999", CSV, 1),
    (b"1.0000001", CSV, 1),
    (b"-0.1", CSV, 1),
    (b"0_1", CSV, 1),
    (b"0.1 0.2", CSV, 1),
    (b"\xd9\xa1", CSV, 1),
    (b"<html>502</html>", CSV, 1),
    (b"0.1", "text/html", 1),
    (b"0.1", "", 1),
    (b"0.1", JSON, 1),
    (b"", JSON, 1),
    (b"[0.1]", JSON, 1),
    (b"null", JSON, 1),
    (b'{"predictions": "0"}', JSON, 1),
    (b'{"predictions": {"score": 0.1}}', JSON, 1),
    (b'{"predictions": [0.1]}', JSON, 1),
    (b'{"predictions": [{"Score": 0.1}]}', JSON, 1),
    (b'{"predictions": [{"score": "0.1"}]}', JSON, 1),
    (b'{"predictions": [{"score": true}]}', JSON, 1),
    (b'{"predictions": [{"score": null}]}', JSON, 1),
    (b'{"predictions": [{"score": NaN}]}', JSON, 1),
    (b'{"predictions": [{"score": 1e999}]}', JSON, 1),
    (b'{"predictions": [{"score": 0.1}, {"score": 2}]}', JSON, 2),
    (b'{"predictions": [{"score": 0.1}]', JSON, 1),
    (b"[" * 100_000, JSON, 1),
]


@pytest.mark.parametrize(("body", "content_type", "scores"), GOOD)
def test_good_answer(body: bytes, content_type: str, scores: list[float]) -> None:
    """An answer in a known form with as many probabilities as rows is taken in order."""
    assert parse_response(body, content_type, len(scores)) == scores


@pytest.mark.parametrize(("body", "content_type", "rows"), BAD)
def test_bad_answer(body: bytes, content_type: str, rows: int) -> None:
    """Any other answer is Malformed as a whole, with a sentence short enough for a log."""
    with pytest.raises(Malformed) as caught:
        parse_response(body, content_type, rows)
    assert len(str(caught.value)) < 200


@given(st.lists(st.floats(0, 1), min_size=1), st.sampled_from([",", "\n", "\r\n"]))
@settings(deadline=None)
def test_scores_arrive_exactly(scores: list[float], between: str) -> None:
    """Scores come through CSV bit by bit."""
    assert parse_response(between.join(map(repr, scores)).encode(), CSV, len(scores)) == scores


@given(st.binary() | st.text("0123456789.,\n-+eE").map(str.encode), st.sampled_from([CSV, JSON]))
@settings(deadline=None)
def test_any_answer_is_scores_or_malformed(body: bytes, content_type: str) -> None:
    """Whatever the bytes, the answer is one probability a row, or Malformed."""
    scores = _scores_or_none(body, content_type)
    assert scores is None or 0.0 <= scores[0] <= 1.0


def _scores_or_none(body: bytes, content_type: str) -> list[float] | None:
    """The one score of *body*, if it is believed."""
    try:
        return parse_response(body, content_type, 1)
    except Malformed:
        return None

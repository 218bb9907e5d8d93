"""
What the endpoint answered, as scores.

Rule: an answer is taken whole or not at all. One score that is not a
probability, or one score too few, and no row of the batch can be trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from schemas.errors import Malformed

_CSV_BYTES = b"0123456789+-.eE,\r\n "  # keeps out nan, inf, and the underscores float() would take


def parse_response(body: bytes, content_type: str, rows: int) -> list[float]:
    """
    The scores in *body*, one for each of the *rows* sent, in their order.

    text/csv holds scores between commas or line ends, as SageMaker's XGBoost
    container writes them; application/json holds
    `{"predictions": [{"score": 0.5}, ...]}`. Parameters of the content type are ignored.

    Raises:
        Malformed: If the form or the number of scores is another, or one is not in 0..1.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    read = _READERS.get(media_type)
    if read is None:
        raise Malformed("response content type", repr(media_type[:40]), " or ".join(_READERS))
    scores = read(body)
    if len(scores) != rows:
        raise Malformed("response", f"{len(scores)} scores", f"{rows}")
    return [_probability(index, score) for index, score in enumerate(scores)]


def _read_csv(body: bytes) -> list[float]:
    if body.translate(None, _CSV_BYTES):
        raise Malformed("response", repr(body[:40]), "numbers between commas or line ends")
    text = body.decode("ascii").replace("\r\n", "\n").removesuffix("\n")
    try:
        return [float(field) for field in text.replace("\n", ",").split(",")]
    except ValueError as error:
        raise Malformed("response", repr(body[:40]), "a number in every field") from error


def _read_json(body: bytes) -> list[Any]:
    try:
        return [prediction["score"] for prediction in orjson.loads(body)["predictions"]]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise Malformed("response", repr(body[:40]), '{"predictions": [{"score": number}, ...]}') from error


def _probability(index: int, score: object) -> float:
    if type(score) in {int, float} and 0 <= score <= 1:  # type: ignore[operator]  # also false for NaN
        return float(score)  # type: ignore[arg-type]
    raise Malformed(f"response score {index}", repr(score)[:40], "a number from 0 to 1")


_READERS: dict[str, Callable[[bytes], list[Any]]] = {"text/csv": _read_csv, "application/json": _read_json}

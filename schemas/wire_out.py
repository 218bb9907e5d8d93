"""What producers write: the generator, the replay, tests. The job itself only reads these forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from schemas.wire.avro_form import encode_record, newest_version


def encode_json(message: Mapping[str, Any]) -> bytes:
    """Return *message* as one compact JSON object. A value of None is written as null."""
    return orjson.dumps(dict(message))


def encode_avro(subject: str, message: Mapping[str, Any], version: int | None = None) -> bytes:
    """
    Return *message* as Avro in Confluent framing, by *version* of *subject*, or else its newest.

    Args:
        subject: transaction, customer, label, article or fx_rate.
        message: Wire names to values; times as UTC epoch ms; absent optional fields become null,
            fields that the schema lacks are left out.
        version: Of the schema file, from 1.

    Raises:
        KeyError: If there is no such version of *subject*.
        ValueError: If a mandatory field is absent, or one is of a wrong type (also TypeError).
    """
    return encode_record(subject, version or newest_version(subject), dict(message))

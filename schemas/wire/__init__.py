"""
The forms a message has on the wire: JSON, and Avro in Confluent framing, told apart by the first byte.

Rules: a schema file never changes after a message was written with it, a new version
is a new file and a new line in ids.json; nothing that arrives raises anything but a
`RecordError`, and no error repeats what arrived.
"""

from __future__ import annotations

from typing import Any

from schemas.errors import Malformed
from schemas.wire.avro_form import decode_avro
from schemas.wire.json_form import decode_json

__all__ = ["Message", "decode"]

Message = dict[str, Any]


def decode(raw: bytes, subject: str) -> Message:
    """
    Return the fields of *raw*, not yet checked, by their names on the wire.

    Args:
        raw: One message; first byte 0 means Avro in Confluent framing, any other JSON.
        subject: What the topic carries: transaction, customer, label, article or fx_rate.

    Raises:
        UnknownVersion: If the frame names a schema that is not one of *subject*.
        Malformed: If *raw* is empty, or not one whole message of either form.
    """
    if not raw:
        raise Malformed("$", "an empty message", "JSON or framed Avro", "empty_message")
    return decode_avro(raw, subject) if raw[0] == 0 else decode_json(raw)

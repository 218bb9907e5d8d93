"""
Messages that intake refuses, one kind a line, each with the reason and path it is refused for.

Rules: what is spoilt is one thing of a good transaction, so that the reason is that one;
each carries a card number wherever its form has room for one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from local.generator.traffic import Message
from schemas.card import LONGEST, SHORTEST
from schemas.intake import MAX_AHEAD_MS
from schemas.wire_out import encode_avro, encode_json

_CARD = "4539578763621486"  # of no one: made up, with a right check digit
_POSITION = {"latitude": 48.2, "longitude": 16.37}
_DEEP = 2_000  # levels; the reader gives up at 1,024

Value = Callable[[Message], bytes | None]


class Kind(NamedTuple):
    """One way to be wrong, and what intake says of it."""

    name: str
    value: Value
    reason: str
    path: str
    key: Callable[[Message], bytes | None] = lambda message: message["account_id"].encode()


def plain(message: Message) -> Message:
    """*message* with a card number and a position, whatever its event lacked."""
    return {**message, "card_number": message.get("card_number") or _CARD, **_POSITION}


def _json(**fields: Any) -> Value:
    return lambda message: encode_json({**message, **fields})


def _lacking(name: str) -> Value:
    return lambda message: encode_json({**message, name: None})


def _ahead(message: Message) -> bytes:
    return encode_json({**message, "event_time": message["event_time"] + MAX_AHEAD_MS + 60_000})


def _around(before: bytes, after: bytes = b"") -> Value:
    return lambda message: before + encode_json(message) + after


def _avro(change: Callable[[bytes], bytes]) -> Value:
    return lambda message: change(encode_avro("transaction", message))


def _label(message: Message) -> bytes:
    label = {**message, "is_fraud": True, "reported": message["event_time"]}
    return encode_avro("label", label)


def _card_as_device(message: Message) -> bytes:
    return encode_json({**message, "device_id": message["card_number"]})


def _twice(message: Message) -> bytes:
    return encode_json(message)[:-1] + b',"amount_minor":1}'


def _bad_text(message: Message) -> bytes:
    return encode_json({**message, "merchant_id": "caf#"}).replace(b"caf#", b"caf\xe9")


KINDS = (
    # the form of the whole message
    Kind("no value", lambda _: None, "empty_message", "$"),
    Kind("empty value", lambda _: b"", "empty_message", "$"),
    Kind("JSON cut short", lambda message: encode_json(message)[:-2], "not_json", "$"),
    Kind("JSON and more", _around(b"", b"}"), "not_json", "$"),
    Kind("JSON nested too deep", _around(b"[" * _DEEP, b"]" * _DEEP), "not_json", "$"),
    Kind("JSON with NaN", lambda message: encode_json(message)[:-1] + b',"x":NaN}', "not_json", "$"),
    Kind("JSON list", _around(b"[", b"]"), "not_an_object", "$"),
    Kind("field given twice", _twice, "duplicate_key", "amount_minor"),
    Kind("text in Latin-1", _bad_text, "invalid_utf8", "$"),
    Kind("Avro, wrong magic byte", _avro(lambda raw: b"\x80" + raw[1:]), "invalid_utf8", "$"),
    Kind("Avro, frame cut short", _avro(lambda raw: raw[:4]), "truncated_frame", "$"),
    Kind("Avro, unknown id", _avro(lambda raw: raw[:4] + b"\x63" + raw[5:]), "unknown_version", "schema_id"),
    Kind("Avro, a label's id", _label, "wrong_subject", "schema_id"),
    Kind("Avro cut short", _avro(lambda raw: raw[:-1]), "truncated", "$"),
    Kind("Avro and more", _avro(lambda raw: raw + b"\x00"), "trailing_bytes", "$"),
    # the key
    Kind("no key", encode_json, "missing_key", "key", key=lambda _: None),
    Kind("another account's key", encode_json, "wrong_account", "account_id", key=lambda _: b"someone else"),
    # one field
    Kind("no amount", _lacking("amount_minor"), "missing_field", "amount_minor"),
    Kind("no id", _lacking("transaction_id"), "missing_field", "transaction_id"),
    Kind("amount as text", _json(amount_minor="1234"), "wrong_type", "amount_minor"),
    Kind("amount below 0", _json(amount_minor=-1), "out_of_range", "amount_minor"),
    Kind("amount beyond all", _json(amount_minor=10**12 + 1), "out_of_range", "amount_minor"),
    Kind("unknown currency", _json(currency="XYZ"), "unknown_code", "currency"),
    Kind("unknown country", _json(country="ZZ"), "unknown_code", "country"),
    Kind("unknown channel", _json(channel="pigeon"), "unknown_code", "channel"),
    Kind("time as words", _json(event_time="yesterday"), "bad_format", "event_time"),
    Kind("time before 1970", _json(event_time=-1), "out_of_range", "event_time"),
    Kind("time in the future", _ahead, "future_time", "event_time"),
    Kind("no such latitude", _json(latitude=90.5), "out_of_range", "latitude"),
    Kind("half a position", _lacking("longitude"), "half_position", "longitude"),
    Kind("MCC of three digits", _json(mcc="541"), "bad_format", "mcc"),
    Kind("no IP address", _json(ip="203.0.113.256"), "bad_format", "ip"),
    Kind("card number too short", _json(card_number=_CARD[: SHORTEST - 1]), "bad_length", "card_number"),
    Kind("card number too long", _json(card_number=(_CARD * 2)[: LONGEST + 1]), "bad_length", "card_number"),
    Kind("card number in letters", _json(card_number=f"card {_CARD}"), "bad_format", "card_number"),
    Kind("id without end", _json(device_id="d" * 129), "bad_length", "device_id"),
    Kind("control character", _json(merchant_id="m\x07"), "unprintable", "merchant_id"),
    # what fields must agree on
    Kind("card number as device", _card_as_device, "card_in_clear", "device_id"),
    Kind("wrong exponent", _json(amount_exponent=7), "exponent_mismatch", "amount_exponent"),
    Kind(
        "declined for no decline",
        _json(auth_result="approved", decline_reason="lost"),
        "contradiction",
        "decline_reason",
    ),
)

"""
Avro messages: the Confluent frame, and the schemas that its ids name.

Rules: a record is decoded with the schema it was written with, and intake deals
with fields that version lacks; times stay numbers, so logical types are read past.
Source: Confluent wire format: a zero byte, the schema id as four bytes big-endian,
the record in Avro binary.
"""

from __future__ import annotations

import json
import struct
from importlib.resources import files
from io import BytesIO
from typing import Any, NamedTuple

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from schemas.errors import Malformed, UnknownVersion

_FRAME = struct.Struct(">bI")
# What fastavro is seen to raise for bytes that are no record (tests/unit/schemas fuzz it).
_DECODE_FAULTS = (ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, TypeError, ValueError)


class WriterSchema(NamedTuple):
    """A version of a subject, as a producer may have used it."""

    schema_id: int
    subject: str
    version: int
    parsed: Any


def decode_avro(raw: bytes, subject: str) -> dict[str, Any]:
    """
    Return the record that *raw* frames, by field; about 15 us for a transaction.

    Raises:
        UnknownVersion: If the id is unknown, or is that of another subject.
        Malformed: If the frame or the record is cut short, or is followed by more.
    """
    schema = _writer_schema(raw, subject)
    stream = BytesIO(raw)
    stream.seek(_FRAME.size)
    try:
        record: dict[str, Any] = schemaless_reader(stream, schema.parsed, None)
    except EOFError:
        raise Malformed("$", f"{len(raw)} bytes", "a whole Avro record", "truncated") from None
    except _DECODE_FAULTS as error:
        raise Malformed("$", type(error).__name__, "an Avro record", "not_avro") from None
    if stream.tell() != len(raw):
        found = f"{len(raw) - stream.tell()} bytes too many"
        raise Malformed("$", found, "one Avro record", "trailing_bytes")
    return record


def encode_record(subject: str, version: int, record: dict[str, Any]) -> bytes:
    """
    Return *record* in Avro binary, framed.

    Raises:
        KeyError: If there is no such version of *subject*.
        ValueError: If a mandatory field is absent, or one is of a wrong type (also TypeError).
    """
    schema = _BY_NAME[subject, version]
    stream = BytesIO()
    stream.write(_FRAME.pack(0, schema.schema_id))
    schemaless_writer(stream, schema.parsed, record)
    return stream.getvalue()


def newest_version(subject: str) -> int:
    """Return the version of *subject* that a producer writes today. Raises KeyError if there is none."""
    versions = [version for name, version in _BY_NAME if name == subject]
    if not versions:
        raise KeyError(subject)
    return max(versions)


def _writer_schema(raw: bytes, subject: str) -> WriterSchema:
    """Return the schema that the frame of *raw* names."""
    if len(raw) < _FRAME.size:
        raise Malformed("$", f"a frame of {len(raw)} bytes", f"{_FRAME.size} bytes", "truncated_frame")
    schema_id = _FRAME.unpack_from(raw)[1]
    schema = _BY_ID.get(schema_id)
    if schema is None:
        raise UnknownVersion("schema_id", "an unknown id", f"one of {sorted(_BY_ID)}")
    if schema.subject != subject:
        raise UnknownVersion("schema_id", f"a {schema.subject}'s", f"a {subject}'s", "wrong_subject")
    return schema


def _without_logical_types(node: Any) -> Any:
    """Return the schema *node* with the types that its logical types are written as."""
    if isinstance(node, list):
        return [_without_logical_types(item) for item in node]
    if isinstance(node, dict):
        return {key: _without_logical_types(value) for key, value in node.items() if key != "logicalType"}
    return node


def _load() -> list[WriterSchema]:
    """Read ids.json and the schema files that it names, from beside this module."""
    folder = files(__package__)
    schemas = []
    for schema_id, entry in json.loads(folder.joinpath("ids.json").read_text("utf-8")).items():
        subject, version = entry["subject"], entry["version"]
        text = folder.joinpath(f"{subject}.v{version}.avsc").read_text("utf-8")
        parsed = parse_schema(_without_logical_types(json.loads(text)))
        schemas.append(WriterSchema(int(schema_id), subject, version, parsed))
    return schemas


_BY_ID = {schema.schema_id: schema for schema in _load()}
_BY_NAME = {(schema.subject, schema.version): schema for schema in _BY_ID.values()}

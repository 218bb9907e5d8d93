"""What is a message, and what is only bytes."""

from __future__ import annotations

import contextlib
import io
import json
import struct
from pathlib import Path

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Malformed, RecordError, UnknownVersion
from schemas.fields import (
    ARTICLE_FIELDS,
    CUSTOMER_FIELDS,
    FX_RATE_FIELDS,
    LABEL_FIELDS,
    TRANSACTION_FIELDS,
)
from schemas.wire import decode
from schemas.wire_out import encode_avro, encode_json
from tests.builders import NOON_MS, customer_message, message, raw_avro, raw_json

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
WIRE = ROOT / "schemas" / "wire"
FRAMING = ROOT.parent / "shared" / "data" / "avro-compat-vectors" / "confluent_wire_format.json"

NOT_JSON = {
    "cut short": b'{"transaction_id":"t-1"',
    "NaN": b'{"latitude":NaN}',
    "Infinity": b'{"latitude":-Infinity}',
    "too large for a float": b'{"latitude":1e400}',
    "trailing comma": b'{"a":1,}',
    "two objects": b'{"a":1}{"a":1}',
    "half a surrogate pair": b'{"a":"\\ud800"}',
    "a control character": b'{"a":"\x01"}',
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "deep nesting": b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "UTF-16": '{"a":1}'.encode("utf-16-be")[1:],
    "another magic byte": bytes.fromhex("0189791762233641869674299b90a802e2"),
    "blanks": b"  \n",
}


SCHEMA_IDS = {"transaction": (1, 4), "customer": (2,), "label": (3,), "fx_rate": (5,), "article": (6,)}


def refusal(raw: bytes, subject: str = "transaction") -> tuple[type[RecordError], str, str]:
    """Tell the class, path and reason of the error for *raw*."""
    with pytest.raises(RecordError) as caught:
        decode(raw, subject)
    return type(caught.value), caught.value.where, caught.value.reason


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    """Bytes that RFC 8259 does not allow are malformed, and nothing else happens."""
    found = refusal(raw)
    assert found in [(Malformed, "$", "not_json"), (Malformed, "$", "invalid_utf8")]


def test_bad_utf8_is_told_apart() -> None:
    """A message in another encoding is refused as such."""
    assert refusal('{"a":"Zürich"}'.encode("latin-1")) == (Malformed, "$", "invalid_utf8")


@pytest.mark.parametrize("raw", [b"[]", b"[1]", b'"text"', b"7", b"null", b"true"])
def test_another_json_value_is_refused(raw: bytes) -> None:
    """JSON that is no object is no message."""
    assert refusal(raw) == (Malformed, "$", "not_an_object")


def test_nothing_is_refused() -> None:
    """An empty value is no message."""
    assert refusal(b"") == (Malformed, "$", "empty_message")


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b'{"amount_minor":1,"amount_minor":2}', "amount_minor"),
        (b'{"amount_minor":1,"amount_minor":1}', "amount_minor"),
        (b'{"currency" : "EUR", "currency" : "USD", "x":":"}', "currency"),
        (b'{"amount_minor":1,"\\u0061mount_minor":2}', "amount_minor"),
        (b'{"x":{"a":1,"a":2}}', "a"),
        (b'{"x":[{"a":1},{"a":2,"a":3}]}', "a"),
        (b'{"4111111111111111":1,"4111111111111111":2}', "$"),
    ],
)
def test_key_given_twice_is_refused(raw: bytes, path: str) -> None:
    """A key that stands twice in an object is refused, and named if it could be a field's."""
    assert refusal(raw) == (Malformed, path, "duplicate_key")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":":","b":"::1","c":"12:00"}',
        b'{"a":"\\":","b":{"a":1},"c":[{"a":1},{"a":1}]}',
        b'{"a":"\\\\","b":["a","b:"]}',
        b'{ "a" :\t1 ,\n"b":\r2 }',
        b"{}",
    ],
)
def test_each_key_once_is_no_repetition(raw: bytes) -> None:
    """Colons and quotes inside texts, and equal keys of different objects, are no repeated keys."""
    assert decode(raw, "transaction") == json.loads(raw)


SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(alphabet='a:"\\é1', max_size=5)
VALUES = (
    SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text("ab:", max_size=2), SCALARS, max_size=2)
)
PAIRS = st.lists(st.tuples(st.text('ab:"\\', max_size=2), VALUES), max_size=5)


@given(pairs=PAIRS, spaced=st.booleans())
def test_repetition_is_found_as_a_plain_count_finds_it(
    pairs: list[tuple[str, object]], *, spaced: bool
) -> None:
    """An object is refused exactly if its keys are fewer than its pairs, whatever texts it holds."""
    colon, comma = (" : ", " , ") if spaced else (":", ",")
    raw = ("{" + comma.join(f"{json.dumps(k)}{colon}{json.dumps(v)}" for k, v in pairs) + "}").encode()
    if len({key for key, _ in pairs}) < len(pairs):
        assert refusal(raw)[2] == "duplicate_key"
    else:
        assert decode(raw, "transaction") == dict(pairs)


def test_forms_are_told_apart_by_their_bytes() -> None:
    """The first byte alone decides between Avro and JSON, and both give the same fields."""
    nulls = {"amount_exponent": None}
    assert decode(raw_avro(), "transaction") == decode(raw_json(**nulls), "transaction")


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_cut_frame_is_refused(cut: int) -> None:
    """Fewer bytes than a frame has are malformed."""
    assert refusal(raw_avro()[:cut]) == (Malformed, "$", "truncated_frame")


def test_every_cut_of_a_record_is_refused() -> None:
    """A record cut anywhere is malformed."""
    raw = raw_avro()
    for length in range(5, len(raw)):
        assert refusal(raw[:length])[:2] == (Malformed, "$")


def test_trailing_bytes_are_refused() -> None:
    """A record that is followed by anything is malformed."""
    assert refusal(raw_avro() + b"\x00") == (Malformed, "$", "trailing_bytes")


def test_unknown_schema_is_refused() -> None:
    """A schema id that the job does not know is an unknown version."""
    raw = b"\x00" + struct.pack(">I", 4_000_000_000) + raw_avro()[5:]
    assert refusal(raw) == (UnknownVersion, "schema_id", "unknown_version")


def test_schema_of_another_subject_is_refused() -> None:
    """A customer on the topic of transactions is refused by its schema, not by its bytes."""
    raw = encode_avro("customer", customer_message())
    assert refusal(raw) == (UnknownVersion, "schema_id", "wrong_subject")


def test_avro_text_must_be_utf8() -> None:
    """Bytes that are not UTF-8 inside an Avro text are malformed."""
    raw = raw_avro(merchant_id="ZZZZ").replace(b"ZZZZ", b"\xff\xfe\xfd\xfc")
    assert refusal(raw) == (Malformed, "$", "not_avro")


@given(body=st.binary(max_size=200), subject=st.sampled_from([*SCHEMA_IDS]))
def test_any_avro_body_is_read_or_refused(body: bytes, subject: str) -> None:
    """Arbitrary bytes behind a good frame give a record or a RecordError, never another error."""
    for schema_id in SCHEMA_IDS[subject]:
        with contextlib.suppress(RecordError):
            decode(b"\x00" + struct.pack(">I", schema_id) + body, subject)


def test_huge_lengths_in_avro_cost_nothing() -> None:
    """A text or a list that claims to be immense is refused without being made room for."""
    immense = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    for body in (immense, b"\x02a" + immense, b"\x02a" + b"\x01", b"\x02a" + immense * 2):
        assert refusal(b"\x00\x00\x00\x00\x02" + body, "customer")[0] is Malformed
        assert refusal(b"\x00\x00\x00\x00\x01" + body)[0] is Malformed


@pytest.mark.parametrize(
    ("file", "table", "unchecked"),
    [
        ("transaction.v2.avsc", TRANSACTION_FIELDS, {"amount_exponent"}),
        ("customer.v1.avsc", CUSTOMER_FIELDS, set()),
        ("fx_rate.v1.avsc", FX_RATE_FIELDS, set()),
        ("label.v1.avsc", LABEL_FIELDS, set()),
        ("article.v1.avsc", ARTICLE_FIELDS, set()),
    ],
)
def test_schema_files_agree_with_the_tables(file: str, table: tuple, unchecked: set[str]) -> None:
    """Each schema has the fields of intake's table, null by default exactly where they are optional."""
    fields = json.loads((WIRE / file).read_text())["fields"]
    optional = {field["name"] for field in fields if field.get("default", 0) is None}
    assert {field["name"] for field in fields} == {field.name for field in table} | unchecked
    assert optional == {field.name for field in table if not field.mandatory} | unchecked


def test_a_version_appends() -> None:
    """The second schema of transactions is the first, with article_id at its end."""
    first, second = (
        json.loads((WIRE / f"transaction.v{version}.avsc").read_text())["fields"] for version in (1, 2)
    )
    assert second[:-1] == first
    assert second[-1]["name"] == "article_id"


def test_every_version_is_read() -> None:
    """A transaction of the first schema is read as ever, and names no article; the second's names one."""
    first, second = (decode(raw_avro(version), "transaction") for version in (1, 2))
    assert second == first | {"article_id": "r-1"}
    assert "article_id" not in first
    assert raw_avro() == raw_avro(2)


def test_no_schema_of_an_unknown_subject() -> None:
    """What nobody may write is a fault of the caller."""
    for version in (None, 1):
        with pytest.raises(KeyError):
            encode_avro("invoice", {}, version)


def test_times_are_timestamp_millis() -> None:
    """A reader that honours logical types sees event_time as a time."""
    schema = fastavro.parse_schema(json.loads((WIRE / "transaction.v1.avsc").read_text()))
    record = fastavro.schemaless_reader(io.BytesIO(raw_avro(1)[5:]), schema, None)
    assert record["event_time"].timestamp() * 1_000 == NOON_MS


def test_encoders_are_what_is_decoded() -> None:
    """What a producer writes is what the job reads, in both forms."""
    fields = message()
    assert decode(encode_json(fields), "transaction") == fields
    decoded = decode(encode_avro("transaction", fields), "transaction")
    assert {name: decoded[name] for name in fields} == fields


@pytest.mark.skipif(not FRAMING.exists(), reason=f"{FRAMING.name} is not beside this checkout")
def test_framing_is_confluents() -> None:
    """Confluent's own vectors: a zero and an id frame Avro; a GUID, which begins with 1, is refused."""
    for vector in json.loads(FRAMING.read_text())["vectors"]:
        raw = bytes.fromhex(vector["bytes_hex"])
        if vector["magic"] == 0:
            assert raw_avro(1)[:5] == raw[:5]
            assert vector["schema_id"] == 1
        assert refusal(raw)[0] is Malformed

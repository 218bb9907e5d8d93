"""What intake lets in as an article of the inventory, and what it keeps out."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.article import Article
from schemas.errors import Malformed, OutOfRange, RecordError
from schemas.intake import read_article
from schemas.wire_out import encode_avro, encode_json
from tests.builders import NOON_MS, article, article_message

pytestmark = pytest.mark.unit

KEY = "m-1/r-1"
LONGEST = "i" * 128


def refusal(raw: bytes | None, key: str = KEY) -> tuple[type[RecordError], str, str]:
    """Tell the class, path and reason of the error for *raw* under *key*."""
    with pytest.raises(RecordError) as caught:
        read_article(raw, key, NOON_MS)
    return type(caught.value), caught.value.where, caught.value.reason


def test_article_arrives() -> None:
    """An article's message becomes an article, from JSON and from Avro."""
    fields = article_message()
    assert read_article(encode_json(fields), KEY, 0) == article()
    assert read_article(encode_avro("article", fields), KEY, 0) == article()


def test_mandatory_fields_are_enough() -> None:
    """An article may say no more than what it is called, whose it is, and since when."""
    fields = {"article_id": "r-1", "merchant_id": "m-1", "updated": 0}
    assert read_article(encode_json(fields), KEY, NOON_MS) == Article("r-1", "m-1", 0)


def test_no_value_removes() -> None:
    """A message without a value says that the article is gone from the record's time on."""
    assert read_article(None, KEY, NOON_MS) == Article("r-1", "m-1", NOON_MS, removed=True)


def test_article_id_may_hold_a_slash() -> None:
    """The first slash of a key ends the merchant; what follows is the article, slashes and all."""
    raw = encode_json(article_message(article_id="a/b/c"))
    assert read_article(raw, "m-1/a/b/c", 0).article_id == "a/b/c"
    assert read_article(None, "m-1/a/b/c", 0).article_id == "a/b/c"


ARTICLE_REFUSED = [
    ("updated", None, "updated", "missing_field"),
    ("updated", -1, "updated", "out_of_range"),
    ("category", "", "category", "bad_length"),
    ("category", "card 4111111111111111", "category", "card_in_clear"),
    ("list_price_minor", -1, "list_price_minor", "out_of_range"),
    ("list_price_minor", 10**12 + 1, "list_price_minor", "out_of_range"),
    ("list_price_minor", 24.68, "list_price_minor", "wrong_type"),
    ("currency", "eur", "currency", "unknown_code"),
    ("currency", None, "currency", "no_currency"),
    ("stock", -1, "stock", "out_of_range"),
    ("stock", 10**9 + 1, "stock", "out_of_range"),
    ("stock", True, "stock", "wrong_type"),
]


@pytest.mark.parametrize(("name", "value", "path", "reason"), ARTICLE_REFUSED)
def test_article_beyond_a_limit_is_refused(name: str, value: Any, path: str, reason: str) -> None:
    """An article with a value that is not allowed is refused, by path and reason."""
    assert refusal(encode_json(article_message(**{name: value})))[1:] == (path, reason)


@pytest.mark.parametrize(
    ("name", "value"), [("list_price_minor", 0), ("list_price_minor", 10**12), ("stock", 0), ("stock", 10**9)]
)
def test_article_at_a_limit_is_kept(name: str, value: int) -> None:
    """A price of nothing, an empty shelf, and the largest of both, are allowed."""
    found = read_article(encode_json(article_message(**{name: value})), KEY, 0)
    assert getattr(found, name) == value


@pytest.mark.parametrize(
    ("key", "error", "reason"),
    [
        ("", Malformed, "missing_key"),
        ("m-1", Malformed, "bad_format"),
        ("/r-1", OutOfRange, "bad_length"),
        ("m-1/", OutOfRange, "bad_length"),
        (f"{LONGEST}i/r-1", OutOfRange, "bad_length"),
        ("m-1\x00/r-1", Malformed, "unprintable"),
    ],
)
@pytest.mark.parametrize("raw", [None, encode_json(article_message())])
def test_key_must_name_both(key: str, error: type, reason: str, raw: bytes | None) -> None:
    """A key that lacks the merchant or the article is refused, with a value and without."""
    assert refusal(raw, key) == (error, "key", reason)


@pytest.mark.parametrize("key", ["m-2/r-1", "m-1/r-2", "r-1/m-1"])
def test_key_and_payload_agree(key: str) -> None:
    """A payload that tells of another article than its key is refused: compaction goes by the key."""
    assert refusal(encode_json(article_message()), key) == (OutOfRange, "key", "wrong_key")


def test_merchant_may_hold_no_slash() -> None:
    """A merchant with a slash can't be told from its article in a key, and is refused."""
    raw = encode_json(article_message(merchant_id="m/1"))
    assert refusal(raw, "m/1/r-1") == (OutOfRange, "key", "wrong_key")


def test_empty_value_is_refused() -> None:
    """A value of no bytes is no message, and removes nothing."""
    assert refusal(b"") == (Malformed, "$", "empty_message")

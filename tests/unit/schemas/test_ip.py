"""IP addresses are spelled in one way, and hidden in bytes of any form."""

from __future__ import annotations

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ip import canonical_address, mask_addresses
from tests.builders import raw_avro

pytestmark = pytest.mark.unit


@given(st.ip_addresses())
def test_every_address_has_one_spelling(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """All spellings of an address become the standard library's own."""
    for spelling in (str(address), address.exploded, str(address).upper()):
        assert canonical_address(spelling) == str(address)


@given(st.text("0123456789.", max_size=15))
def test_what_ipaddress_refuses_is_refused(text: str) -> None:
    """The quick way for IPv4 lets nothing in that the standard library does not."""
    try:
        expected = str(ipaddress.ip_address(text))
    except ValueError:
        with pytest.raises(ValueError, match=r".*"):
            canonical_address(text)
    else:
        assert canonical_address(text) == expected


@given(
    address=st.ip_addresses(),
    before=st.sampled_from(["", '{"x":"', "from "]),
    after=st.sampled_from(["", '"}', ","]),
)
def test_no_address_survives(address: object, before: str, after: str) -> None:
    """An address is not in the masked bytes, under any key or none."""
    masked = mask_addresses(f"{before}{address}{after}".encode())
    assert str(address).encode() not in masked or str(address) == "::"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"ip":"203.0.113.7"}',
        b'{"ip" : 3405803783, "x":1}',
        b'{"ip":"203.0.113.7',
        b'{"\\u0069p":"cb00:7107::"}',
        b'{"note":"\\u0032\\u00303.0\\u002e113.7"}',
        "203.0.113.7".encode("utf-16-le"),
        raw_avro(),
        raw_avro(ip="2001:db8::cb00:7107"),
        b'{"ip":"example.org 203"}',
    ],
)
def test_spellings_are_masked(raw: bytes) -> None:
    """An address written as a number, with escapes, in Avro, in UTF-16 or cut short is hidden."""
    masked = mask_addresses(raw).replace(b"\x00", b"")
    assert not [trace for trace in (b"203", b"113", b"7107", b"3405803783", b"example") if trace in masked]


def test_other_keys_stay() -> None:
    """Fields that only look a little like addresses are left alone."""
    raw = json.dumps(
        {"zip": "12345", "at": "12:00:00", "ratio": 1.25, "version": "1.2.3", "ipx": "net"}
    ).encode()
    assert mask_addresses(raw) == raw

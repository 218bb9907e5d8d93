"""IP addresses: which texts are one, and how one is hidden in bytes that were refused."""

from __future__ import annotations

import ipaddress
import re

_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IS_V4 = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}").fullmatch

# Bounded repetitions, as in card.py: plain bytes, escaped as JSON may, and with the NULs of UTF-16.
_PART = rb"(?:(?:[0-9]|\\{1,4}u003[0-9])\x00?){1,3}"
_V4 = _PART + rb"(?:(?:\.|\\{1,4}u002[eE])\x00?" + _PART + rb"){3}"
_HEX = rb"[0-9a-fA-F]{1,4}"
_V6 = rb"(?:%s:){7}%s|(?:%s(?::%s){0,6})?::[0-9a-fA-F:.]{0,39}" % ((_HEX,) * 4)
_VALUE = rb'(?P<key>"(?:i|\\u0069)(?:p|\\u0070)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[^,}\s]+)'
_ADDRESS = re.compile(_VALUE + rb"|" + _V4 + rb"|" + _V6, re.DOTALL)


def canonical_address(text: str) -> str:
    """
    Return the one spelling of the address *text*: what its token is made of.

    Raises:
        ValueError: If *text* is no IPv4 or IPv6 address.
    """
    return text if _IS_V4(text) else str(ipaddress.ip_address(text))


def mask_addresses(raw: bytes) -> bytes:
    """Return *raw* with each IP address starred, and whatever value the key `ip` has."""
    return _ADDRESS.sub(_star, raw)


def _star(match: re.Match[bytes]) -> bytes:
    """Return the key, if there is one, and stars."""
    return match["key"] + b'"*"' if match["key"] is not None else b"*.*.*.*"

"""
What travels and rests in state: fixed fields, compared by value, packed as an array.

Rule: fields are only appended, each with a default, because an array knows its
values by place. A `msgspec.Struct` and no NamedTuple: one transaction makes and
reads some forty of them, at a quarter of the price (ADR-0019).
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import asdict, astuple, replace

__all__ = ["Record", "asdict", "astuple", "replace"]


class Record(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """
    The base of such types, each of which says `frozen=True` again, for the type checker.

    What one holds never refers back to it: the garbage collector passes it by.
    """

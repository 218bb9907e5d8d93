"""
The bytes that rest in state: a version byte, then MessagePack arrays.

Rule: Flink never sees these types, so only the version byte makes an upgrade
safe. A field appended with a default keeps the version; any other change is a
new version, which decodes the older ones too.
"""

from __future__ import annotations

import msgspec

from schemas.errors import BrokenPromise
from udfs.features.history import AccountHistory

HISTORY_VERSION = 1
_VERSION_BYTE = bytes([HISTORY_VERSION])
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AccountHistory)


def encode_history(history: AccountHistory) -> bytes:
    """The bytes from which `decode_history` restores *history*."""
    return _VERSION_BYTE + _encoder.encode(history)


def decode_history(packed: bytes) -> AccountHistory:
    """
    The history that was packed, fields that it does not have yet at their defaults.

    Raises:
        BrokenPromise: If the version is not known, or the bytes are not what it says.
    """
    if packed[:1] != _VERSION_BYTE:
        raise BrokenPromise("history.version", packed[:1].hex() or "nothing", _VERSION_BYTE.hex())
    try:
        return _decoder.decode(memoryview(packed)[1:])
    except msgspec.DecodeError as error:
        raise BrokenPromise("history", str(error), "an account's packed history") from error

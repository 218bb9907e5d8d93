"""
Malformed messages among good ones, as fast as the broker takes them.

Promised: each malformed one is a dead letter with its reason and path and no card
number in clear; each good one is decided once; the job does not restart.
"""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any, NamedTuple

from local import job
from local.accept.card_search import CardSearch
from local.accept.checks import Check, Report, Size, broken
from local.accept.malformed import KINDS, Kind, plain
from local.accept.readback import DEAD_LETTERS, DECISIONS, Readback, Written
from local.accept.sending import Outbound, Place, send
from local.generator import live_generator
from local.generator.traffic import Message
from local.stack import Stack, tell
from schemas.wire_out import encode_avro, encode_json

_SEED = 42
_TOLD = 3  # faults of one sort that are told one by one


class Shape(NamedTuple):
    """How many messages of either sort."""

    good: int
    malformed: int


SHAPES = {Size.FULL: Shape(good=10_000, malformed=1_000), Size.SHORT: Shape(good=1_000, malformed=120)}


class Flood(NamedTuple):
    """What was sent, and every decision and dead letter that came of it."""

    good: Sequence[Message]
    malformed: Mapping[Place, Kind]
    cards: CardSearch
    decisions: Sequence[dict[str, Any]]
    letters: Sequence[Written]
    restarts: int


class _Sending(NamedTuple):
    """A message, and in which way it is spoilt, if it is."""

    message: Message
    kind: Kind | None
    record: Outbound


def flood(stack: Stack, size: Size) -> Report:
    """The messages went through the job, and all that it wrote about them was judged."""
    return judge(run(stack, size))


def run(stack: Stack, size: Size) -> Flood:
    """The messages went through the job, and all that it wrote about them was read back."""
    bootstrap, shape = stack.endpoints["kafka"], SHAPES[size]
    reader = Readback(bootstrap, [DECISIONS, DEAD_LETTERS])
    sendings = _mixed(shape, time.time_ns() // 1_000_000)
    tell(
        f"flood: {shape.malformed:,} malformed messages of {len(KINDS)} kinds among {shape.good:,} good ones"
    )
    places = send(bootstrap, [sending.record for sending in sendings])
    written = reader.read(len(sendings))
    return Flood(
        good=[sending.message for sending in sendings if sending.kind is None],
        malformed={
            place: sending.kind
            for place, sending in zip(places, sendings, strict=True)
            if sending.kind is not None
        },
        cards=CardSearch(cards_of(sending.message for sending in sendings)),
        decisions=[record.message for record in written if record.topic == DECISIONS],
        letters=[record for record in written if record.topic == DEAD_LETTERS],
        restarts=job.restarts(stack.places.ports.rest),
    )


def judge(seen: Flood) -> Report:
    """What *seen* says about the promises."""
    parts = _parts(seen)
    figures = {
        "good messages": len(seen.good),
        "decided": len(seen.good) - parts.missing,
        "decided more than once": parts.repeated,
        "malformed messages": len(seen.malformed),
        "kinds": len(set(seen.malformed.values())),
        "dead letters": len(seen.letters),
        "wrong or missing ones": len(parts.wrong),
        "with a card in clear": parts.in_clear,
        "restarts": seen.restarts,
    }
    return Report(name="flood", figures=figures, faults=_faults(parts, seen))


def cards_of(messages: Iterable[Message]) -> Iterator[str]:
    """The card numbers in *messages*."""
    return (message["card_number"] for message in messages if message.get("card_number"))


CHECKS = (Check(name="flood", run=flood),)


class _Parts(NamedTuple):
    """What went wrong, counted; *wrong* and *extra* name it."""

    wrong: list[str]  # dead letters, one sentence each
    in_clear: int  # dead letters
    missing: int  # good messages
    repeated: int  # good messages
    extra: list[str]  # ids decided that were malformed


def _parts(seen: Flood) -> _Parts:
    times = Counter(decision["transaction_id"] for decision in seen.decisions)
    good = {message["transaction_id"] for message in seen.good}
    return _Parts(
        wrong=_letter_faults(seen),
        in_clear=sum(bool(seen.cards.found(_opened(letter))) for letter in seen.letters),
        missing=len(good - times.keys()),
        repeated=sum(count > 1 for count in times.values()),
        extra=sorted(times.keys() - good),
    )


def _faults(parts: _Parts, seen: Flood) -> tuple[str, ...]:
    wrong, in_clear, missing, repeated, extra = parts
    return *wrong[:_TOLD], *broken(
        [
            (len(wrong) <= _TOLD, f"dead letters: found {len(wrong):,} faults in all, expected none"),
            (not in_clear, f"dead letters with a card number in clear: found {in_clear:,}, expected none"),
            (not missing, f"never decided: found {missing:,}, expected none"),
            (not repeated, f"decided more than once: found {repeated:,}, expected none"),
            (not extra, f"decided although malformed: found {extra[:_TOLD]}, expected none"),
            (not seen.restarts, f"restarts: found {seen.restarts}, expected none"),
        ]
    )


def _letter_faults(seen: Flood) -> list[str]:
    """What is wrong with the dead letters, one sentence each."""
    found: dict[Place, list[str]] = {}
    for letter in seen.letters:
        message = letter.message
        place = Place(message["partition"], message["offset"])
        found.setdefault(place, []).append(f"{message['topic']} {message['reason']} {message['path']}")
    faults = []
    for place, kind in seen.malformed.items():
        expected = [f"transactions {kind.reason} {kind.path}"]
        if (told := found.pop(place, [])) != expected:
            faults.append(f"dead letter of '{kind.name}': found {told}, expected {expected}")
    return faults + [f"dead letter of a good message at {place}: {told}" for place, told in found.items()]


def _opened(letter: Written) -> bytes:
    """*letter* as it is, and its raw bytes as they were."""
    raw = base64.b64decode(letter.message["raw_base64"])
    return b"\n".join([letter.key or b"", letter.value, raw])


def _mixed(shape: Shape, now_ms: int) -> list[_Sending]:
    """Generated messages, the malformed ones at random places among the good ones."""
    chance, count = Random(_SEED), shape.good + shape.malformed
    generator = live_generator(_SEED, count, now_ms)
    messages = [_renamed(sample.transaction, now_ms) for sample in islice(generator.samples(), count)]
    spoilt = chance.sample(range(count), shape.malformed)
    kinds = {number: KINDS[turn % len(KINDS)] for turn, number in enumerate(spoilt)}
    return [_sending(message, kinds.get(number), number) for number, message in enumerate(messages)]


def _renamed(message: Message, now_ms: int) -> Message:
    """*message* of an account that no other check uses."""
    return {**message, "account_id": f"flood-{now_ms:x}-{message['account_id']}"}


def _sending(message: Message, kind: Kind | None, number: int) -> _Sending:
    time_ms = message["event_time"]
    if kind is None:
        value = encode_json(message) if number % 2 else encode_avro("transaction", message)
        return _Sending(message, None, Outbound(message["account_id"].encode(), value, time_ms))
    full = plain(message)
    return _Sending(full, kind, Outbound(kind.key(full), kind.value(full), time_ms))

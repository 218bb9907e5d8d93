"""
What thieves do to an account: each kind of fraud is one function in a registry.

Rule: a kind takes an account and a moment and returns the events of one episode,
in wire form, without ids, none of them before that moment. To add a kind, write
the function and put `@fraud_kind("its_name")` above it: the generator draws from
all that are registered, and the name becomes the label's `kind`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from local.generator.accounts import Account, new_device, new_payee
from local.generator.habits import USUAL_TRANSFER, in_town, on_the_web, session, transfer
from local.generator.traffic import HOUR_MS, MINUTE_MS, Message
from local.generator.world import PLACES, Place, World

FraudKind = Callable[[Random, Account, World, int], list[Message]]

FRAUD_KINDS: dict[str, FraudKind] = {}

STOLEN_IP = "203.0.113."  # TEST-NET-3, RFC 5737
SECOND_MS = 1000


def fraud_kind(name: str) -> Callable[[FraudKind], FraudKind]:
    """The decorated function is registered as the kind of fraud called *name*."""

    def register(kind: FraudKind) -> FraudKind:
        FRAUD_KINDS[name] = kind
        return kind

    return register


@fraud_kind("stolen_card")
def stolen_card(chance: Random, account: Account, world: World, start_ms: int) -> list[Message]:
    """Within hours, 4 to 9 payments of 5 to 20 times the usual, far from home or from a new device."""
    at_ms = start_ms + chance.randrange(10 * MINUTE_MS, 2 * HOUR_MS)
    elsewhere = _far_from(chance, account.place)
    device = new_device(chance)
    online = chance.random() < 0.5
    events = []
    for _ in range(chance.randint(4, 9)):
        message = _theft(chance, account, world, at_ms, elsewhere if not online else None)
        if online:
            _from_device(chance, message, device)
        events.append(message)
        at_ms += chance.randrange(1 * MINUTE_MS, 25 * MINUTE_MS)
    return events


@fraud_kind("card_testing")
def card_testing(chance: Random, account: Account, world: World, start_ms: int) -> list[Message]:
    """Within minutes 12 to 28 payments of 20 to 198 minor units, each at another shop, then 1 or 2 large."""
    at_ms = start_ms + chance.randrange(1 * MINUTE_MS, 3 * HOUR_MS)
    device = new_device(chance)
    shops = chance.sample(world.all_online, chance.randint(12, 28))
    events = []
    for shop in shops:
        message = on_the_web(chance, account, shop, at_ms)
        message["amount_minor"] = chance.randrange(20, 199)
        events.append(_declined_at_times(chance, _from_device(chance, message, device), 0.45))
        at_ms += chance.randrange(2 * SECOND_MS, 20 * SECOND_MS)
    for _ in range(chance.randint(1, 2)):
        at_ms += chance.randrange(5 * SECOND_MS, 45 * SECOND_MS)
        message = on_the_web(chance, account, chance.choice(world.all_online), at_ms)
        message["amount_minor"] = round(chance.uniform(300, 1500) * account.place.minor_per_euro)
        events.append(_from_device(chance, message, device))
    return events


@fraud_kind("account_takeover")
def account_takeover(chance: Random, account: Account, world: World, start_ms: int) -> list[Message]:
    """Within an hour or two a login abroad from a new device, a new payee, and 3 to 8 large payments."""
    at_ms = start_ms + chance.randrange(10 * MINUTE_MS, 6 * HOUR_MS)
    elsewhere, device, payee = _far_from(chance, account.place), new_device(chance), new_payee(chance)
    told: Message = {"country": elsewhere.country}
    events: list[Message] = []
    for kind in ("login", "device_change", "payee_added"):
        events.append(session(account, kind, at_ms) | told)
        at_ms += chance.randrange(20 * SECOND_MS, 8 * MINUTE_MS)
    events[-1]["counterparty_id"] = payee
    for _ in range(chance.randint(3, 6)):
        euro = USUAL_TRANSFER * account.taste * chance.uniform(4, 12)
        amount_minor = round(euro * account.place.minor_per_euro)
        events.append(transfer(session(account, "login", at_ms) | told, payee, amount_minor))
        at_ms += chance.randrange(1 * MINUTE_MS, 12 * MINUTE_MS)
    for _ in range(chance.randint(0, 2)):
        events.append(_theft(chance, account, world, at_ms, None))
        at_ms += chance.randrange(1 * MINUTE_MS, 12 * MINUTE_MS)
    return [_from_device(chance, message, device) for message in events]


def _theft(chance: Random, account: Account, world: World, at_ms: int, elsewhere: Place | None) -> Message:
    if elsewhere is None:
        message = on_the_web(chance, account, chance.choice(world.all_online), at_ms)
    else:
        message = in_town(chance, account, chance.choice(world.in_town[elsewhere.name]), at_ms)
        message["entry_mode"] = "swipe"
    euro = 35.0 * account.taste * chance.uniform(5, 20)
    message["amount_minor"] = round(euro * account.place.minor_per_euro)
    return _declined_at_times(chance, message, 0.15)


def _far_from(chance: Random, place: Place) -> Place:
    return chance.choice([other for other in PLACES if other.country != place.country])


def _from_device(chance: Random, message: Message, device: tuple[str, str]) -> Message:
    message["device_id"], message["device_fingerprint"] = device
    message["ip"] = f"{STOLEN_IP}{chance.randrange(1, 255)}"
    return message


def _declined_at_times(chance: Random, message: Message, share: float) -> Message:
    if chance.random() < share:
        message["auth_result"] = "declined"
        message["decline_reason"] = chance.choice(("invalid_cvv", "do_not_honor", "insufficient_funds"))
    return message

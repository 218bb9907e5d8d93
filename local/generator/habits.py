"""
What an honest account does next, and when.

Rules: `next_time` and `ordinary` draw only from the `random.Random` passed in.
They are on the path of every event: a dict built once, no helper objects.
"""

from __future__ import annotations

from random import Random

from local.generator.accounts import Account, new_device, new_payee
from local.generator.traffic import DAY_MS, HOUR_MS, Message
from local.generator.travel import arrived, plan_trip
from local.generator.world import Merchant, World

AWAKE_AT_NIGHT = 0.03  # share of events outside the account's hours that happen all the same
TRIP_CHANCE = 0.002  # an event, of leaving for another country for some days
DECLINED = 0.02
NEW_SHOP = 0.08
USUAL_TRANSFER = 140.0  # euro
NEW_DEVICE = 0.08  # share of sessions that begin on a device bought since


def next_time(chance: Random, account: Account, now_ms: int) -> int:
    """When the account acts next: after now_ms, mostly within its hours, and not while it travels."""
    at_ms = now_ms + 1 + int(chance.expovariate(1.0) * account.mean_gap_ms)
    in_day_ms = (at_ms + account.utc_offset_ms) % DAY_MS
    outside = in_day_ms < account.opens_ms or in_day_ms >= account.closes_ms
    if outside and chance.random() > AWAKE_AT_NIGHT:
        at_ms += (account.opens_ms - in_day_ms) % DAY_MS + int(chance.expovariate(1.0) * HOUR_MS)
    if account.trip is not None or chance.random() < TRIP_CHANCE:
        at_ms = _travel(chance, account, now_ms, at_ms)
    return at_ms


def _travel(chance: Random, account: Account, now_ms: int, at_ms: int) -> int:
    """Leave now, or be wherever the trip has led by *at_ms*; nobody acts on the way."""
    if account.trip is None:
        account.trip = plan_trip(chance, account.place, now_ms)
    at_ms, place = arrived(account.trip, at_ms)
    if place is None:
        account.trip = None
    account.here = place or account.place
    return at_ms


def ordinary(chance: Random, account: Account, world: World, at_ms: int) -> Message:
    """The account's next honest event in wire form, without an id."""
    what = chance.random()
    town, online, cash, transfer = account.mix
    if what < town:
        message = in_town(chance, account, _shop(chance, account, world), at_ms)
    elif what < online:
        message = on_the_web(chance, account, _web_shop(chance, account, world), at_ms)
    elif what < cash:
        message = _cash(chance, account, _shop(chance, account, world), at_ms)
    elif what < transfer:
        return _transfer(chance, account, at_ms)
    else:
        return _session(chance, account, at_ms)
    if chance.random() < DECLINED:
        message["auth_result"] = "declined"
        message["decline_reason"] = chance.choice(("insufficient_funds", "wrong_pin", "limit_exceeded"))
    return message


def in_town(chance: Random, account: Account, shop: Merchant, at_ms: int) -> Message:
    """A payment at the till of *shop*."""
    return {
        **account.base,
        "event_time": at_ms,
        "amount_minor": _amount(chance, account, shop.price),
        "event_type": "payment",
        "card_number": account.card_number,
        "merchant_id": shop.merchant_id,
        "mcc": shop.mcc,
        "auth_result": "approved",
        "channel": "pos",
        "country": shop.country,
        "latitude": shop.latitude,
        "longitude": shop.longitude,
        "entry_mode": "contactless" if chance.random() < 0.6 else "chip",
    }


def on_the_web(chance: Random, account: Account, shop: Merchant, at_ms: int) -> Message:
    """A payment at an online *shop*, from one of the account's own devices."""
    device_id, fingerprint = chance.choice(account.devices)
    return {
        **account.base,
        "event_time": at_ms,
        "amount_minor": _amount(chance, account, shop.price),
        "event_type": "payment",
        "card_number": account.card_number,
        "merchant_id": shop.merchant_id,
        "mcc": shop.mcc,
        "auth_result": "approved",
        "channel": "ecommerce",
        "country": shop.country,
        "device_id": device_id,
        "device_fingerprint": fingerprint,
        "ip": account.ip,
        "entry_mode": "online",
    }


def _cash(chance: Random, account: Account, near_shop: Merchant, at_ms: int) -> Message:
    message = in_town(chance, account, near_shop, at_ms)
    notes = chance.choice((20, 40, 50, 60, 100, 150))
    scale = account.place.minor_per_euro
    message.update(
        merchant_id=f"atm-{near_shop.merchant_id}",
        mcc="6011",
        channel="atm",
        entry_mode="chip",
        amount_minor=int(notes * scale),
    )
    return message


def _transfer(chance: Random, account: Account, at_ms: int) -> Message:
    if chance.random() < 0.15:
        account.payees.append(new_payee(chance))
        message = _session(chance, account, at_ms)
        message.update(event_type="payee_added", counterparty_id=account.payees[-1])
        return message
    message = _session(chance, account, at_ms)
    return transfer(message, chance.choice(account.payees), _amount(chance, account, USUAL_TRANSFER))


def transfer(message: Message, payee: str, amount_minor: int) -> Message:
    """*message*, a session, in which so much went to *payee*."""
    message.update(
        event_type="payment",
        channel="transfer",
        counterparty_id=payee,
        amount_minor=amount_minor,
        auth_result="approved",
    )
    return message


def _session(chance: Random, account: Account, at_ms: int) -> Message:
    kind = "login"
    if chance.random() < NEW_DEVICE:
        account.devices[-1] = new_device(chance)
        kind = "device_change"
    return session(account, kind, at_ms)


def session(account: Account, kind: str, at_ms: int) -> Message:
    """An event of *kind* that is no payment, from the device that the account used last."""
    device_id, fingerprint = account.devices[-1]
    return {
        **account.base,
        "event_time": at_ms,
        "amount_minor": 0,
        "event_type": kind,
        "country": account.here.country,
        "device_id": device_id,
        "device_fingerprint": fingerprint,
        "ip": account.ip,
    }


def _shop(chance: Random, account: Account, world: World) -> Merchant:
    if account.is_away:
        return chance.choice(world.in_town[account.here.name])
    if chance.random() < NEW_SHOP:
        return chance.choice(world.in_town[account.place.name])
    return chance.choice(account.shops)


def _web_shop(chance: Random, account: Account, world: World) -> Merchant:
    if chance.random() < NEW_SHOP:
        return chance.choice(world.all_online)
    return chance.choice(account.web_shops)


def _amount(chance: Random, account: Account, price: float) -> int:
    euro = price * account.taste * chance.lognormvariate(0, 0.4)
    return max(1, round(euro * account.place.minor_per_euro))

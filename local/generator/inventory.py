"""
What online merchants sell, at which price, and what of it is bought.

Rules: a merchant's articles follow from its name and its usual price alone, what is bought from a
chance of its own: the rest of the traffic is what it would be without. Thieves like what sells again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

from local.generator.traffic import DAY_MS, Message
from local.generator.world import PLACES, Merchant, Place, World
from udfs.features.listing import HIGH_RESALE
from udfs.features.small import is_small

KEEPS_INVENTORY = 0.6  # share of the online shops of these trades
# By merchant category: what is sold, as topic inventory calls it.
CATEGORIES = {
    "5311": ("clothing", "home", "electronics", "gift_cards"),
    "5411": ("groceries", "gift_cards"),
    "5651": ("clothing", "sneakers"),
    "5732": ("electronics", "phones", "computers", "accessories"),
    "5816": ("games", "gift_cards"),
    "5942": ("books", "gift_cards"),
    "5944": ("jewellery", "watches"),
}
ARTICLES = (3, 9)  # of a shop
NAMED = 0.5  # share of the honest payments at such a shop that name an article
THIEF_CHOOSES = 0.85  # how often a thief takes what sells again, where there is some
DISCOUNT = (0.75, 1.0)  # of the list price, for the honest
CHANGES_WITHIN_MS = 6 * DAY_MS  # of the start: prices fall, shelves empty and are filled, articles go
FATES = ("stays", "cheaper", "sold out", "removed", "returns")
_OF_FATES = (60, 16, 12, 6, 6)


class Ware(NamedTuple):
    """An article of a shop, as the shop calls it."""

    article_id: str
    merchant_id: str
    category: str
    list_price_minor: int
    currency: str


Wares = dict[str, tuple[Ware, ...]]


def wares_of(world: World) -> Wares:
    """The articles of each online merchant that keeps an inventory."""
    shelves = ((shop, _shelf(shop, place)) for place in PLACES for shop in world.online[place.name])
    return {shop.merchant_id: wares for shop, wares in shelves if wares}


def _shelf(shop: Merchant, place: Place) -> tuple[Ware, ...]:
    chance = Random(f"wares {shop.merchant_id} {shop.price}")
    categories = CATEGORIES.get(shop.mcc, ())
    if not categories or chance.random() >= KEEPS_INVENTORY:
        return ()
    count = chance.randint(*ARTICLES)
    return tuple(_ware(chance, shop, place, (f"r-{n}", chance.choice(categories))) for n in range(count))


def _ware(chance: Random, shop: Merchant, place: Place, name: tuple[str, str]) -> Ware:
    article_id, category = name
    price_minor = round(shop.price * chance.lognormvariate(0, 0.4) * place.minor_per_euro)
    return Ware(article_id, shop.merchant_id, category, max(1, price_minor), place.currency)


def articles(wares: Wares, start_ms: int) -> Iterator[Message]:
    """Every article in wire form: as it is 1 ms before *start_ms*, and what becomes of it within days."""
    for shelf in wares.values():
        for ware in shelf:
            chance = Random(f"fate {ware.merchant_id} {ware.article_id} {ware.list_price_minor}")
            yield from _told(ware, chance, start_ms)


def _told(ware: Ware, chance: Random, start_ms: int) -> Iterator[Message]:
    first: Message = {**ware._asdict(), "updated": start_ms - 1, "stock": chance.randint(1, 40)}
    yield first
    fate = chance.choices(FATES, _OF_FATES)[0]
    at_ms = start_ms + chance.randrange(CHANGES_WITHIN_MS // 2)
    later_ms = at_ms + chance.randrange(1, CHANGES_WITHIN_MS // 2)
    if fate == "cheaper":
        yield first | {"updated": at_ms, "list_price_minor": max(1, first["list_price_minor"] * 4 // 5)}
    elif fate == "sold out":
        yield first | {"updated": at_ms, "stock": 0}
        yield first | {"updated": later_ms, "stock": chance.randint(1, 40)}
    elif fate != "stays":
        names = {"article_id": ware.article_id, "merchant_id": ware.merchant_id}
        yield names | {"updated": at_ms, "removed": True}
        if fate == "returns":
            yield first | {"updated": later_ms}


class Baskets:
    """What each payment at a shop with an inventory is for."""

    def __init__(self, seed: int, world: World) -> None:
        self._wares = wares_of(world)
        self._chance = Random(f"baskets {seed}")

    def buy(self, message: Message) -> None:
        """An honest payment names an article at times, and then costs about what that does."""
        wares = self._offered(message)
        if not wares or self._chance.random() >= NAMED:
            return
        ware = self._chance.choice(wares)
        message["article_id"] = ware.article_id
        if ware.currency == message["currency"]:
            share = self._chance.uniform(*DISCOUNT)
            message["amount_minor"] = max(1, round(ware.list_price_minor * share))

    def steal(self, messages: Iterable[Message]) -> None:
        """A thief's purchases name an article, mostly one that sells again; small tests of a card none."""
        for message in messages:
            wares = self._offered(message)
            if not wares or is_small(message["amount_minor"], message["currency"]):
                continue
            sells_again = [ware for ware in wares if ware.category in HIGH_RESALE]
            chosen = sells_again if sells_again and self._chance.random() < THIEF_CHOOSES else wares
            message["article_id"] = self._chance.choice(chosen).article_id

    def _offered(self, message: Message) -> tuple[Ware, ...]:
        return self._wares.get(message.get("merchant_id", ""), ())

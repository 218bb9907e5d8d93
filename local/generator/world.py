"""
Where the generator's people live and shop: places, kinds of shop, merchants.

Rule: everything is drawn from the `random.Random` passed in, in one fixed order,
so the same seed gives the same world.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple


class Place(NamedTuple):
    """A town; *minor_per_euro* turns a price in euro into minor units of its currency, roughly."""

    name: str
    country: str  # ISO 3166-1 alpha-2
    currency: str  # ISO 4217
    minor_per_euro: float
    latitude: float
    longitude: float
    people: int  # its weight when homes are drawn


class Trade(NamedTuple):
    """A kind of shop: its merchant category, its usual price in euro, and its weights in town and online."""

    mcc: str
    price: float
    in_town: int
    online: int


class Merchant(NamedTuple):
    """A shop; online shops have no position."""

    merchant_id: str
    mcc: str
    price: float  # usual, in euro
    country: str
    latitude: float | None
    longitude: float | None


PLACES = (
    Place("Paris", "FR", "EUR", 100, 48.857, 2.352, 10),
    Place("Lyon", "FR", "EUR", 100, 45.764, 4.836, 4),
    Place("Berlin", "DE", "EUR", 100, 52.520, 13.405, 9),
    Place("Madrid", "ES", "EUR", 100, 40.417, -3.704, 7),
    Place("Milan", "IT", "EUR", 100, 45.464, 9.190, 6),
    Place("London", "GB", "GBP", 86, 51.507, -0.128, 10),
    Place("Warsaw", "PL", "PLN", 430, 52.230, 21.012, 4),
    Place("New York", "US", "USD", 109, 40.713, -74.006, 12),
    Place("Chicago", "US", "USD", 109, 41.878, -87.630, 6),
    Place("Los Angeles", "US", "USD", 109, 34.052, -118.244, 8),
    Place("Toronto", "CA", "CAD", 148, 43.653, -79.383, 5),
    Place("Sao Paulo", "BR", "BRL", 590, -23.551, -46.633, 5),
    Place("Sydney", "AU", "AUD", 165, -33.869, 151.209, 4),
    Place("Singapore", "SG", "SGD", 145, 1.352, 103.820, 3),
    Place("Tokyo", "JP", "JPY", 160, 35.677, 139.650, 2),
    Place("Lagos", "NG", "NGN", 170_000, 6.524, 3.379, 1),
)

TRADES = (
    Trade("5411", 38.0, 30, 6),  # grocery
    Trade("5812", 27.0, 18, 0),  # restaurant
    Trade("5814", 9.0, 14, 3),  # fast food
    Trade("5541", 48.0, 10, 0),  # fuel
    Trade("5912", 17.0, 8, 2),  # pharmacy
    Trade("4111", 3.2, 8, 4),  # local transport
    Trade("5311", 55.0, 6, 14),  # department store
    Trade("5651", 60.0, 6, 14),  # clothing
    Trade("5732", 190.0, 2, 6),  # electronics
    Trade("5942", 19.0, 2, 8),  # books
    Trade("5816", 8.0, 0, 16),  # games
    Trade("4899", 12.0, 0, 10),  # television, streaming
    Trade("7011", 150.0, 1, 3),  # hotel
    Trade("4511", 260.0, 0, 2),  # airline
    Trade("5944", 240.0, 1, 1),  # jewellery
    Trade("7995", 35.0, 0, 1),  # betting
    Trade("6051", 120.0, 0, 1),  # quasi cash, crypto assets
)


class World(NamedTuple):
    """All merchants: of each place in town, and of each place online."""

    in_town: dict[str, tuple[Merchant, ...]]
    online: dict[str, tuple[Merchant, ...]]
    all_online: tuple[Merchant, ...]


def build_world(chance: Random, merchants: int) -> World:
    """A world of about *merchants* shops, shared out by the size of the places, a third of them online."""
    people = sum(place.people for place in PLACES)
    in_town, online = {}, {}
    for place in PLACES:
        shops = max(12, merchants * place.people // people)
        in_town[place.name] = tuple(_town_shop(chance, place, n) for n in range(shops))
        online[place.name] = tuple(_online_shop(chance, place, n) for n in range(shops // 2))
    return World(in_town, online, tuple(shop for shops in online.values() for shop in shops))


def near(chance: Random, place: Place, spread_degrees: float) -> tuple[float, float]:
    """A position about *spread_degrees* from the middle of *place*, to 4 decimals (11 m)."""
    return (
        round(place.latitude + chance.gauss(0, spread_degrees), 4),
        round(place.longitude + chance.gauss(0, spread_degrees), 4),
    )


def _town_shop(chance: Random, place: Place, number: int) -> Merchant:
    trade = chance.choices(TRADES, [trade.in_town for trade in TRADES])[0]
    latitude, longitude = near(chance, place, 0.05)
    name = f"m-{_slug(place)}-{number}"
    return Merchant(name, trade.mcc, _price(chance, trade), place.country, latitude, longitude)


def _online_shop(chance: Random, place: Place, number: int) -> Merchant:
    trade = chance.choices(TRADES, [trade.online for trade in TRADES])[0]
    return Merchant(f"w-{_slug(place)}-{number}", trade.mcc, _price(chance, trade), place.country, None, None)


def _price(chance: Random, trade: Trade) -> float:
    return trade.price * chance.lognormvariate(0, 0.25)


def _slug(place: Place) -> str:
    return place.name.lower().replace(" ", "-")

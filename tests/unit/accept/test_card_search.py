"""The search for card numbers in what the job wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.accept.card_search import CardSearch

pytestmark = pytest.mark.unit

CARDS = ("4111111111111111", "378282246310005")


@pytest.mark.parametrize("spelt", ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111"])
def test_spellings(spelt: str) -> None:
    """A card number is found as digits, and with the spaces and dashes that people print."""
    assert CardSearch(CARDS).found(f'{{"x":"{spelt}"}}'.encode()) == {CARDS[0]}


def test_other_digits() -> None:
    """Masked numbers, times and the card numbers of others are not found."""
    text = b"************1111 1775044800000 5500000000000004"
    assert CardSearch(CARDS).found(text) == set()


def test_no_cards() -> None:
    """Without card numbers nothing is found."""
    assert CardSearch(()).found(b"4111111111111111") == set()


@given(st.text("0123456789ab", max_size=30), st.text("0123456789ab", max_size=30), st.sampled_from(CARDS))
def test_inside_other_text(before: str, after: str, card: str) -> None:
    """A card number is found wherever it stands, within a longer run of digits too."""
    found = CardSearch(CARDS).found(f"{before}{card}{after}".encode())
    assert found == {known for known in CARDS if known in f"{before}{card}{after}"}

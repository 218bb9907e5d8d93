"""
Every currency in use, with the exponent that turns minor units into major ones.

Rule: no amount is divided anywhere else, and none becomes a float.
Source: ISO 4217 as of 2026 (datasets/currency-codes, ab9b0ae8). Codes without a
minor unit (metals, test codes, XXX) are no currency of a payment, and absent.
"""

from __future__ import annotations

from decimal import Context, Decimal

_CODES_BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
        CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
        GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL
        MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR
        PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
        TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

EXPONENTS: dict[str, int] = {
    code: exponent for exponent, codes in _CODES_BY_EXPONENT.items() for code in codes.split()
}

_EXACT = Context(prec=60)  # no sum of amounts of at most 10**12 comes near 60 digits


_HUNDREDTHS = frozenset(code for code, exponent in EXPONENTS.items() if exponent == 2)


def major_text(amount_minor: int, currency: str) -> str:
    """Return `major` of a non-negative amount written out, all its decimals included; about 0.2 us."""
    if currency in _HUNDREDTHS and amount_minor >= 0:
        return f"{amount_minor // 100}.{amount_minor % 100:02d}"
    return format(major(amount_minor, currency), "f")


def major(amount_minor: int, currency: str) -> Decimal:
    """
    Return *amount_minor* in major units of *currency*, exactly, with all its decimals.

    Raises:
        KeyError: If *currency* is none that intake lets in.
    """
    return Decimal(amount_minor).scaleb(-EXPONENTS[currency], _EXACT)

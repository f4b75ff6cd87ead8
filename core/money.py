"""Money in integers: micro-units, minor units, ISO 4217 exponents, allocation by largest remainder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from copy import copy
from decimal import Decimal

from babel import Locale
from babel.numbers import list_currencies
from django.utils.translation import gettext_lazy as _
from django.utils.translation import to_locale

from core.errors import InvalidInput

# 1e-6 of a currency's main unit: for rates, costs and metering. The ledger counts minor units.
Micros = int

MICROS_PER_UNIT = 1_000_000
_CURRENCIES = list_currencies()
# Currencies whose ISO 4217 exponent is not 2. Babel's table follows common usage instead.
_EXPONENTS = {
    "BHD": 3, "BIF": 0, "CLF": 4, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0,
    "KMF": 0, "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0,
    "UYW": 4, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip


def allocate(pool: int, weights: Mapping[int, int], period: str) -> dict[int, int]:
    """Divide ``pool`` minor units in proportion to ``weights``, by the largest remainder; the sum is exact.

    Weights are at least 0. Equal remainders are ordered by sha256("{period}|{id}"), then by id, so that the
    result does not depend on the order of the input. All weights 0: all shares are 0 and the caller
    carries the pool forward. A negative pool is divided as its absolute value and negated.
    """
    if any(weight < 0 for weight in weights.values()):
        raise ValueError("a weight below zero")
    total = sum(weights.values())
    if total == 0:
        return dict.fromkeys(weights, 0)
    size = abs(pool)
    shares = {key: size * weight // total for key, weight in weights.items()}
    missing = size - sum(shares.values())
    # Only entries with a remainder get one more unit, and there are always enough of them.
    owed = [key for key, weight in weights.items() if size * weight % total]
    owed.sort(key=lambda key: (-(size * weights[key] % total), _tie_break(period, key), key))
    for key in owed[:missing]:
        shares[key] += 1
    return shares if pool >= 0 else {key: -share for key, share in shares.items()}


def _tie_break(period: str, key: int) -> str:
    return hashlib.sha256(f"{period}|{key}".encode()).hexdigest()


def currency_exponent(code: str) -> int:
    """Return how many decimals ``code`` has by ISO 4217 (USD 2, JPY 0, KWD 3); raises InvalidInput."""
    if code not in _CURRENCIES:
        raise InvalidInput(
            _("Use a currency code of three letters, for example USD."),
            code="currency_unknown",
            field="currency",
        )
    return _EXPONENTS.get(code, 2)


def micros_to_minor(micros: Micros, currency: str) -> int:
    """Return whole minor units of ``currency``, rounded half to even."""
    step = 10 ** (6 - currency_exponent(currency))
    whole, rest = divmod(abs(micros), step)
    if rest * 2 > step or (rest * 2 == step and whole % 2):
        whole += 1
    return whole if micros >= 0 else -whole


def minor_to_micros(minor: int, currency: str) -> Micros:
    return int(minor * 10 ** (6 - currency_exponent(currency)))


def minor_to_decimal(minor: int, currency: str) -> Decimal:
    """Return main units, exact, for files and JSON: 1204 of USD is Decimal("12.04")."""
    return Decimal(minor).scaleb(-currency_exponent(currency))


def format_money(minor: int, currency: str, language: str = "en") -> str:
    """Return ``minor`` units with the currency, formatted for ``language`` (a Django language code)."""
    exponent = currency_exponent(currency)
    locale = Locale.parse(to_locale(language))
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (exponent, exponent)
    written = pattern.apply(
        minor_to_decimal(minor, currency), locale, currency=currency, currency_digits=False
    )
    # A currency without a symbol is written as its code, which needs a space before the number.
    return re.sub(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", "\N{NO-BREAK SPACE}", written)

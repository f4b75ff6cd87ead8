"""International bank account numbers (ISO 13616): shape, length and check digits."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput

_SHAPE = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
# Lengths in the SEPA countries; IBANs of other countries are checked by shape and check digits only.
_LENGTHS = {
    "AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26,
    "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28,
    "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
}  # fmt: skip


def clean_iban(text: str) -> str:
    """Return the IBAN in capitals without spaces; InvalidInput for a wrong shape, length or checksum."""
    iban = re.sub(r"[\s-]", "", text or "").upper()
    has_shape = _SHAPE.fullmatch(iban) is not None and _LENGTHS.get(iban[:2], len(iban)) == len(iban)
    if not has_shape or int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4])) % 97 != 1:
        raise InvalidInput(
            _("This is not a valid IBAN. Compare it with your bank statement."),
            code="iban_invalid",
            field="iban",
        )
    return iban

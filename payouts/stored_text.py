"""Translates sentences that the system stored in English: reasons, descriptions of ledger entries."""

from __future__ import annotations

import re
from functools import cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

SENTENCES = (
    gettext_noop("Approved."),
    gettext_noop("Approved on the command line."),
    gettext_noop("Bank reference %(what)s"),
    gettext_noop("Batch approved."),
    gettext_noop("Close started."),
    gettext_noop("Earnings of %(what)s"),
    gettext_noop("Every payout has ended."),
    gettext_noop("Exported as %(what)s."),
    gettext_noop("Hold of %(what)s elapsed"),
    gettext_noop("In the bank file."),
    gettext_noop("Late usage of %(what)s"),
    gettext_noop("Payout %(what)s did not go out"),
    gettext_noop("Payout %(what)s in batch %(where)s"),
    gettext_noop("Payout %(what)s paid"),
    gettext_noop("Payout %(what)s returned"),
    gettext_noop("Revenue share of %(what)s"),
    gettext_noop("Run %(what)s approved."),
    gettext_noop("Run %(what)s is calculated."),
    gettext_noop("The bank took the file."),
    gettext_noop("The month ended."),
    # The labels of services.eligibility.BlockReason.
    gettext_noop("A payout is on its way"),
    gettext_noop("Account changed less than 72 hours ago"),
    gettext_noop("Account not checked yet"),
    gettext_noop("Below the smallest payout"),
    gettext_noop("No payout account"),
    gettext_noop("On hold"),
    gettext_noop("On hold by a decision of moderation"),
)


def translate_stored_text(text: str) -> str:
    """Return a sentence of SENTENCES in the active language, and any other text unchanged."""
    for sentence in SENTENCES:
        if found := _pattern(sentence).fullmatch(text):
            return _(sentence) % found.groupdict()
    return text


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", sentence)
    return re.compile(
        "".join(rf"(?P<{part}>\S+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    )

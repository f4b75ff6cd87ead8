"""Says in the reader's language what the machine wrote down once, in English, and never changes."""

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
    # Why a payout was left out of its batch: the gates.
    gettext_noop("A payout is on its way"),
    gettext_noop("Account changed less than 72 hours ago"),
    gettext_noop("Account not checked yet"),
    gettext_noop("Below the smallest payout"),
    gettext_noop("No payout account"),
    gettext_noop("On hold"),
)


def said(text: str) -> str:
    """Return the machine's sentence in the running language; what a person wrote comes back as it is."""
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

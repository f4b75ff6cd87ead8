"""How notifications about budgets read (workspaces/notification_words.py)."""

from __future__ import annotations

from core.retelling import Phrase
from gpts.metering.services.budgets.thresholds import KIND as THRESHOLD_KIND
from gpts.metering.services.budgets.warnings import KIND
from workspaces.notification_words import NotificationWords

_SUBJECTS = (
    Phrase(("Cost centre %(name)s",)),
    Phrase(("Each member",)),
    Phrase(("Each person with the GPT %(name)s",)),
    Phrase(("Each person of %(name)s",)),
    Phrase(("The GPT %(name)s",)),
    Phrase(("%(name)s together",)),
    Phrase(("The whole workspace",)),
)
_AMOUNTS = (
    Phrase((("%(count)s token", "%(count)s tokens"),)),
    Phrase((("%(count)s answer", "%(count)s answers"),)),
)
_LIMITS = tuple(
    Phrase((message,), {"amount": _AMOUNTS})
    for message in ("%(amount)s a minute", "%(amount)s an hour", "%(amount)s a day", "%(amount)s a month")
)
_MARK, _STOP = "The mark is %(soft)s in %(place)s.", "New answers stop at %(hard)s."

_COUNTED = "Counted so far: %(used)s of %(limit)s in %(place)s."
_COUNTED_VALUES = {"used": _AMOUNTS, "limit": _LIMITS}

WORDS = {
    THRESHOLD_KIND: NotificationWords(
        titles=(Phrase(("%(who)s: %(percent)s of “%(name)s” is used",), {"who": _SUBJECTS}),),
        paragraphs=(
            Phrase((_COUNTED, "New answers are refused when it is used up."), _COUNTED_VALUES),
            Phrase(
                (_COUNTED, "New answers are refused until the budget begins anew or is raised."),
                _COUNTED_VALUES,
            ),
            Phrase((_COUNTED,), _COUNTED_VALUES),
        ),
    ),
    KIND: NotificationWords(
        titles=(
            Phrase(("You have passed the warning mark of “%(name)s”",)),
            Phrase(("%(who)s: the warning mark of “%(name)s” is passed",), {"who": _SUBJECTS}),
        ),
        paragraphs=(
            Phrase((_MARK, _STOP), {"soft": _LIMITS, "hard": _LIMITS}),
            Phrase((_MARK,), {"soft": _LIMITS}),
        ),
    ),
}

"""How notifications of moderation read (workspaces/notification_words.py)."""

from __future__ import annotations

from core.retelling import Phrase, retell_label
from reviews.checks import LABELS
from reviews.states import NoticeKind
from workspaces.notification_words import NotificationWords

# See describe_outcome in reviews/services/notices.py.
_OUTCOMES = tuple(
    Phrase((message,))
    for message in (
        "approved and listed",
        "changes requested",
        "not listed",
        "a warning",
        "taken out of the store",
        "quarantined",
        "your builder account is suspended",
    )
)
_DECISION = NotificationWords(titles=(Phrase(("“%(name)s”: %(outcome)s",), {"outcome": _OUTCOMES}),))

WORDS = {
    f"reviews.{NoticeKind.STATEMENT_OF_REASONS}": _DECISION,
    f"reviews.{NoticeKind.APPROVAL}": _DECISION,
    f"reviews.{NoticeKind.RECEIPT}": NotificationWords(
        titles=(Phrase(("We received your report about “%(name)s”",)),)
    ),
    f"reviews.{NoticeKind.OUTCOME}": NotificationWords(
        titles=(
            Phrase(("Your report about “%(name)s” has been decided",)),
            Phrase(("Your objection about “%(name)s” has been decided",)),
        )
    ),
    "reviews.checker_down": NotificationWords(
        titles=(Phrase(("An automated check cannot run",)),),
        paragraphs=(
            Phrase(
                ("Submissions wait until “%(check)s” answers again. None is approved meanwhile.",),
                {"check": retell_label(LABELS.values())},
            ),
        ),
    ),
    "reviews.no_judge": NotificationWords(
        titles=(Phrase(("A case has nobody left who may judge it",)),),
        paragraphs=(
            Phrase(
                (
                    "Every moderator had a part in it or belongs to it. Make somebody else a moderator; for a"
                    " case of child safety, with that role too.",
                )
            ),
        ),
    ),
    "reviews.reporting_accuracy": NotificationWords(
        titles=(
            Phrase(("Most of your reports did not hold up",)),
            Phrase(("Your reports are paused for a month",)),
        ),
        paragraphs=(
            Phrase(
                ("Report what you have seen yourself. If it goes on, your reports are paused for a month.",)
            ),
            Phrase(("Too many did not hold up. Those that wait are still read.",)),
        ),
    ),
}

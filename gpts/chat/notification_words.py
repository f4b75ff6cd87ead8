"""How notifications about opened conversations read (workspaces/notification_words.py)."""

from __future__ import annotations

from core.retelling import Phrase
from gpts.chat.services.content_access import ALLOWED_KIND, OPENED_KIND
from workspaces.notification_words import NotificationWords

WORDS = {
    OPENED_KIND: NotificationWords(
        titles=(Phrase(("Your conversations at %(company)s were opened",)),),
        paragraphs=(Phrase(("%(first)s asked for it and %(second)s agreed. They gave this reason:",)),),
    ),
    ALLOWED_KIND: NotificationWords(
        titles=(Phrase(("%(company)s can open conversations from now on",)),),
        paragraphs=(
            Phrase(
                (
                    "Two people of the company together, with a reason. You are told each time, and see"
                    " there who it was and why.",
                )
            ),
        ),
    ),
}

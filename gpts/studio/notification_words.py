"""How notifications about approval inside a company read."""

from __future__ import annotations

from core.retelling import Phrase
from gpts.studio.services.publishing import ANSWERED_KIND, ASKED_KIND
from workspaces.notification_words import NotificationWords

WORDS = {
    ASKED_KIND: NotificationWords(titles=(Phrase(("%(who)s asks to share %(gpt)s",)),)),
    ANSWERED_KIND: NotificationWords(
        titles=(
            Phrase(("%(gpt)s was sent back",)),
            Phrase(("%(gpt)s may go to the public store: submit it now",)),
            Phrase(("%(gpt)s is approved and shared",)),
        )
    ),
}

"""How notifications about models that end, owners and edits read (workspaces/notification_words.py)."""

from __future__ import annotations

from core.look.formats import reread_day
from core.retelling import Phrase, retell_label
from gpts.assistants.services.edit_notices import NOTE_KIND as EDITED
from gpts.assistants.services.model_retirement import NOTE_KIND
from gpts.assistants.services.transfers import NOTE_KIND as TRANSFERRED
from gpts.llm.built_in import SHOWN_LABELS
from workspaces.notification_words import NotificationWords

WORDS = {
    NOTE_KIND: NotificationWords(
        titles=(
            Phrase(
                ("The model %(model)s ends on %(day)s",),
                {"model": retell_label(SHOWN_LABELS.values()), "day": reread_day},
            ),
        ),
        paragraphs=(
            Phrase(
                (
                    (
                        "%(count)d GPT of yours uses it: %(names)s."
                        " Choose another model on its Configure tab.",
                        "%(count)d GPTs of yours use it: %(names)s."
                        " Choose another model on their Configure tabs.",
                    ),
                )
            ),
        ),
    ),
    EDITED: NotificationWords(
        titles=(Phrase(("%(who)s edited %(name)s",)),),
        paragraphs=(Phrase(("Changed: %(fields)s.",)),),
    ),
    TRANSFERRED: NotificationWords(
        titles=(
            Phrase(
                (
                    (
                        "%(count)d GPT of %(workspace)s is yours now",
                        "%(count)d GPTs of %(workspace)s are yours now",
                    ),
                )
            ),
        ),
        paragraphs=(Phrase(("You own and edit from now on: %(names)s.",)),),
    ),
}

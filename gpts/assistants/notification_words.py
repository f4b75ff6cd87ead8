"""How notifications about models that end, owners, edits and external GPTs read."""

from __future__ import annotations

from core.look.formats import reread_day
from core.retelling import Phrase, retell_label
from gpts.assistants.services.adoptions import ANSWERED_KIND, DUE_KIND, REQUESTED_KIND
from gpts.assistants.services.edit_notices import NOTE_KIND as EDITED
from gpts.assistants.services.model_retirement import NOTE_KIND
from gpts.assistants.services.store_blocks import BLOCKED_KIND
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
        titles=(
            Phrase(("%(who)s edited %(name)s",)),
            Phrase(("%(who)s made version %(number)s of %(name)s live",)),
        ),
        paragraphs=(
            Phrase(("Changed: %(fields)s.",)),
            Phrase(("Whoever uses it gets this version now.",)),
        ),
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
    REQUESTED_KIND: NotificationWords(titles=(Phrase(("%(who)s asks for %(gpt)s",)),)),
    ANSWERED_KIND: NotificationWords(
        titles=(Phrase(("%(gpt)s is approved",)), Phrase(("%(gpt)s was not approved",)))
    ),
    BLOCKED_KIND: NotificationWords(
        titles=(
            Phrase(("%(name)s is blocked in the store of %(workspace)s",)),
            Phrase(("%(name)s is in the store of %(workspace)s again",)),
        )
    ),
    DUE_KIND: NotificationWords(
        titles=(
            Phrase(("The approval of %(gpt)s has ended",)),
            Phrase(("The approval of %(gpt)s ends soon",)),
            Phrase(("Look at %(gpt)s again and renew its approval",)),
            Phrase(("%(gpt)s has a new version, which waits for you",)),
        )
    ),
}

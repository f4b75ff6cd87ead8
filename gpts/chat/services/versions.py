"""Going on with another version than the one with which a conversation began."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, InvalidInput
from gpts.assistants.models import Version
from gpts.assistants.rules import GPTRelation
from gpts.chat.kept_versions import kept_version
from gpts.chat.models import Conversation


@transaction.atomic
def continue_version(
    *, conversation: Conversation, number: int, live: Version | None, at: datetime
) -> Conversation:
    """Let the conversation go on with version ``number``, which the person saw as the live one.

    ``live`` comes from recheck_chat. Conflict (``version_changed``, data: the live number)
    when another one is live by now; doing it twice changes nothing. A draft stays a draft.
    """
    if conversation.version_id is None:
        raise InvalidInput(_("A preview always talks to the draft."), code="draft_conversation")
    if live is None or live.number != number:
        raise Conflict(
            _("Another version is live by now. Reload the page to see which."),
            code="version_changed",
            data={"live": None if live is None else live.number},
        )
    if conversation.version_id != live.pk:
        conversation.version = live
        conversation.save(update_fields=["version"])
    return conversation


def settle_version(
    *, conversation: Conversation, live: Version | None, relation: GPTRelation
) -> Conversation:
    """Before a new turn: move to the live version when the kept one may not serve any more.

    Conflict (``version_ended``) when none may. The page tells the move where the turns change version.
    """
    kept = kept_version(conversation, live, relation)
    if kept.is_over:
        raise Conflict(
            _("This conversation has ended: its version of the GPT was taken back. You can still read it."),
            code="version_ended",
        )
    if kept.is_moved:
        conversation.version = kept.version
        conversation.save(update_fields=["version"])
    return conversation

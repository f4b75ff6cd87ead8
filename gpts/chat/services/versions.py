"""Which version answers a conversation: the one it began with while that is served, else the live one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, DomainError, InvalidInput
from gpts.assistants.access import recheck_chat
from gpts.assistants.models import GPT, LiveVersion, PastVersion, Version
from gpts.assistants.rules import GPTRelation, list_reached_audiences
from gpts.chat.access import is_payer_open
from gpts.chat.models import Conversation
from workspaces.acts import EXTERNAL_NOT_ALLOWED
from workspaces.models import User


@dataclass(frozen=True)
class AnsweringVersion:
    """The version that answers the next message of a conversation, and what its person is told about it.

    `version` is None for a draft and when nothing may answer. `offered` is a newer live version.
    With `is_moved` the conversation's own version is no longer served and `version` replaces it;
    with `is_over` no version may answer, with `has_left` because the person left the workspace that pays,
    with `refusal` because a company of theirs does not allow the GPT.
    """

    version: Version | None
    offered: Version | None = None
    is_moved: bool = False
    is_over: bool = False
    has_left: bool = False
    refusal: DomainError | None = None


def decide_version(
    conversation: Conversation, live: Version | None, relation: GPTRelation
) -> AnsweringVersion:
    """Decide for now; ``live`` and ``relation`` come from recheck_chat. No query while the versions agree."""
    own = conversation.version
    if own is None or (live is not None and live.pk == own.pk):
        return AnsweringVersion(own)
    if is_still_served(own, conversation.gpt, relation):
        return AnsweringVersion(own, offered=live)
    if live is None:
        return AnsweringVersion(None, is_over=True)
    return AnsweringVersion(live, is_moved=True)


def get_answering_version(user: User, conversation: Conversation) -> AnsweringVersion:
    """Decide for a page, without raising: is_over also when the person may no longer chat with the GPT."""
    if not is_payer_open(conversation):
        return AnsweringVersion(None, is_over=True, has_left=True)
    try:
        live, relation = recheck_chat(user, conversation.gpt, is_draft=conversation.version_id is None)
    except DomainError as error:
        is_refused = error.code == EXTERNAL_NOT_ALLOWED
        return AnsweringVersion(None, is_over=True, refusal=error if is_refused else None)
    return decide_version(conversation, live, relation)


def is_still_served(version: Version, gpt: GPT, relation: GPTRelation) -> bool:
    """Whether a version that is not the person's live one still answers conversations that began with it."""
    served = {"version": version, "audience__in": list_reached_audiences(gpt, relation)}
    return LiveVersion.objects.filter(**served).exists() or PastVersion.objects.filter(**served).exists()


@transaction.atomic
def continue_with_version(
    *, conversation: Conversation, number: int, live: Version | None, at: datetime
) -> Conversation:
    """Switch the conversation to version ``number``, which the person saw as the live one. Idempotent.

    ``live`` comes from recheck_chat. Conflict (``version_changed``, data: the live number) when another
    version has gone live meanwhile. InvalidInput for a preview: it always talks to the draft.
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
    """Before a new turn: move to the live version when the conversation's own is no longer served.

    Conflict (``version_ended``) when no version may answer. The page shows the move between the turns.
    """
    answering = decide_version(conversation, live, relation)
    if answering.is_over:
        raise Conflict(
            _("This conversation has ended: its version of the GPT was taken back. You can still read it."),
            code="version_ended",
        )
    if answering.is_moved:
        conversation.version = answering.version
        conversation.save(update_fields=["version"])
    return conversation

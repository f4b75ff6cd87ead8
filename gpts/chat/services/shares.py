"""Sharing a conversation by link: a frozen copy, renewed on demand, taken back at once."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from gpts.assistants.models import Version
from gpts.chat.models import Conversation, SharedConversation
from gpts.chat.queries.attachments import attachments_of
from gpts.chat.queries.conversations import shown_turns
from gpts.chat.states import MessageRole
from gpts.llm.states import METERED_TURN_STATES

TOKEN_BYTES = 32
FORMAT = 1


def snapshot_of(conversation: Conversation) -> dict[str, Any]:
    """Return what a link would show: the shown path up to now.

    Without debug figures; files and sources by name, never with their text. A turn that another GPT answered,
    called by "@", says which one ("by"): who may not see that GPT's answers opens nothing.
    """
    turns = [
        turn
        for turn in shown_turns(conversation)
        if turn.state in METERED_TURN_STATES and turn.answer is not None  # type: ignore[attr-defined]
    ]
    files = attachments_of(turns)
    guests = {turn.version_id for turn in turns if turn.gpt_id != conversation.gpt_id and turn.version_id}
    versions = Version.objects.in_bulk(guests) if guests else {}
    shown = conversation.version or conversation.gpt
    return {
        "format": FORMAT,
        "gpt": {"name": shown.name, "icon": shown.icon, "category": shown.category},
        "turns": [
            _turn(turn, files.get(turn.pk, [])) | _called(turn, versions.get(turn.version_id), conversation)
            for turn in turns
        ],
    }


def _called(turn: Any, version: Version | None, conversation: Conversation) -> dict[str, Any]:
    if turn.gpt_id == conversation.gpt_id or version is None:
        return {}
    by = {"gpt_id": turn.gpt_id, "name": version.name, "icon": version.icon, "category": version.category}
    return {"by": by}


def _turn(turn: Any, files: list[Any]) -> dict[str, Any]:
    return {
        "question": turn.question.content if turn.question else "",
        "answer": turn.answer.content,
        "files": [file.name for file in files if file.role == MessageRole.USER],
        "pictures": [file.name for file in files if file.role == MessageRole.ASSISTANT],
        "sources": [{"number": source["number"], "file": source["file"]} for source in turn.answer.citations],
        "at": turn.started_at.isoformat(),
    }


@transaction.atomic
def share_conversation(*, conversation: Conversation, by: Any, at: datetime) -> SharedConversation:
    """Freeze the shown path for whoever has the link; a conversation has one link, whose copy is renewed.

    Conflict for a temporary chat, InvalidInput (``nothing_to_share``) before the first answer.
    """
    if conversation.is_temporary:
        raise Conflict(_("A temporary chat cannot be shared."), code="share_temporary")
    content = snapshot_of(conversation)
    if not content["turns"]:
        raise InvalidInput(_("There is nothing to share before the first answer."), code="nothing_to_share")
    # One link a conversation, also when two tabs ask for it at once.
    Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
    share = SharedConversation.objects.filter(conversation=conversation, removed_at__isnull=True).first()
    is_new = share is None
    if share is None:
        share = SharedConversation(
            token=secrets.token_urlsafe(TOKEN_BYTES),
            user=by,
            workspace_id=conversation.workspace_id,
            conversation=conversation,
            gpt_id=conversation.gpt_id,
        )
    share.version_id = conversation.version_id
    share.title = conversation.title or content["gpt"]["name"]
    share.content = content
    share.turn_count = len(content["turns"])
    share.created_at = at
    share.save()
    _record("gpts.conversation_shared" if is_new else "gpts.share_renewed", share, by=by, at=at)
    return share


@transaction.atomic
def stop_sharing(*, conversation: Conversation, by: Any, at: datetime) -> None:
    """Take the link back; from this moment on it opens nothing. Twice is once."""
    rows = SharedConversation.objects.select_for_update().filter(
        conversation=conversation, removed_at__isnull=True
    )
    for share in rows:
        share.removed_at = at
        # What was shared is not kept behind a link that is closed.
        share.content = {"format": FORMAT, "turns": []}
        share.save(update_fields=["removed_at", "content"])
        _record("gpts.share_removed", share, by=by, at=at)


def _record(action: str, share: SharedConversation, *, by: Any, at: datetime) -> None:
    record(
        action=action,
        by=by,
        at=at,
        subject=share,
        workspace_id=share.workspace_id,
        data={"conversation_id": str(share.conversation_id), "turns": share.turn_count},
    )

"""Share links of conversations: each shows a copy, which can be renewed, and can be removed at once."""

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
from gpts.chat.queries.attachments import get_attachments_by_turn
from gpts.chat.queries.turns import list_shown_turns, select_slug
from gpts.chat.states import MessageRole
from gpts.llm.states import METERED_TURN_STATES
from workspaces.acts import Act, check_act
from workspaces.models import User

TOKEN_BYTES = 32
FORMAT = 1


def build_snapshot(conversation: Conversation) -> dict[str, Any]:
    """Build what a link shows: the shown turns up to now.

    Without debug data; files and sources by name, never with their text. A turn answered by another GPT,
    mentioned with "@", names it ("by"): people who may not see that GPT's answers cannot open the link.
    """
    turns = [
        turn
        for turn in list_shown_turns(conversation)
        if turn.state in METERED_TURN_STATES and turn.answer is not None  # type: ignore[attr-defined]
    ]
    files = get_attachments_by_turn(turns)
    mentioned = {turn.version_id for turn in turns if turn.gpt_id != conversation.gpt_id and turn.version_id}
    versions = select_slug(Version.objects.all()).in_bulk(mentioned) if mentioned else {}
    behaviour = conversation.version or conversation.gpt
    return {
        "format": FORMAT,
        "gpt": {
            "slug": conversation.gpt.slug,
            "name": behaviour.name,
            "icon": behaviour.icon,
            "category": behaviour.category,
        },
        "turns": [
            _build_turn(turn, files.get(turn.pk, []))
            | _build_speaker(turn, versions.get(turn.version_id), conversation)
            for turn in turns
        ],
    }


def _build_speaker(turn: Any, version: Version | None, conversation: Conversation) -> dict[str, Any]:
    if turn.gpt_id == conversation.gpt_id or version is None:
        return {}
    by = {
        "gpt_id": turn.gpt_id,
        "slug": getattr(version, "gpt_slug", None) or "",
        "name": version.name,
        "icon": version.icon,
        "category": version.category,
    }
    return {"by": by}


def _build_turn(turn: Any, files: list[Any]) -> dict[str, Any]:
    return {
        "question": turn.question.content if turn.question else "",
        "answer": turn.answer.content,
        "files": [file.name for file in files if file.role == MessageRole.USER],
        "pictures": [file.name for file in files if file.role == MessageRole.ASSISTANT],
        "sources": [{"number": source["number"], "file": source["file"]} for source in turn.answer.citations],
        "at": turn.started_at.isoformat(),
    }


@transaction.atomic
def create_share_link(*, conversation: Conversation, by: User, at: datetime) -> SharedConversation:
    """Create the share link of a conversation, or renew the copy that its link shows.

    Forbidden as check_act raises it, Conflict (``share_temporary``) for a temporary chat, InvalidInput
    (``nothing_to_share``) before the first answer.
    """
    check_act(by, Act.SHARE_CONVERSATION)
    if conversation.is_temporary:
        raise Conflict(_("A temporary chat cannot be shared."), code="share_temporary")
    content = build_snapshot(conversation)
    if not content["turns"]:
        raise InvalidInput(_("There is nothing to share before the first answer."), code="nothing_to_share")
    # One link for each conversation, even if two tabs ask at once.
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
def remove_share_link(*, conversation: Conversation, by: User, at: datetime) -> None:
    """Remove the share link with its copy. Idempotent."""
    rows = SharedConversation.objects.select_for_update().filter(
        conversation=conversation, removed_at__isnull=True
    )
    for share in rows:
        share.removed_at = at
        share.content = {"format": FORMAT, "turns": []}
        share.save(update_fields=["removed_at", "content"])
        _record("gpts.share_removed", share, by=by, at=at)


def _record(action: str, share: SharedConversation, *, by: User, at: datetime) -> None:
    record(
        action=action,
        by=by,
        at=at,
        subject=share,
        workspace_id=share.workspace_id,
        data={"conversation_id": str(share.conversation_id), "turns": share.turn_count},
    )

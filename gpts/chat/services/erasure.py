"""Erases chats, attachments and share links: of a person everywhere, and of everybody in a workspace."""

from __future__ import annotations

from datetime import datetime

from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gpts.chat.models import Attachment, ContentAccess, Conversation, LegalHold, RetentionRule, Turn
from gpts.chat.queries.retention import filter_held
from gpts.llm.states import TurnState
from workspaces.erasure import BATCH, ErasurePart, ErasureWaits
from workspaces.models import User, Workspace


def _erase(conversations: QuerySet[Conversation], attachments: QuerySet[Attachment]) -> int:
    """Delete conversations with all that hangs on them. Bytes first: a row without bytes is found again."""
    running = Turn.objects.filter(state=TurnState.RUNNING).values("conversation_id")
    free = conversations.exclude(pk__in=running).exclude(filter_held())
    found = list(free.values_list("pk", flat=True)[:BATCH])
    held = conversations.filter(filter_held())
    loose = attachments.exclude(conversation__in=held.values("pk"))
    files = Attachment.objects.filter(conversation_id__in=found) if found else loose
    rows = list(files.values_list("pk", "storage_key")[:BATCH])
    _delete_bytes(sorted({key for _pk, key in rows}), [pk for pk, _key in rows])
    Attachment.objects.filter(copy_of_id__in=[pk for pk, _key in rows]).update(copy_of=None)
    Attachment.objects.filter(pk__in=[pk for pk, _key in rows]).delete()
    if rows:
        return len(rows)
    Conversation.objects.filter(pk__in=found).delete()
    if not found and conversations.exists():
        raise ErasureWaits  # for an answer that still runs, or the end of a legal hold
    return len(found)


def _delete_bytes(keys: list[str], erased: list[object]) -> None:
    for key in keys:
        # Copies of one upload share its bytes; somebody else's copy keeps them.
        if not Attachment.objects.filter(storage_key=key).exclude(pk__in=erased).exists():
            default_storage.delete(key)


def erase_chats_of_person(user: User, at: datetime) -> int:
    # A reason may say things about the person; who asked and agreed, and when, is kept.
    ContentAccess.objects.filter(person=user).exclude(reason="").update(reason="")
    LegalHold.objects.filter(person=user, ended_at__isnull=False).exclude(reason="").update(reason="")
    return _erase(Conversation.objects.filter(user=user), Attachment.objects.filter(user=user))


def erase_chats_in_workspace(workspace: Workspace, at: datetime) -> int:
    ContentAccess.objects.filter(workspace=workspace).delete()
    LegalHold.objects.filter(workspace=workspace).delete()
    RetentionRule.objects.filter(workspace=workspace).delete()
    return _erase(
        Conversation.objects.filter(workspace=workspace), Attachment.objects.filter(workspace=workspace)
    )


def find_hold(workspace: Workspace) -> str:
    """Return why the workspace cannot be deleted now: a legal hold; empty without one."""
    if LegalHold.objects.filter(workspace=workspace, ended_at__isnull=True).exists():
        return gettext("A legal hold keeps conversations of this workspace. End it first.")
    return ""


PART = ErasurePart(
    name="gpts.chat",
    label=_("Chats, files in chats, share links"),
    erase_person=erase_chats_of_person,
    erase_workspace=erase_chats_in_workspace,
    find_workspace_obstacle=find_hold,
)

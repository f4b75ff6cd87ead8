"""Reads break-glass accesses, and through an open one the conversations of its person."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import QuerySet

from core.scope import Scope, open_scope
from gpts.chat.models import ContentAccess, ContentAccessRule, Conversation
from gpts.chat.states import ContentAccessState
from workspaces.models import User, Workspace
from workspaces.queries import get_user_roles


def is_content_access_allowed(workspace_id: int) -> bool:
    return ContentAccessRule.objects.filter(workspace_id=workspace_id, is_allowed=True).exists()


def list_workspaces_that_open(user: User) -> list[str]:
    """Return the names of the person's workspaces that allow two people to open conversations."""
    companies = {found.workspace_id: found.name for found in get_user_roles(user).companies}
    allowing = ContentAccessRule.objects.filter(workspace_id__in=companies, is_allowed=True)
    return sorted(companies[pk] for pk in allowing.values_list("workspace_id", flat=True))


def list_content_accesses(workspace: Workspace) -> QuerySet[ContentAccess]:
    """Return the accesses of a workspace, the newest first, with their people."""
    return _with_people(ContentAccess.objects.filter(workspace=workspace))


def list_accesses_to_own_content(user: User) -> QuerySet[ContentAccess]:
    """Return the accesses to the person's conversations that were opened, the newest first."""
    opened = ContentAccess.objects.filter(person=user, ends_at__isnull=False)
    return _with_people(opened)


def _with_people(rows: QuerySet[ContentAccess]) -> QuerySet[ContentAccess]:
    return rows.select_related("person", "requested_by", "decided_by", "workspace").order_by("-id")


def is_open(access: ContentAccess, *, at: datetime) -> bool:
    return access.state == ContentAccessState.OPENED and access.ends_at is not None and access.ends_at > at


def read_as_person(access: ContentAccess) -> AbstractContextManager[Scope]:
    """Open the scope of the access's person in its workspace, for callers that access_open_content let in.

    Row-level security shows conversations to their person alone.
    """
    return open_scope(Scope(user_id=access.person_id, workspace_ids=(access.workspace_id,)))


def list_opened_conversations(access: ContentAccess) -> QuerySet[Conversation]:
    """Return the conversations that an access covers, the latest first; read them in read_as_person.

    Without deleted and temporary ones and previews of drafts.
    """
    found = Conversation.objects.filter(
        user_id=access.person_id,
        workspace_id=access.workspace_id,
        deleted_at__isnull=True,
        is_temporary=False,
        version__isnull=False,
    )
    if access.since is not None:
        found = found.filter(updated_at__gte=_midnight(access.since))
    if access.until is not None:
        found = found.filter(created_at__lt=_midnight(access.until) + timedelta(days=1))
    return found.select_related("gpt", "version").order_by("-updated_at", "-id")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def find_opened_conversation(access: ContentAccess, identifier: UUID) -> Conversation | None:
    return list_opened_conversations(access).filter(pk=identifier).first()

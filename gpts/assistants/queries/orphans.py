"""GPTs whose owner left their workspace or closed the account: admins edit them until they have a new one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from gpts.assistants.models import GPT, GPTTransfer, LiveVersion
from workspaces.models import Member, User, Workspace
from workspaces.states import BUILDER_ROLES


def list_orphans(workspace: Workspace) -> QuerySet[GPT]:
    """Return the GPTs of a workspace without an owner, with ``is_live``; the latest changed first."""
    seats = Member.objects.filter(
        workspace_id=OuterRef("workspace_id"), user_id=OuterRef("owner_id"), user__is_active=True
    )
    return (
        GPT.objects.filter(~Exists(seats), workspace=workspace, deleted_at__isnull=True)
        .select_related("owner", "workspace")
        .annotate(is_live=Exists(LiveVersion.objects.filter(gpt=OuterRef("pk"))))
        .order_by("-updated_at", "-id")
    )


def list_successors(workspace: Workspace) -> QuerySet[User]:
    """Return the people who may own GPTs of a workspace, by name."""
    seats = Member.objects.filter(workspace=workspace, role__in=BUILDER_ROLES, user__is_active=True)
    return User.objects.filter(pk__in=seats.values("user_id")).order_by("display_name", "pk")


def list_recent_transfers(workspace: Workspace, *, since: datetime) -> QuerySet[GPTTransfer]:
    """Return the transfers that were asked for since a moment, the latest first."""
    return (
        GPTTransfer.objects.filter(workspace=workspace, requested_at__gte=since)
        .select_related("to_user", "requested_by")
        .order_by("-requested_at", "-id")
    )


def find_transfer(workspace: Workspace, identifier: UUID) -> GPTTransfer | None:
    return GPTTransfer.objects.select_related("to_user").filter(workspace=workspace, pk=identifier).first()

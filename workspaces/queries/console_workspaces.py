"""Workspaces as operators see them: who owns them, how many people they have, what they are allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, TextChoices
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core.scope import current_scope, open_scope
from workspaces.models import Erasure, Member, User, Workspace
from workspaces.states import COMPANY_KINDS, Role, WorkspaceKind


class WorkspaceState(TextChoices):
    """What the list of workspaces can be narrowed to."""

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")


def list_all_workspaces(*, q: str = "", kind: str = "", state: str = "") -> QuerySet[Workspace]:
    """Return teams and companies, or with ``kind`` personal workspaces, to be ordered by the caller.

    ``q`` is a part of the name or address, or an id. Deleted ones are left out. Annotated with
    ``member_count``.
    """
    counts = (
        Member.objects.filter(workspace=OuterRef("pk"))
        .order_by()
        .values("workspace")
        .annotate(count=Count("pk"))
        .values("count")
    )
    found = Workspace.objects.exclude(pk__in=Erasure.objects.values("workspace_id")).annotate(
        member_count=Coalesce(Subquery(counts, output_field=IntegerField()), 0)
    )
    q = q.strip()
    if q:
        matches = Q(name__icontains=q) | Q(slug__icontains=q)
        if q.isascii() and q.isdigit() and len(q) < 19:
            matches |= Q(pk=int(q))
        found = found.filter(matches)
    kinds = [kind] if kind in WorkspaceKind.values else list(COMPANY_KINDS)
    found = found.filter(kind__in=kinds)
    if state == WorkspaceState.SUSPENDED:
        return found.filter(suspended_at__isnull=False)
    return found.filter(suspended_at__isnull=True) if state == WorkspaceState.ACTIVE else found


def list_owners(workspace: Workspace) -> list[User]:
    """Return the owners of a workspace, the earliest first."""
    rows = Member.objects.filter(workspace=workspace, role=Role.OWNER).select_related("user")
    return [row.user for row in rows.order_by("joined_at", "pk")]


def is_workspace_deleted(workspace: Workspace) -> bool:
    return Erasure.objects.filter(workspace=workspace).exists()


@contextmanager
def count_inside(workspace_ids: Collection[int]) -> Iterator[None]:
    """Let the block count rows of these workspaces for an operator, who reads none of them.

    Only for counts and sums: the caller returns no row.
    """
    scope = current_scope()
    if scope.system:
        yield
        return
    ids = tuple(workspace_ids)
    with open_scope(replace(scope, workspace_ids=ids, admin_workspace_ids=ids)):
        yield

"""Row locks on people and workspaces, always in one order: first the person, then workspaces by id.

Joining a workspace locks the person and the workspace; leaving it, or changing a role, the workspace;
deleting an account the person and all of their workspaces. So one transaction at a time decides that the last
owner stays, and two of them never wait for each other. The locks do not block foreign keys: chats go on.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from core.errors import Forbidden
from workspaces.models import User, Workspace


def lock_person(user: User) -> None:
    """Lock an account until the commit. Raises Forbidden when it was closed meanwhile."""
    row = User.objects.select_for_update(of=("self",), no_key=True).filter(pk=user.pk).first()
    if row is None or not row.is_active:
        raise Forbidden(_("This account is closed."), code="account_closed")


def lock_workspaces(identifiers: Iterable[int]) -> None:
    """Lock workspaces until the commit, in the order of their ids."""
    rows = Workspace.objects.select_for_update(of=("self",), no_key=True)
    list(rows.filter(pk__in=set(identifiers)).order_by("pk").values_list("pk", flat=True))

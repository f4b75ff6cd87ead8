"""How many members a workspace may have: set by the operator, asked in workspaces.services.joining."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import InvalidInput
from workspaces.models import User, Workspace
from workspaces.services.locks import lock_workspaces

SEATS = 1_000_000


def set_seats(*, workspace: Workspace, seats: int | None, by: User | None, at: datetime) -> None:
    """Set the number of seats, None for no limit. Idempotent. Audited.

    The caller has authorised an operator. Fewer seats than members remove nobody: nobody joins until there is
    room. Raises InvalidInput.
    """
    if seats is not None and not 1 <= seats <= SEATS:
        raise InvalidInput(
            _("Write a number of seats from 1, or leave it empty."), code="seats_invalid", field="seats"
        )
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        fresh = Workspace.objects.get(pk=workspace.pk)
        if fresh.seats == seats:
            return
        before, fresh.seats = fresh.seats, seats
        fresh.save(update_fields=["seats"])
        record(
            action="workspaces.seats_set",
            by=by,
            at=at,
            subject=fresh,
            workspace_id=fresh.pk,
            changes={"seats": (before, seats)},
        )
    workspace.seats = seats

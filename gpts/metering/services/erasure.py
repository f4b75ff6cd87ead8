"""Erases budgets. Usage events stay: they hold ids and counts, and the books are computed from them."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from gpts.metering.models import Budget
from workspaces.erasure import BATCH, ErasurePart
from workspaces.models import User, Workspace


def erase_budgets_of_person(user: User, at: datetime) -> int:
    """Delete budgets for this person alone: their names often hold the person's."""
    found = list(Budget.objects.filter(user=user).values_list("pk", flat=True)[:BATCH])
    Budget.objects.filter(pk__in=found).delete()
    return len(found)


def erase_budgets_of_workspace(workspace: Workspace, at: datetime) -> int:
    found = list(Budget.objects.filter(workspace=workspace).values_list("pk", flat=True)[:BATCH])
    Budget.objects.filter(pk__in=found).delete()
    return len(found)


PART = ErasurePart(
    name="gpts.metering",
    label=_("Budgets"),
    erase_person=erase_budgets_of_person,
    erase_workspace=erase_budgets_of_workspace,
)

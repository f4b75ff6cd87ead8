"""Tests that must pass before a GPT of a workspace is shared."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import InvalidInput
from workspaces.models import SharingPolicy, User, Workspace
from workspaces.queries import get_sharing_policy


def get_golden_pass_rate(workspace: Workspace) -> int | None:
    """Return the percentage of golden prompts that must pass before sharing; None: no requirement."""
    return get_sharing_policy(workspace.pk).golden_pass_rate


@transaction.atomic
def set_golden_pass_rate(*, workspace: Workspace, rate: int | None, by: User, at: datetime) -> None:
    """Require a pass rate from 0 to 100, or none; what is shared already stays. Idempotent. Audited.

    Raises InvalidInput.
    """
    if rate is not None and not 0 <= rate <= 100:
        raise InvalidInput(
            _("Write a percentage from 0 to 100, or leave it empty."),
            code="rate_invalid",
            field="golden_pass_rate",
        )
    policy = SharingPolicy.objects.select_for_update().get(pk=get_sharing_policy(workspace.pk).pk)
    if policy.golden_pass_rate == rate:
        return
    before, policy.golden_pass_rate = policy.golden_pass_rate, rate
    policy.updated_at = at
    policy.save(update_fields=["golden_pass_rate", "updated_at"])
    record(
        action="workspaces.golden_gate_set",
        by=by,
        at=at,
        subject=policy,
        workspace_id=workspace.pk,
        data={"rate": rate},
        changes={"golden_pass_rate": (before, rate)},
    )

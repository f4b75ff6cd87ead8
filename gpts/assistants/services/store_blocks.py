"""Block a company's own GPT in its store, and lift the block. The owner is told, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Forbidden
from core.text import clean_line
from gpts.assistants.models import GPT
from gpts.assistants.models.gpts import BLOCK_REASON_LENGTH
from gpts.assistants.services.gpts import lock_gpt
from workspaces.access import open_admin_scope
from workspaces.models import User
from workspaces.services.notifications import notify

BLOCKED_KIND = "gpts.gpt_blocked"


@transaction.atomic
def block_in_store(*, gpt: GPT, reason: str, by: User, at: datetime) -> GPT:
    """Keep members and guests of a company from using its GPT; who may see its settings still may. Audited.

    The caller has authorised ``by`` to manage the store of the GPT's workspace. Its owner may mend the draft
    and try it; what is live elsewhere is not touched. Another reason replaces the first. Answers that run
    stop with the next recheck. Raises Forbidden (``personal_workspace``) and InvalidInput without a reason.
    """
    reason = clean_line(reason, max_length=BLOCK_REASON_LENGTH, field="reason")
    fresh = lock_gpt(gpt, allow_quarantined=True)
    if fresh.workspace.person_id is not None:
        raise Forbidden(_("A personal workspace has no store of its own."), code="personal_workspace")
    if fresh.block_reason == reason:
        return fresh
    is_new = fresh.blocked_at is None
    fresh.blocked_at, fresh.block_reason = fresh.blocked_at or at, reason
    _save(fresh, by)
    if is_new:
        _record("gpts.gpt_blocked", fresh, by=by, at=at)
    _tell_owner(
        fresh, lambda: gettext("%(name)s is blocked in the store of %(workspace)s"), reason, by=by, at=at
    )
    return fresh


@transaction.atomic
def unblock_in_store(*, gpt: GPT, by: User, at: datetime) -> GPT:
    """Lift the block: the versions that are live answer again. Idempotent. Audited."""
    fresh = lock_gpt(gpt, allow_quarantined=True)
    if fresh.blocked_at is None:
        return fresh
    fresh.blocked_at, fresh.block_reason = None, ""
    _save(fresh, by)
    _record("gpts.gpt_unblocked", fresh, by=by, at=at)
    _tell_owner(fresh, lambda: gettext("%(name)s is in the store of %(workspace)s again"), "", by=by, at=at)
    return fresh


def _save(gpt: GPT, by: User) -> None:
    with open_admin_scope(gpt.workspace_id, user_id=by.pk):
        gpt.save(update_fields=["blocked_at", "block_reason"])


def _record(action: str, gpt: GPT, *, by: User, at: datetime) -> None:
    # Without the reason: the log is never erased.
    record(action=action, by=by, at=at, subject=gpt, workspace_id=gpt.workspace_id)


def _tell_owner(gpt: GPT, title: Callable[[], str], reason: str, *, by: User, at: datetime) -> None:
    owner = gpt.owner
    if owner.pk == by.pk or not owner.is_active:
        return
    with translation.override(owner.language or settings.LANGUAGE_CODE):
        words = title() % {"name": gpt.name, "workspace": gpt.workspace.name}
        notify(
            user=owner,
            kind=BLOCKED_KIND,
            title=words[:200],
            body=reason,
            url=reverse("gpts:build-share", args=[gpt.slug]),
            at=at,
        )

"""Rules about how long a company keeps conversations, the job that deletes, and legal holds.

A rule is proposed, counted by a job and then saved, so that nobody saves one without knowing what it deletes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput
from core.jobs import enqueue_on_commit, log_refused_task
from core.scope import system_scope
from core.text import clean_block
from gpts.assistants.models import GPT
from gpts.chat.models import Conversation, LegalHold, RetentionRule, Turn
from gpts.chat.models.retention import HOLD_REASON_LENGTH, MAX_DAYS
from gpts.chat.queries.retention import filter_held, list_due
from gpts.chat.services.attachments import erase_attachments
from gpts.chat.services.content_access import find_person_of
from gpts.llm.states import TurnState
from workspaces.access import not_found
from workspaces.models import User, Workspace
from workspaces.services.locks import lock_workspaces
from workspaces.states import WorkspaceKind

log = structlog.get_logger(__name__)

PURPOSE = "gpts.apply_retention"
BATCH = 200
# For how long a count says what a rule would delete.
COUNT_HOLDS = timedelta(hours=1)
LEAST_REASON = 10


@transaction.atomic
def propose_rule(
    *, workspace: Workspace, gpt: GPT | None, days: int, by: User, at: datetime
) -> RetentionRule:
    """Note a rule that is not in force, and start the job that counts what it would delete.

    The caller has authorised MANAGE_RETENTION. Raises InvalidInput for the days and for a GPT of elsewhere,
    Conflict (``personal_workspace``).
    """
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(
            _("A personal workspace keeps conversations until you delete them."), code="personal_workspace"
        )
    if not 1 <= days <= MAX_DAYS:
        raise InvalidInput(
            _("Write a number of days from 1 to %(most)d.") % {"most": MAX_DAYS},
            code="days_invalid",
            field="days",
        )
    if gpt is not None and gpt.workspace_id != workspace.pk:
        raise InvalidInput(_("There is no such GPT."), code="unknown_gpt", field="gpt")
    rule = RetentionRule.objects.create(
        workspace=workspace, gpt=gpt, days=days, proposed_by=by, proposed_at=at
    )
    enqueue_on_commit("gpts.count_retention", rule_id=str(rule.pk))
    return rule


def count_rule(*, rule_id: UUID, at: datetime) -> bool:
    """Count what a proposed rule would delete now; False if it is not waiting for that. Opens its scope."""
    with system_scope("gpts.count_retention"):
        rule = RetentionRule.objects.filter(pk=rule_id, saved_at__isnull=True).first()
        if rule is None:
            log_refused_task("gpts.count_retention", "not_proposed", rule=str(rule_id))
            return False
        due = list_due(rule, at=at)
        rule.held_count = due.filter(filter_held()).count()
        rule.conversation_count = due.count() - rule.held_count
        rule.counted_at = at
        rule.save(update_fields=["held_count", "conversation_count", "counted_at"])
    return True


@transaction.atomic
def save_rule(*, rule: RetentionRule, by: User, at: datetime) -> RetentionRule:
    """Put a counted rule in force in place of the one before; idempotent. Audited.

    Raises Conflict (``not_counted``) before the job has counted, (``count_too_old``) when that is long ago or
    a rule or hold that kept conversations ended since, (``rule_ended``) for one that was replaced.
    """
    lock_workspaces([rule.workspace_id])
    rule = RetentionRule.objects.select_for_update().get(pk=rule.pk)
    if rule.ended_at is not None:
        raise Conflict(_("This rule was ended or replaced. Make a new one."), code="rule_ended")
    if rule.saved_at is not None:
        return rule
    if rule.counted_at is None:
        raise Conflict(_("Wait until it is counted what this would delete."), code="not_counted")
    if at - rule.counted_at > COUNT_HOLDS or _keeps_less_since(rule, rule.counted_at):
        raise Conflict(
            _("More may be deleted now than was counted. Propose the rule again."), code="count_too_old"
        )
    before = RetentionRule.objects.filter(
        workspace=rule.workspace_id, gpt=rule.gpt_id, saved_at__isnull=False, ended_at__isnull=True
    ).first()
    if before is not None:
        before.ended_at = at
        before.save(update_fields=["ended_at"])
    rule.saved_at = at
    rule.save(update_fields=["saved_at"])
    _record_rule(rule, before=None if before is None else before.days, after=rule.days, by=by, at=at)
    return rule


def _keeps_less_since(rule: RetentionRule, since: datetime) -> bool:
    ended = {"workspace": rule.workspace_id, "ended_at__gt": since}
    return (
        LegalHold.objects.filter(**ended).exists()
        or RetentionRule.objects.filter(**ended, gpt__isnull=False).exists()
    )


@transaction.atomic
def end_rule(*, rule: RetentionRule, by: User, at: datetime) -> None:
    """Keep conversations again until people delete them; what is deleted stays so. Idempotent. Audited.

    Raises Conflict (``not_in_force``) for a rule that was only proposed.
    """
    lock_workspaces([rule.workspace_id])  # waits for a batch of the job
    fresh = RetentionRule.objects.select_for_update().get(pk=rule.pk)
    if fresh.saved_at is None:
        raise Conflict(_("This rule is not in force, so it deletes nothing."), code="not_in_force")
    if fresh.ended_at is not None:
        return
    fresh.ended_at = at
    fresh.save(update_fields=["ended_at"])
    _record_rule(fresh, before=fresh.days, after=None, by=by, at=at)


def _record_rule(
    rule: RetentionRule, *, before: int | None, after: int | None, by: User, at: datetime
) -> None:
    record(
        action="gpts.retention_set",
        by=by,
        at=at,
        subject=("workspaces.workspace", str(rule.workspace_id)),
        workspace_id=rule.workspace_id,
        data={"gpt_id": rule.gpt_id},
        changes={"retention_days": (before, after)},
    )


# Holds ------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_hold(
    *, workspace: Workspace, email: str = "", gpt: GPT | None = None, reason: str, by: User, at: datetime
) -> LegalHold:
    """Keep the conversations of the account ``email``, or with ``gpt``, until the hold is ended. Audited.

    The person need not be a member any more. Nobody is told: whoever tries to delete is. Raises InvalidInput
    for neither or both, for an unknown person and for the reason, Conflict (``held_already``,
    ``personal_workspace``).
    """
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(_("A personal workspace has no legal holds."), code="personal_workspace")
    email = email.strip()
    if bool(email) == (gpt is not None):
        raise InvalidInput(_("Choose a person or a GPT."), code="hold_invalid", field="email")
    reason = clean_block(reason, max_length=HOLD_REASON_LENGTH, field="reason")
    if len(reason) < LEAST_REASON:
        raise InvalidInput(
            _("Give a reason of at least %(count)d characters.") % {"count": LEAST_REASON},
            code="reason_too_short",
            field="reason",
        )
    if gpt is not None and gpt.workspace_id != workspace.pk:
        raise InvalidInput(_("There is no such GPT."), code="unknown_gpt", field="gpt")
    lock_workspaces([workspace.pk])  # the job deletes nothing meanwhile
    if Workspace.objects.filter(pk=workspace.pk, suspended_at__isnull=False).exists():
        raise not_found()  # closed since, and being erased
    person = None if gpt is not None else find_person_of(workspace, email)
    try:
        with transaction.atomic():
            hold = LegalHold.objects.create(
                workspace=workspace, person=person, gpt=gpt, reason=reason, started_by=by, started_at=at
            )
    except IntegrityError as error:
        raise Conflict(_("There is a hold on this already."), code="held_already") from error
    _record_hold("gpts.legal_hold_started", hold, by=by, at=at)
    return hold


@transaction.atomic
def end_hold(*, hold: LegalHold, by: User, at: datetime) -> None:
    """End a hold; the rules delete again, and waiting erasures go on. Idempotent. Audited.

    Raises Forbidden (``own_hold``) to the person who is held.
    """
    fresh = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if fresh.ended_at is not None:
        return
    if fresh.person_id == by.pk:
        raise Forbidden(_("Another admin must end a hold on you."), code="own_hold")
    fresh.ended_at, fresh.ended_by = at, by
    fresh.save(update_fields=["ended_at", "ended_by"])
    _record_hold("gpts.legal_hold_ended", fresh, by=by, at=at)


def _record_hold(action: str, hold: LegalHold, *, by: User, at: datetime) -> None:
    # Without the reason, which may say things about the person: the log is never erased.
    about = {"user_id": hold.person_id} if hold.gpt_id is None else {"gpt_id": hold.gpt_id}
    record(action=action, by=by, at=at, subject=hold, workspace_id=hold.workspace_id, data=about)


# The job ----------------------------------------------------------------------------------------------------


def apply_retention(*, clock: Callable[[], datetime]) -> int:
    """Delete what the rules in force say, with messages and files; return how many conversations.

    Each batch is a transaction in a system scope of its own. Idempotent. Conversations under a hold and those
    with a running answer stay; usage events stay too. Audited as a count for each rule.
    """
    with system_scope(PURPOSE):
        rules = list(RetentionRule.objects.filter(saved_at__isnull=False, ended_at__isnull=True))
    total = 0
    for rule in rules:
        removed = 0
        while count := _remove_batch(rule, at=clock()):
            removed += count
        if removed:
            with system_scope(PURPOSE):
                _record_removal(rule, removed, at=clock())
            log.info("retention_applied", rule=str(rule.pk), count=removed)
        total += removed
    return total


def _remove_batch(rule: RetentionRule, *, at: datetime) -> int:
    running = Turn.objects.filter(state=TurnState.RUNNING).values("conversation_id")
    with system_scope(PURPOSE):
        # Locked against a rule that ends, or a hold that begins, while the batch is deleted.
        lock_workspaces([rule.workspace_id])
        fresh = RetentionRule.objects.filter(pk=rule.pk, ended_at__isnull=True).first()
        if fresh is None:
            return 0
        due = list_due(fresh, at=at).exclude(filter_held()).exclude(pk__in=running)
        found = list(
            due.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)[:BATCH]
        )
        if found:
            erase_attachments(found)
            Conversation.objects.filter(pk__in=found).delete()
        return len(found)


def _record_removal(rule: RetentionRule, count: int, *, at: datetime) -> None:
    record(
        action="gpts.conversations_expired",
        by=None,
        at=at,
        subject=("workspaces.workspace", str(rule.workspace_id)),
        workspace_id=rule.workspace_id,
        data={"count": count, "gpt_id": rule.gpt_id, "retention_days": rule.days},
    )

"""Submissions: an author asks to list a version, withdraws the request, or a decision closes it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from core.jobs import enqueue_on_commit
from core.text import clean_block
from gpts.assistants.models import GPT, LiveVersion, Version
from gpts.assistants.services.addresses import choose_address, settle_address
from gpts.assistants.services.gpts import lock_gpt
from gpts.assistants.services.versions import check_owner_may_serve, check_ready, freeze_version
from gpts.assistants.states import Audience
from gpts.evals.services.gate import check_gate
from gpts.studio.services.publishing import check_approval
from reviews.models import Case, Claim, Decision, Submission
from reviews.scope import open_moderation_scope
from reviews.states import (
    OPEN_SUBMISSIONS,
    QUEUE_BY_KIND,
    CaseAction,
    CaseKind,
    Outcome,
    SubjectType,
    SubmissionAction,
    SubmissionState,
    move_case,
    move_submission,
)
from workspaces.acts import Act, check_act
from workspaces.models import User
from workspaces.policy import gpt_targets

NOTE_LENGTH = 2_000
# Published target: half of all first listings are decided within this time.
DUE_AFTER = timedelta(hours=24)
ACTION_BY_OUTCOME = {
    Outcome.APPROVE: SubmissionAction.APPROVE,
    Outcome.REQUEST_CHANGES: SubmissionAction.REQUEST_CHANGES,
    Outcome.REJECT: SubmissionAction.REJECT,
}


@transaction.atomic
def submit_version(
    *,
    gpt: GPT,
    note: str,
    by: User,
    at: datetime,
    attested: bool = True,
    release_notes: str = "",
    address: str = "",
) -> Submission:
    """Freeze the draft and ask for its listing. The form says what the author attests by submitting.

    ``address`` is the one that a GPT with a provisional address gets; without it the provisional one stays.
    Submitting the same content again returns the open submission. Writes submission, case and audit event;
    the checks run after commit. Raises Conflict while another version is open, when this one is listed or
    was refused unchanged, when its golden prompts fail (``golden_gate``), or while its company has not
    approved exactly this (``approval_needed``); InvalidInput for a draft that is not ready, Forbidden for
    suspended builders and for workspaces that do not allow publishing. Moderation's approval asks again, but
    for the company's.
    """
    if not attested:
        raise InvalidInput(
            _("Confirm that you may publish this and that it keeps the rules of the store."),
            code="attestation_missing",
            field="attested",
        )
    note = clean_block(note, max_length=NOTE_LENGTH, field="note", required=False)
    gpt = lock_gpt(gpt)  # what the checks look at is what is frozen
    check_act(by, Act.PUBLISH, workspace_id=gpt.workspace_id, targets=gpt_targets(gpt.pk))
    check_owner_may_serve(gpt, Audience.PUBLIC)
    check_ready(gpt)
    check_gate(gpt, None, at, audience=Audience.PUBLIC)
    check_approval(gpt, None, audience=Audience.PUBLIC)
    if address and gpt.address_settled_at is None:
        gpt = choose_address(gpt=gpt, address=address, by=by, at=at)
    settle_address(gpt=gpt, at=at)
    version = freeze_version(gpt=gpt, release_notes=release_notes, by=by, at=at)
    # The GPT's row is locked, so no other submission for it can be made from here on.
    open_submission = (
        Submission.objects.filter(gpt=gpt, state__in=OPEN_SUBMISSIONS).select_related("version").first()
    )
    if open_submission is not None:
        return _check_same_version(open_submission, version)
    _check_new(gpt, version)
    submission = Submission.objects.create(
        gpt=gpt, version=version, submitted_by=by, note=note, attested_at=at, submitted_at=at
    )
    with open_moderation_scope():
        Case.objects.create(
            kind=CaseKind.PRE_LISTING,
            subject_type=SubjectType.VERSION,
            subject_id=str(version.pk),
            gpt=gpt,
            builder_id=gpt.owner_id,
            submission=submission,
            queue=QUEUE_BY_KIND[CaseKind.PRE_LISTING],
            content_hash=version.content_hash,
            opened_at=at,
            due_at=at + DUE_AFTER,
        )
    enqueue_on_commit("reviews.check_submission", submission_id=str(submission.pk))
    record(
        action="reviews.version_submitted",
        by=by,
        at=at,
        subject=submission,
        workspace_id=gpt.workspace_id,
        data={"gpt_id": gpt.pk, "version": version.number, "content_hash": version.content_hash},
    )
    return submission


def _check_same_version(open_submission: Submission, version: Version) -> Submission:
    if open_submission.version_id == version.pk:
        return open_submission
    raise Conflict(
        _("Version %(number)s is still in review. Withdraw it first, then submit the new one.")
        % {"number": open_submission.version.number},
        code="submission_open",
        data={"submission_id": str(open_submission.pk), "version": open_submission.version.number},
    )


def _check_new(gpt: GPT, version: Version) -> None:
    before = Submission.objects.filter(gpt=gpt, version=version).order_by("-id").first()
    if before is None or before.state in (SubmissionState.WITHDRAWN, SubmissionState.SUPERSEDED):
        return
    if before.state in (SubmissionState.REJECTED, SubmissionState.CHANGES_REQUESTED):
        raise Conflict(
            _("Nothing has changed since the last decision. Change what it names, then submit again."),
            code="unchanged",
        )
    is_live = LiveVersion.objects.filter(version=version, audience=Audience.PUBLIC).exists()
    if before.state == SubmissionState.APPROVED and not is_live:
        return  # approved on appeal while its builder could not publish
    raise Conflict(_("This version has been approved already."), code="already_approved")


@transaction.atomic
def withdraw_submission(*, submission: Submission, by: User | None, at: datetime) -> Submission:
    """Withdraw an open submission, close its case and end a moderator's claim on it.

    Idempotent. Raises IllegalTransition once it is decided.
    """
    with open_moderation_scope():
        # The case first, as in every service: locks taken in two orders can deadlock.
        case = Case.objects.select_for_update(of=("self",)).get(submission=submission)
    fresh = Submission.objects.select_for_update(of=("self",)).select_related("gpt").get(pk=submission.pk)
    if fresh.state == SubmissionState.WITHDRAWN:
        return fresh
    fresh.state = move_submission(fresh.state, SubmissionAction.WITHDRAW)
    fresh.closed_at = at
    fresh.save(update_fields=["state", "closed_at"])
    case.state = move_case(case.state, CaseAction.WITHDRAW)
    case.row_version += 1
    case.closed_at = at
    with open_moderation_scope():
        case.save(update_fields=["state", "row_version", "closed_at"])
        Claim.objects.filter(case=case).delete()
    record(
        action="reviews.submission_withdrawn",
        by=by,
        at=at,
        subject=fresh,
        workspace_id=fresh.gpt.workspace_id,
        data={"gpt_id": fresh.gpt_id},
    )
    return fresh


def close_submission(case: Case, decision: Decision, *, at: datetime) -> None:
    """Apply a decision to the submission of its case, if it has one. The caller owns the transaction."""
    if case.submission_id is None:
        return
    submission = Submission.objects.select_for_update(of=("self",)).get(pk=case.submission_id)
    submission.state = move_submission(submission.state, ACTION_BY_OUTCOME[Outcome(decision.outcome)])
    submission.closed_at = at
    submission.save(update_fields=["state", "closed_at"])

"""An author asks to list a version, or takes the request back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput
from core.jobs import enqueue_on_commit
from core.text import clean_block
from gpts.assistants.models import GPT, Version
from gpts.assistants.services.versions import check_ready, freeze_version
from gpts.assistants.states import Audience
from gpts.evals.services.gate import check_gate
from reviews.models import Case, Claim, Standing, Submission
from reviews.states import (
    OPEN_SUBMISSIONS,
    QUEUE_OF_KIND,
    BuilderState,
    CaseAction,
    CaseKind,
    SubjectType,
    SubmissionAction,
    SubmissionState,
    move_case,
    move_submission,
)
from workspaces.models import SharingPolicy

NOTE_LENGTH = 2_000
# The promise for a first listing is a median below this; see docs and transparency report.
DUE_AFTER = timedelta(hours=24)


@transaction.atomic
def submit_version(
    *, gpt: GPT, note: str, by: Any, at: datetime, attested: bool = True, release_notes: str = ""
) -> Submission:
    """Freeze the draft and ask for its listing. The page says what the author attests by sending it.

    The same content sent twice (a double click, a retry) is one submission: the open one is returned.
    Writes submission, case and audit event; the checks run after commit. Raises Conflict while another
    version is open, this one is live or refused unchanged, or golden prompts keep it back
    (``golden_gate``), InvalidInput for a draft that is not ready, Forbidden for suspended builders and
    workspaces that keep their GPTs inside.
    """
    if not attested:
        raise InvalidInput(
            _("Confirm that you may publish this and that it keeps the rules of the store."),
            code="attestation_missing",
            field="attested",
        )
    note = clean_block(note, max_length=NOTE_LENGTH, field="note", required=False)
    _check_allowed(gpt)
    check_ready(gpt)
    check_gate(gpt, None, at, audience=Audience.PUBLIC)
    version = freeze_version(gpt=gpt, release_notes=release_notes, by=by, at=at)
    # freeze_version holds the GPT's row: from here on nobody else submits for it.
    open_one = (
        Submission.objects.filter(gpt=gpt, state__in=OPEN_SUBMISSIONS).select_related("version").first()
    )
    if open_one is not None:
        return _same_or_conflict(open_one, version)
    _check_new(gpt, version)
    submission = Submission.objects.create(
        gpt=gpt, version=version, submitted_by=by, note=note, attested_at=at, submitted_at=at
    )
    Case.objects.create(
        kind=CaseKind.PRE_LISTING,
        subject_type=SubjectType.VERSION,
        subject_id=str(version.pk),
        gpt=gpt,
        builder_id=gpt.owner_id,
        submission=submission,
        queue=QUEUE_OF_KIND[CaseKind.PRE_LISTING],
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


def _check_allowed(gpt: GPT) -> None:
    if Standing.objects.filter(user_id=gpt.owner_id, builder_state=BuilderState.SUSPENDED).exists():
        raise Forbidden(
            _(
                "Publishing is suspended for this builder. The statement of reasons says why and"
                " how to object."
            ),
            code="builder_suspended",
        )
    if SharingPolicy.objects.filter(workspace_id=gpt.workspace_id, may_publish=False).exists():
        raise Forbidden(
            _("This workspace keeps its GPTs inside. Ask one of its admins to allow publishing."),
            code="publishing_not_allowed",
        )


def _same_or_conflict(open_one: Submission, version: Version) -> Submission:
    if open_one.version_id == version.pk:
        return open_one
    raise Conflict(
        _("Version %(number)s is still in review. Withdraw it first, then submit the new one.")
        % {"number": open_one.version.number},
        code="submission_open",
        data={"submission_id": str(open_one.pk), "version": open_one.version.number},
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
    raise Conflict(_("This version has been approved already."), code="already_approved")


@transaction.atomic
def withdraw_submission(*, submission: Submission, by: Any, at: datetime) -> Submission:
    """Take back an open submission; its case closes and a moderator's claim on it ends.

    Withdrawing twice changes nothing. Raises IllegalTransition once it is decided.
    """
    # The case first, as everywhere: two locks taken in two orders wait for each other for ever.
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

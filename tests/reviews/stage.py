"""The stage of moderation's tests: people, GPTs, submissions, all made by the real services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import create_gpt
from reviews.models import Case, Claim, Decision, Submission
from reviews.services.checks import run_checks, start_checks
from reviews.services.claims import claim_case
from reviews.services.decisions import decide_case
from reviews.services.submissions import submit_version
from tests.workspaces.factories import make_user
from workspaces.access import personal_workspace
from workspaces.models import StaffRole, User

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
INSTRUCTIONS = (
    "You help people to plan a walk in their town. Ask how long they want to be out and how they feel today,"
    " then propose one route with three stops, each with a reason. Keep answers short and friendly."
)
DRAFT: dict[str, Any] = {
    "name": "Evening Walks",
    "description": "Plans a short walk in your town, with three stops worth seeing.",
    "instructions": INSTRUCTIONS,
    "starters": ["I have one hour", "It is raining"],
    "category": "lifestyle",
}


def make_moderator(name: str = "Mona", *roles: str) -> User:
    user = make_user(name)
    for role in ("moderator", *roles):
        StaffRole.objects.create(user=user, role=role, granted_at=AT)
    return user


def make_gpt(owner: User, **draft: Any) -> GPT:
    return create_gpt(workspace=personal_workspace(owner), owner=owner, by=owner, at=AT, **{**DRAFT, **draft})


def submit(gpt: GPT, *, at: datetime = AT) -> Submission:
    return submit_version(gpt=gpt, note="", by=gpt.owner, at=at)


def in_review(gpt: GPT, *, at: datetime = AT) -> Case:
    """Submit and run the checks as the worker would."""
    submission = submit(gpt, at=at)
    assert start_checks(submission_id=submission.pk, at=at)
    run_checks(submission_id=submission.pk, at=at)
    return Case.objects.get(submission=submission)


def decide(
    case: Case,
    moderator: User,
    outcome: str,
    *,
    policies: tuple[str, ...] = (),
    reasoning: str = "",
    at: datetime | None = None,
    claim: Claim | None = None,
) -> Decision:
    at = at or (claim.acquired_at if claim else AT + timedelta(hours=1))
    claim = claim or claim_case(case_id=case.pk, by=moderator, at=at)
    case = Case.objects.get(pk=case.pk)
    return decide_case(
        case_id=case.pk,
        claim_token=claim.token,
        row_version=case.row_version,
        outcome=outcome,
        policy_codes=policies,
        reasoning=reasoning,
        by=moderator,
        at=at,
    )


def listed(owner: User, moderator: User, **draft: Any) -> GPT:
    """A GPT that stands in the store the honest way."""
    gpt = make_gpt(owner, **draft)
    decide(in_review(gpt), moderator, "approve")
    return gpt

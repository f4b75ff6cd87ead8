"""Moderators, GPTs, cases and decisions for tests of moderation, made by the real services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from gpts.assistants.models import GPT
from marketplace.models import Listing
from reviews.models import Case, Claim, Decision, Submission
from reviews.services.checks import run_checks, start_checks
from reviews.services.claims import claim_case
from reviews.services.decisions import decide_case
from reviews.services.reports import file_report
from reviews.services.submissions import submit_version
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.reviews import ReportInputFactory
from tests.support.factories.workspaces import UserFactory
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
    """Make a moderator who also has the staff ``roles``."""
    user = UserFactory.create(display_name=name)
    for role in ("moderator", *roles):
        StaffRole.objects.create(user=user, role=role, granted_at=AT)
    return user


def make_old_user(name: str = "Rita") -> User:
    """Make a person whose account is 100 days old at AT: their reports have full weight."""
    user = UserFactory.create(display_name=name)
    User.objects.filter(pk=user.pk).update(created_at=AT - timedelta(days=100))
    user.refresh_from_db()
    return user


def make_gpt(owner: User, **draft: Any) -> GPT:
    return GPTFactory.create(owner=owner, at=AT, **{**DRAFT, **draft})


def submit(gpt: GPT, *, at: datetime = AT) -> Submission:
    return submit_version(gpt=gpt, note="", by=gpt.owner, at=at)


def make_queued_case(gpt: GPT, *, at: datetime = AT) -> Case:
    """Submit the GPT and run the checks as the worker would."""
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
    """Decide the case, claiming it first without ``claim``."""
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


def make_listed_gpt(owner: User, moderator: User, **draft: Any) -> GPT:
    """Make a GPT that was submitted, checked and approved."""
    gpt = make_gpt(owner, **draft)
    decide(make_queued_case(gpt), moderator, "approve")
    return gpt


def make_listing() -> Listing:
    """Make the listing of an approved GPT of Ann's."""
    return Listing.objects.get(gpt=make_listed_gpt(UserFactory.create(display_name="Ann"), make_moderator()))


def make_report_case(listing: Listing, category: str = "malware") -> Case:
    """Make a case with one report about the listing."""
    given = ReportInputFactory.build(category=category)
    file_report(listing=listing, given=given, by=make_old_user(), at=AT)
    return Case.objects.exclude(state="closed").get(kind="report")


def quarantine(listing: Listing, moderator: User) -> Decision:
    """Report the listing and decide to quarantine it."""
    return decide(
        make_report_case(listing),
        moderator,
        "quarantine",
        policies=("malware-phishing",),
        reasoning="Asks for passwords.",
    )

"""Who may fetch a case, a decision or a submission, who may judge a case, and who may object."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser

from core.errors import NotFound
from reviews.access import access_case, access_own_decision, access_own_submission, access_queue
from reviews.models import Case, Decision
from reviews.queries.appeals import APPEAL_WINDOW, get_appeal_deadline, get_appeal_party
from reviews.rules import get_conflict_of_interest
from reviews.services.appeals import file_appeal
from reviews.services.second_approvals import get_impact, needs_second_approval
from reviews.states import AppealParty, Outcome
from tests.support.factories.marketplace import ShelfEntryFactory, ShelfFactory
from tests.support.factories.reviews import ReportFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory, WorkspaceFactory
from tests.support.reviews import (
    AT,
    decide,
    make_gpt,
    make_listing,
    make_moderator,
    make_queued_case,
    make_report_case,
)
from workspaces.models import User

pytestmark = pytest.mark.django_db
NOWHERE = UUID(int=0)


def reject(case: Case, moderator: User) -> Decision:
    return decide(case, moderator, "reject", policies=("quality",), reasoning="Thin.")


def test_moderators_reach_the_queue_and_its_cases() -> None:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    moderator = make_moderator()

    access_queue(moderator)

    assert access_case(moderator, case.pk) == case


def test_a_case_of_nobody_a_stranger_and_an_unknown_case_look_the_same() -> None:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    errors = []
    attempts: list[Callable[[], object]] = [
        lambda: access_queue(AnonymousUser()),
        lambda: access_case(UserFactory.create(display_name="Eve"), case.pk),
        lambda: access_case(make_moderator(), NOWHERE),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound) as caught:
            attempt()
        errors.append((caught.value.code, str(caught.value.message)))

    assert len(set(errors)) == 1


def test_a_decision_is_for_the_builder_it_concerns() -> None:
    author = UserFactory.create(display_name="Ann")
    decision = reject(make_queued_case(make_gpt(author)), make_moderator())

    assert access_own_decision(author, decision.pk) == decision
    for person, decision_id in ((UserFactory.create(display_name="Eve"), decision.pk), (author, NOWHERE)):
        with pytest.raises(NotFound):
            access_own_decision(person, decision_id)


def test_a_held_decision_is_hidden_from_its_builder() -> None:
    listing = make_listing()
    decision = decide(
        make_report_case(listing),
        make_moderator("Milo"),
        "suspend_builder",
        policies=("malware-phishing",),
        reasoning="Again.",
    )

    with pytest.raises(NotFound):
        access_own_decision(listing.publisher, decision.pk)


def test_a_submission_is_for_the_owner_and_the_person_who_submitted_it() -> None:
    owner, colleague = UserFactory.create(display_name="Ann"), UserFactory.create(display_name="Cole")
    submission = make_queued_case(make_gpt(owner)).submission
    assert submission is not None
    submission.submitted_by = colleague
    submission.save(update_fields=["submitted_by"])

    for person in (owner, colleague):
        assert access_own_submission(person, submission.pk) == submission
    for person, submission_id in ((UserFactory.create(display_name="Eve"), submission.pk), (owner, NOWHERE)):
        with pytest.raises(NotFound):
            access_own_submission(person, submission_id)


def test_an_uninvolved_moderator_may_judge() -> None:
    assert (
        get_conflict_of_interest(
            make_moderator(), make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
        )
        == ""
    )


def test_builder_and_submitter_may_not_judge_their_own_case() -> None:
    builder, submitter = make_moderator("Ann"), make_moderator("Cole")
    case = make_queued_case(make_gpt(builder))
    assert case.submission is not None
    case.submission.submitted_by = submitter

    assert [get_conflict_of_interest(person, case) for person in (builder, submitter)] == ["own", "own"]


def test_members_of_the_gpts_workspace_may_not_judge_its_case() -> None:
    owner, colleague = UserFactory.create(display_name="Ann"), make_moderator("Cole")
    team = WorkspaceFactory.create(owner=owner)
    MemberFactory.create(workspace=team, user=colleague, role="member", by=owner)
    case = make_queued_case(make_gpt(owner))
    assert case.gpt is not None
    case.gpt.workspace = team

    assert get_conflict_of_interest(colleague, case) == "workspace"


def test_the_decider_may_not_judge_the_appeal() -> None:
    author, decider = UserFactory.create(display_name="Ann"), make_moderator()
    decision = reject(make_queued_case(make_gpt(author)), decider)
    appeal = file_appeal(decision=decision, text="No.", by=author, at=AT + timedelta(days=1))

    assert get_conflict_of_interest(decider, appeal.case) == "origin"
    assert get_conflict_of_interest(make_moderator("Milo"), appeal.case) == ""


def test_a_reporter_may_not_judge_the_case() -> None:
    reporter = make_moderator("Rita")
    case = make_report_case(make_listing())
    ReportFactory.create(case=case, reporter=reporter, source="user")

    assert get_conflict_of_interest(reporter, case) == "reporter"


def test_a_case_about_no_gpt_has_no_workspace_to_conflict_with() -> None:
    case = make_report_case(make_listing())
    case.gpt = None

    assert get_conflict_of_interest(make_moderator("Milo"), case) == ""


def test_only_a_moderator_who_is_an_operator_may_take_over() -> None:
    operator = UserFactory.create(display_name="Otto")
    operator.staff_roles.create(role="operator", granted_at=AT)
    people = (make_moderator("Lea", "operator"), make_moderator("Mona"), operator)

    assert [person.has_perm("reviews.take_over") for person in people] == [True, False, False]
    assert [person.has_perm("reviews.work_queue") for person in people] == [True, True, False]


def test_builders_object_to_negative_decisions_and_reporters_to_dismissals() -> None:
    listing, moderator = make_listing(), make_moderator("Milo")
    case = make_report_case(listing)
    reporter = case.reports.get().reporter
    assert reporter is not None
    dismissal = decide(case, moderator, "no_violation")

    assert get_appeal_party(dismissal, reporter) is AppealParty.REPORTER
    assert get_appeal_party(dismissal, listing.publisher) is None
    dismissal.outcome = Outcome.WARN
    assert get_appeal_party(dismissal, listing.publisher) is AppealParty.OWNER
    assert get_appeal_party(dismissal, reporter) is None


def test_the_time_to_object_begins_with_the_notice_or_else_the_decision() -> None:
    decision = reject(make_queued_case(make_gpt(UserFactory.create(display_name="Ann"))), make_moderator())
    notice = decision.notices.get()

    assert get_appeal_deadline(decision) == notice.created_at + APPEAL_WINDOW
    notice.delete()
    assert get_appeal_deadline(decision) == decision.decided_at + APPEAL_WINDOW


def test_high_impact_is_a_verified_builder_many_users_or_a_place_on_the_shelf() -> None:
    listing = make_listing()
    assert (get_impact(None, at=AT), get_impact(listing.gpt_id, at=AT)) == ("", "")

    shelf = ShelfFactory.create(starts_on=AT.date(), ends_on=AT.date() + timedelta(days=7))
    ShelfEntryFactory.create(shelf=shelf, listing=listing)
    assert get_impact(listing.gpt_id, at=AT) == "featured"
    assert get_impact(listing.gpt_id, at=AT + timedelta(days=7)) == ""

    listing.score.users_28d = 1_001
    listing.score.save(update_fields=["users_28d"])
    assert get_impact(listing.gpt_id, at=AT) == "users"

    listing.builder_verified = True
    listing.save(update_fields=["builder_verified"])
    assert get_impact(listing.gpt_id, at=AT) == "verified"


@pytest.mark.parametrize(
    ("outcome", "with_low_impact", "with_high_impact"),
    [
        ("suspend_builder", True, True),
        ("delist", False, True),
        ("quarantine", False, True),
        ("warn", False, False),
    ],
)
def test_which_outcomes_need_a_second_approval(
    outcome: str, with_low_impact: bool, with_high_impact: bool
) -> None:
    listing = make_listing()
    case = make_report_case(listing)

    assert needs_second_approval(case, outcome, at=AT) is with_low_impact
    listing.builder_verified = True
    listing.save(update_fields=["builder_verified"])
    assert needs_second_approval(case, outcome, at=AT) is with_high_impact

"""Nobody judges an objection about something in whose outcome they had a part."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from core.errors import Forbidden
from marketplace.models import BuilderProfile, Listing
from reviews.models import Case, Claim, Decision, Escalation
from reviews.rules import exclude_conflicts, get_conflict_of_interest
from reviews.services.appeals import file_appeal
from reviews.services.claims import claim_case, claim_next_case, escalate_case
from reviews.services.judges import note_missing_judges
from reviews.services.reports import file_report
from tests.support.api_client import ApiClient
from tests.support.factories.reviews import ReportInputFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.reviews import (
    AT,
    decide,
    make_listed_gpt,
    make_listing,
    make_moderator,
    make_old_user,
    make_report_case,
)
from workspaces.models import Notification, StaffRole, User
from workspaces.services.staff import revoke_staff_role

pytestmark = pytest.mark.django_db
MALWARE = ("malware-phishing",)


def make_high_impact_listing() -> Listing:
    """Make a listing of a verified builder: taking it down needs a second person."""
    author = UserFactory.create(display_name="Ann")
    BuilderProfile.objects.create(
        user=author, handle="ann", display_name="Ann", created_at=AT, updated_at=AT, verified_name_at=AT
    )
    return Listing.objects.get(gpt=make_listed_gpt(author, make_moderator("Approver")))


def appeal_quarantine(case: Case, *, at: datetime = AT) -> Case:
    """Object to the decision in force of ``case`` and return the appeal's case."""
    decision = case.decisions.order_by("-round")[0]
    assert decision.case.builder is not None
    filed = file_appeal(decision=decision, text="It is fine.", by=decision.case.builder, at=at)
    return filed.case


def by_decider() -> tuple[Case, User]:
    mona = make_moderator("Mona")
    case = make_report_case(make_listing())
    decide(case, mona, "quarantine", policies=MALWARE, reasoning="Asks for passwords.")
    return appeal_quarantine(case, at=AT + timedelta(days=1)), mona


def by_second_person() -> tuple[Case, User]:
    second = make_moderator("Sam")
    case = make_report_case(make_high_impact_listing())
    decide(case, make_moderator("Mona"), "quarantine", policies=MALWARE, reasoning="Asks for passwords.")
    approval = Case.objects.get(kind="second_approval")
    decide(approval, second, "confirm", at=AT + timedelta(hours=2))
    return appeal_quarantine(case, at=AT + timedelta(days=1)), second


def by_whoever_sent_it_back() -> tuple[Case, User]:
    second, mona = make_moderator("Sam"), make_moderator("Mona")
    case = make_report_case(make_high_impact_listing())
    decide(case, mona, "quarantine", policies=MALWARE, reasoning="Asks for passwords.")
    approval = Case.objects.get(kind="second_approval")
    decide(approval, second, "send_back", reasoning="Look again.", at=AT + timedelta(hours=2))
    decide(case, mona, "warn", policies=MALWARE, reasoning="Be clear.", at=AT + timedelta(hours=3))
    return appeal_quarantine(case, at=AT + timedelta(days=1)), second


def by_escalator() -> tuple[Case, User]:
    ed = make_moderator("Ed")
    case = make_report_case(make_listing())
    claim = claim_case(case_id=case.pk, by=ed, at=AT)
    escalate_case(case_id=case.pk, token=claim.token, reason="Not sure.", by=ed, at=AT)
    decide(case, make_moderator("Mona"), "quarantine", policies=MALWARE, reasoning="Asks for passwords.")
    return appeal_quarantine(case, at=AT + timedelta(days=1)), ed


def by_decider_of_an_overturned_round() -> tuple[Case, User]:
    """A reporter had the dismissal overturned; the builder objects to what was decided then."""
    mona, lea = make_moderator("Mona"), make_moderator("Lea")
    case = make_report_case(make_listing())
    dismissal = decide(case, mona, "no_violation")
    reporter = case.reports.get().reporter
    assert reporter is not None
    first = file_appeal(decision=dismissal, text="It does.", by=reporter, at=AT + timedelta(days=1))
    decide(first.case, lea, "overturn", reasoning="True.", at=AT + timedelta(days=1))
    decide(
        case, make_moderator("Nia"), "quarantine", policies=MALWARE, reasoning="It does.",
        at=AT + timedelta(days=2),
    )  # fmt: skip
    return appeal_quarantine(case, at=AT + timedelta(days=3)), mona


def by_decider_of_an_earlier_appeal() -> tuple[Case, User]:
    appeal, _mona = by_decider_of_an_overturned_round()
    return appeal, User.objects.get(display_name="Lea")


PARTS = [
    by_decider, by_second_person, by_whoever_sent_it_back, by_escalator, by_decider_of_an_overturned_round,
    by_decider_of_an_earlier_appeal,
]  # fmt: skip


@pytest.mark.parametrize("make", PARTS, ids=lambda make: make.__name__)
def test_whoever_had_a_part_cannot_judge_the_appeal(make: Callable[[], tuple[Case, User]]) -> None:
    """Refused by service, "next", page and API; somebody else may."""
    appeal, involved = make()
    assert get_conflict_of_interest(involved, appeal) == "origin"
    now = timezone.now()
    with pytest.raises(Forbidden) as caught:
        claim_case(case_id=appeal.pk, by=involved, at=now)
    assert caught.value.data == {"why": "origin"}
    assert not exclude_conflicts(Case.objects.filter(pk=appeal.pk), involved).exists()
    assert claim_next_case(by=involved, at=now, queue="appeals") is None
    assert sign_in(involved).post(f"/moderation/cases/{appeal.pk}/claim").status_code == 403
    api = ApiClient(involved, scopes=["reviews:work"])
    refused = api.post(f"reviews/cases/{appeal.pk}/claim")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "conflict_of_interest")
    assert not Claim.objects.filter(case=appeal).exists()

    uninvolved = make_moderator("Ulla")
    claim = claim_next_case(by=uninvolved, at=now, queue="appeals")
    assert claim is not None and claim.case_id == appeal.pk


def test_a_claim_from_before_does_not_let_the_involved_decide() -> None:
    """Deciding asks again: the claim may be older than the involvement."""
    appeal, mona = by_decider()
    other = make_moderator("Other")
    claim = claim_case(case_id=appeal.pk, by=other, at=AT + timedelta(days=2))
    Claim.objects.filter(pk=claim.pk).update(moderator=mona)
    with pytest.raises(Forbidden):
        decide(appeal, mona, "uphold", reasoning="Right.", claim=Claim.objects.get(pk=claim.pk))
    assert not Decision.objects.filter(case=appeal).exists()


def test_a_reopened_case_goes_to_another_person_than_its_decider() -> None:
    mona, lea = make_moderator("Mona"), make_moderator("Lea")
    case = make_report_case(make_listing())
    dismissal = decide(case, mona, "no_violation")
    reporter = case.reports.get().reporter
    assert reporter is not None
    filed = file_appeal(decision=dismissal, text="It does.", by=reporter, at=AT + timedelta(days=1))
    decide(filed.case, lea, "overturn", reasoning="True.", at=AT + timedelta(days=1))
    case.refresh_from_db()
    assert (case.state, get_conflict_of_interest(mona, case)) == ("queued", "origin")
    assert get_conflict_of_interest(lea, case) == ""


def test_claiming_and_releasing_is_no_part_in_the_outcome() -> None:
    appeal, _mona = by_decider()
    looker = make_moderator("Looker")
    claim_case(case_id=appeal.pk, by=looker, at=AT + timedelta(days=2))
    assert get_conflict_of_interest(looker, appeal) == ""


def test_an_escalation_is_stored_with_its_reason() -> None:
    _appeal, ed = by_escalator()
    assert [(row.moderator, row.reason) for row in Escalation.objects.all()] == [(ed, "Not sure.")]


def test_operators_are_told_when_nobody_is_left_to_judge() -> None:
    """The state shows on page and API, and ends when somebody uninvolved joins."""
    operator = UserFactory.create(display_name="Opal")
    StaffRole.objects.create(user=operator, role="operator", granted_at=AT)
    listing = make_listing()
    StaffRole.objects.filter(role="moderator").delete()
    mona = make_moderator("Mona")
    case = make_report_case(listing)
    decide(case, mona, "quarantine", policies=MALWARE, reasoning="Asks for passwords.")

    appeal = appeal_quarantine(case, at=AT + timedelta(days=1))

    appeal.refresh_from_db()
    assert appeal.no_judge_since == AT + timedelta(days=1)
    told = Notification.objects.filter(user=operator, kind="reviews.no_judge")
    assert [note.url for note in told] == ["/operator/staff"]
    assert (
        "Nobody is left who may judge this"
        in sign_in(mona).get(f"/moderation/cases/{appeal.pk}").content.decode()
    )
    api = ApiClient(mona, scopes=["reviews:work"])
    (row,) = api.get("reviews/queue?show=stuck").json()["items"]
    assert row["id"] == str(appeal.pk) and row["no_judge_since"] is not None

    assert note_missing_judges(at=AT + timedelta(days=2)) == 1
    assert told.all().count() == 1  # told once, not with every run
    lea = make_moderator("Lea")
    assert note_missing_judges(at=AT + timedelta(days=2)) == 0
    assert Case.objects.get(pk=appeal.pk).no_judge_since is None

    revoke_staff_role(user=lea, role="moderator", by=None, at=AT)
    assert note_missing_judges(at=AT + timedelta(days=3)) == 1
    assert told.all().count() == 2


def test_a_reporter_among_the_moderators_is_not_counted_as_a_judge() -> None:
    listing = make_listing()
    StaffRole.objects.filter(role="moderator").delete()
    only = make_old_user("Only")
    StaffRole.objects.create(user=only, role="moderator", granted_at=AT)
    file_report(listing=listing, given=ReportInputFactory.build(), by=only, at=AT)
    assert note_missing_judges(at=AT) == 1

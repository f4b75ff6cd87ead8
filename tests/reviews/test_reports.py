"""Reports: one open case, throttled, weighed, and silent about who reported."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import DomainError, InvalidInput, RateLimited
from core.models import AuditEvent
from core.scope import Scope, open_scope
from marketplace.models import Listing
from reviews.models import Case, Notice, Report, Standing
from reviews.queries.submissions import submission_status
from reviews.services.reports import ReportInput, file_report
from tests.reviews.stage import AT, decide, in_review, listed, make_gpt, make_moderator
from tests.workspaces.factories import make_user
from workspaces.access import scope_for
from workspaces.models import Notification, User

pytestmark = pytest.mark.django_db


def given(**values: Any) -> ReportInput:
    return ReportInput(
        **{
            "category": "misleading",
            "explanation": "It promises a cure.",
            "is_good_faith": True,
            "locale": "en",
            **values,
        }
    )


def a_listing() -> Listing:
    return Listing.objects.get(gpt=listed(make_user("Ann"), make_moderator()))


def old_account(name: str = "Rita") -> User:
    user = make_user(name)
    User.objects.filter(pk=user.pk).update(created_at=AT - timedelta(days=100))
    user.refresh_from_db()
    return user


def test_reports_join_the_one_open_case_and_each_reporter_counts_once() -> None:
    """R-1, M12."""
    listing = a_listing()
    rita, rolf = old_account("Rita"), old_account("Rolf")
    first = file_report(listing=listing, given=given(), by=rita, at=AT)
    again = file_report(listing=listing, given=given(explanation="Really!"), by=rita, at=AT)
    other = file_report(listing=listing, given=given(), by=rolf, at=AT)
    case = Case.objects.get(kind="report")
    assert (first.pk, other.case_id) == (again.pk, case.pk)
    assert (case.reports.count(), case.risk, case.state) == (2, 200, "queued")
    assert Notice.objects.filter(kind="receipt").count() == 2


def test_the_database_itself_refuses_a_second_open_case() -> None:
    case = in_review(make_gpt(make_user("Ann")))
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(
            kind=case.kind, subject_type=case.subject_type, subject_id=case.subject_id, queue=case.queue,
            opened_at=AT, due_at=AT,
        )  # fmt: skip


def test_a_grave_category_goes_to_the_front_and_shortens_the_time() -> None:
    listing = a_listing()
    file_report(listing=listing, given=given(), by=old_account("Rita"), at=AT)
    before = Case.objects.get(kind="report")
    file_report(listing=listing, given=given(category="malware"), by=old_account("Rolf"), at=AT)
    after = Case.objects.get(kind="report")
    assert (before.tier, after.tier) == (4, 2)
    assert after.due_at == AT + timedelta(hours=4)
    assert after.row_version > before.row_version


def test_the_sixth_report_in_a_minute_is_refused_by_person_and_by_address() -> None:
    """M11."""
    listing = a_listing()
    rita = old_account()
    for _unused in range(5):
        file_report(listing=listing, given=given(), by=rita, at=AT)
    with pytest.raises(RateLimited) as caught:
        file_report(listing=listing, given=given(), by=rita, at=AT)
    assert caught.value.data == {"retry_after": 60}
    for number in range(5):
        visitor = given(name="V", email=f"v{number}@example.test", address="192.0.2.7")
        file_report(listing=listing, given=visitor, by=None, at=AT)
    with pytest.raises(RateLimited):
        file_report(
            listing=listing,
            given=given(name="V", email="v9@example.test", address="192.0.2.7"),
            by=None,
            at=AT,
        )
    assert Report.objects.count() == 6
    assert not Report.objects.filter(address_hash__contains="192").exists()


def test_a_crowd_of_fresh_accounts_hides_nothing_and_is_marked() -> None:
    """M11: no automatic hiding without corroboration."""
    listing = a_listing()
    now = timezone.now()
    for _unused in range(21):
        file_report(listing=listing, given=given(), by=make_user("New"), at=now)
    case = Case.objects.get(kind="report")
    listing.refresh_from_db()
    assert (listing.state, case.note) == ("listed", "brigade")
    assert case.risk == 200


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"category": "nonsense"}, "category"),
        ({"explanation": " "}, "explanation"),
        ({"explanation": "x" * 4001}, "explanation"),
        ({"is_good_faith": False}, "is_good_faith"),
        ({"email": "no", "name": "V"}, "email"),
        ({"email": "v@example.test", "name": ""}, "name"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_written(values: dict[str, Any], field: str) -> None:
    listing = a_listing()
    with pytest.raises(InvalidInput) as caught:
        file_report(listing=listing, given=given(**values), by=None, at=AT)
    assert (caught.value.field, Report.objects.count()) == (field, 0)


def test_the_author_never_learns_who_reported() -> None:
    """M09, R-11: notices, notes, audit log, status, and the database itself."""
    listing = a_listing()
    author, rita = listing.publisher, old_account("Rita")
    file_report(listing=listing, given=given(explanation="I am Rita of Riga."), by=rita, at=AT)
    case = Case.objects.get(kind="report")
    decide(case, make_moderator("Milo"), "delist", policies=("misleading",), reasoning="No cure is known.")

    with open_scope(scope_for(author)):
        assert not Report.objects.exists()
        told = [str(notice.body) + str(notice.facts) for notice in Notice.objects.all()]
        noted = [note.body + note.title for note in Notification.objects.all()]
        logged = [f"{e.action} {e.actor_label} {e.data}" for e in AuditEvent.objects.all()]
    assert told
    for text in (*told, *noted, *logged):
        assert "Rita" not in text
        assert rita.email not in text
    assert not [text for text in logged if "report_filed" in text]
    assert submission_status(listing.gpt).state == "removed"


def test_reporters_hear_the_outcome_and_it_counts_for_their_record() -> None:
    listing = a_listing()
    rita = old_account()
    file_report(listing=listing, given=given(locale="zh-hans"), by=rita, at=AT)
    decide(Case.objects.get(kind="report"), make_moderator("Milo"), "no_violation")
    notice = Notice.objects.get(kind="outcome")
    standing = Standing.objects.get(user=rita)
    assert (notice.recipient, notice.language, notice.report.state) == (rita, "zh-hans", "answered")
    assert (standing.reports_upheld, standing.reports_rejected) == (0, 1)


def test_a_moderator_does_not_judge_what_they_reported() -> None:
    listing = a_listing()
    mona = make_moderator("Milo")
    User.objects.filter(pk=mona.pk).update(created_at=AT - timedelta(days=100))
    file_report(listing=listing, given=given(), by=mona, at=AT)
    with pytest.raises(DomainError) as caught:
        decide(Case.objects.get(kind="report"), mona, "no_violation")
    assert caught.value.data["why"] == "reporter"


def test_reports_and_notices_are_closed_to_strangers_in_the_database() -> None:
    file_report(listing=a_listing(), given=given(), by=old_account(), at=AT)
    with open_scope(Scope(user_id=make_user("Eve").pk)):
        assert (Report.objects.count(), Notice.objects.count()) == (0, 0)

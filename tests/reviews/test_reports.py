"""Reports: one open case, rate limits, weights, and that the author never sees the reporter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import DomainError, InvalidInput, RateLimited
from core.models import AuditEvent
from core.scope import Scope, open_scope
from reviews.models import Case, Notice, Report, Standing
from reviews.queries.submissions import submission_status
from reviews.services.reports import file_report
from tests.support.factories.reviews import ReportInputFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.reviews import (
    AT,
    decide,
    make_gpt,
    make_listing,
    make_moderator,
    make_old_user,
    make_queued_case,
)
from workspaces.access import scope_for
from workspaces.models import Notification, User

pytestmark = pytest.mark.django_db


def test_reports_join_the_one_open_case_and_each_reporter_counts_once() -> None:
    listing = make_listing()
    rita, rolf = make_old_user("Rita"), make_old_user("Rolf")
    first = file_report(listing=listing, given=ReportInputFactory.build(), by=rita, at=AT)
    again = file_report(
        listing=listing, given=ReportInputFactory.build(explanation="Really!"), by=rita, at=AT
    )
    other = file_report(listing=listing, given=ReportInputFactory.build(), by=rolf, at=AT)
    case = Case.objects.get(kind="report")
    assert (first.pk, other.case_id) == (again.pk, case.pk)
    assert (case.reports.count(), case.risk, case.state) == (2, 200, "queued")
    assert Notice.objects.filter(kind="receipt").count() == 2


def test_the_database_itself_refuses_a_second_open_case() -> None:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(
            kind=case.kind, subject_type=case.subject_type, subject_id=case.subject_id, queue=case.queue,
            opened_at=AT, due_at=AT,
        )  # fmt: skip


def test_an_urgent_category_raises_the_tier_and_shortens_the_deadline() -> None:
    listing = make_listing()
    file_report(listing=listing, given=ReportInputFactory.build(), by=make_old_user("Rita"), at=AT)
    before = Case.objects.get(kind="report")
    file_report(
        listing=listing, given=ReportInputFactory.build(category="malware"), by=make_old_user("Rolf"), at=AT
    )
    after = Case.objects.get(kind="report")
    assert (before.tier, after.tier) == (4, 2)
    assert after.due_at == AT + timedelta(hours=4)
    assert after.row_version > before.row_version


def test_the_sixth_report_in_a_minute_is_refused_by_person_and_by_address() -> None:
    listing = make_listing()
    rita = make_old_user()
    for _unused in range(5):
        file_report(listing=listing, given=ReportInputFactory.build(), by=rita, at=AT)
    with pytest.raises(RateLimited) as caught:
        file_report(listing=listing, given=ReportInputFactory.build(), by=rita, at=AT)
    assert caught.value.data == {"retry_after": 60}
    for number in range(5):
        visitor = ReportInputFactory.build(name="V", email=f"v{number}@example.test", address="192.0.2.7")
        file_report(listing=listing, given=visitor, by=None, at=AT)
    with pytest.raises(RateLimited):
        file_report(
            listing=listing,
            given=ReportInputFactory.build(name="V", email="v9@example.test", address="192.0.2.7"),
            by=None,
            at=AT,
        )
    assert Report.objects.count() == 6
    assert not Report.objects.filter(address_hash__contains="192").exists()


def test_brigading_by_new_accounts_is_marked_and_hides_nothing() -> None:
    """No automatic hiding without corroboration."""
    listing = make_listing()
    now = timezone.now()
    for _unused in range(21):
        file_report(
            listing=listing,
            given=ReportInputFactory.build(),
            by=UserFactory.create(display_name="New"),
            at=now,
        )
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
def test_an_invalid_report_names_the_field_and_writes_nothing(values: dict[str, Any], field: str) -> None:
    listing = make_listing()
    with pytest.raises(InvalidInput) as caught:
        file_report(listing=listing, given=ReportInputFactory.build(**values), by=None, at=AT)
    assert (caught.value.field, Report.objects.count()) == (field, 0)


def test_the_author_never_learns_who_reported() -> None:
    """Notices, notes, audit log, status, and the database itself."""
    listing = make_listing()
    author, rita = listing.publisher, make_old_user("Rita")
    file_report(
        listing=listing, given=ReportInputFactory.build(explanation="I am Rita of Riga."), by=rita, at=AT
    )
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


def test_reporters_get_the_outcome_and_their_accuracy_is_updated() -> None:
    listing = make_listing()
    rita = make_old_user()
    file_report(listing=listing, given=ReportInputFactory.build(locale="zh-hans"), by=rita, at=AT)
    decide(Case.objects.get(kind="report"), make_moderator("Milo"), "no_violation")
    notice = Notice.objects.get(kind="outcome")
    standing = Standing.objects.get(user=rita)
    assert (notice.recipient, notice.language, notice.report.state) == (rita, "zh-hans", "answered")
    assert (standing.reports_upheld, standing.reports_rejected) == (0, 1)


def test_a_moderator_cannot_judge_a_listing_they_reported() -> None:
    listing = make_listing()
    mona = make_moderator("Milo")
    User.objects.filter(pk=mona.pk).update(created_at=AT - timedelta(days=100))
    file_report(listing=listing, given=ReportInputFactory.build(), by=mona, at=AT)
    with pytest.raises(DomainError) as caught:
        decide(Case.objects.get(kind="report"), mona, "no_violation")
    assert caught.value.data["why"] == "reporter"


def test_row_level_security_hides_reports_and_notices_from_strangers() -> None:
    file_report(listing=make_listing(), given=ReportInputFactory.build(), by=make_old_user(), at=AT)
    with open_scope(Scope(user_id=UserFactory.create(display_name="Eve").pk)):
        assert (Report.objects.count(), Notice.objects.count()) == (0, 0)

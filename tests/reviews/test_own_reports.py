"""What reporters see of their reports: the outcome as it was sent, and the way to object to a dismissal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.errors import NotFound
from core.scope import Scope, open_scope
from reviews.access import access_own_report
from reviews.models import Appeal, Case, Notice, Report
from reviews.queries.own_reports import get_own_report, list_own_reports
from reviews.services.appeals import file_appeal
from reviews.services.reports import file_report
from tests.support.factories.reviews import ReportInputFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.reviews import decide, make_listing, make_moderator, make_old_user
from workspaces.models import Notification, User

pytestmark = pytest.mark.django_db

MALWARE = ("malware-phishing",)
NOW = timezone.now()
WITHIN, TOO_LATE = NOW + timedelta(days=183), NOW + timedelta(days=185)


def report_listing(by: User) -> tuple[Report, Case]:
    report = file_report(listing=make_listing(), given=ReportInputFactory.build(), by=by, at=NOW)
    return report, report.case


def test_receipt_and_answer_lead_to_the_report() -> None:
    rita = make_old_user()
    report, case = report_listing(rita)
    decide(case, make_moderator("Milo"), "no_violation", at=NOW)
    path = f"/reviews/reports/{report.pk}"

    assert {note.url for note in Notification.objects.filter(user=rita)} >= {path}
    assert [path in notice.body for notice in Notice.objects.filter(report=report)] == [True, True]
    page = sign_in(rita).get(path).content.decode()
    assert report.explanation in page
    assert ("It keeps the rules" in page, "Object to this decision" in page) == (True, True)
    assert path in sign_in(rita).get("/reviews/reports").content.decode()


def test_a_dismissal_can_be_objected_to_once_and_in_time() -> None:
    """In the reporter's own database scope, which shows neither reports nor decisions."""
    rita = make_old_user()
    report, case = report_listing(rita)
    dismissal = decide(case, make_moderator("Milo"), "no_violation", at=NOW)
    Notice.objects.filter(decision=dismissal).update(created_at=NOW)

    with open_scope(Scope(user_id=rita.pk)):
        can = [get_own_report(access_own_report(rita, report.pk), rita, at=at)[1].can_appeal
               for at in (NOW, WITHIN, TOO_LATE)]  # fmt: skip
    client, path = sign_in(rita), f"/reviews/reports/{report.pk}/appeal"
    empty = client.post(path, {"text": " "})
    before = Appeal.objects.count()
    sent = client.post(path, {"text": "It does."})
    again = client.post(path, {"text": "It does!"})

    assert can == [True, True, False]
    assert (empty.status_code, before) == (400, 0)
    assert (sent.status_code, sent.headers["Location"]) == (302, f"/reviews/reports/{report.pk}")
    assert again.status_code == 409
    appeal = Appeal.objects.get()
    assert (appeal.party, appeal.appellant, appeal.decision, appeal.text) == (
        "reporter",
        rita,
        dismissal,
        "It does.",
    )
    page = client.get(f"/reviews/reports/{report.pk}").content.decode()
    assert ("It does." in page, "Object to this decision" in page) == (True, False)

    decide(appeal.case, make_moderator("Lea"), "overturn", reasoning="True.", at=NOW + timedelta(days=1))

    told = Notification.objects.filter(user=rita).latest("id")
    assert told.url == f"/reviews/reports/{report.pk}"
    assert "Decision overturned" in client.get(told.url).content.decode()


def test_what_was_found_against_the_builder_is_said_without_its_reasons() -> None:
    rita = make_old_user()
    report, case = report_listing(rita)
    waiting = sign_in(rita).get(f"/reviews/reports/{report.pk}").content.decode()
    decide(
        case, make_moderator("Milo"), "warn", policies=MALWARE, reasoning="Asks for passwords.", at=NOW
    )  # fmt: skip

    page = sign_in(rita).get(f"/reviews/reports/{report.pk}").content.decode()

    assert ("Being looked at" in waiting, "It breaks the rules" in page) == (True, True)
    assert ("Asks for passwords." in page, "Object to this decision" in page) == (False, False)
    assert sign_in(rita).post(f"/reviews/reports/{report.pk}/appeal", {"text": "More!"}).status_code == 404
    assert not Appeal.objects.exists()


def test_others_neither_see_a_report_nor_object_to_its_answer() -> None:
    rita, eve = make_old_user(), UserFactory.create(display_name="Eve")
    report, case = report_listing(rita)
    dismissal = decide(case, make_moderator("Milo"), "no_violation", at=NOW)

    for person in (eve, case.builder, make_moderator("Mona")):
        assert person is not None
        client, path = sign_in(person), f"/reviews/reports/{report.pk}"
        answers = client.get(path), client.post(f"{path}/appeal", {"text": "Mine."})
        assert [answer.status_code for answer in answers] == [404, 404]
        assert str(report.pk) not in client.get("/reviews/reports").content.decode()
    with open_scope(Scope(user_id=eve.pk)), pytest.raises(NotFound):
        file_appeal(decision=dismissal, text="Mine.", by=eve, at=NOW)
    assert not Appeal.objects.exists()


def test_the_list_has_a_constant_number_of_queries() -> None:
    rita = make_old_user()
    counts = []
    for new in (1, 2):
        for _unused in range(new):
            _report, case = report_listing(rita)
            decide(case, make_moderator("Milo"), "no_violation", at=NOW)
        with open_scope(Scope(user_id=rita.pk)), CaptureQueriesContext(connection) as queries:
            _page, rows = list_own_reports(rita)
            shown = [(row.name, row.outcome) for row in rows]
        counts.append((len(shown), len(queries)))

    assert [rows for rows, _queries in counts] == [1, 3]
    assert counts[0][1] == counts[1][1]

"""Neither many reports nor a check that is down decides anything by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache

from core.errors import Forbidden, IllegalTransition
from marketplace.models import Listing
from reviews.checks import CheckerError, Finding
from reviews.models import Case, Check, Claim, Decision, Enforcement, Report
from reviews.services.checks import run_checks, start_checks
from reviews.services.claims import claim_case, claim_next_case
from reviews.services.reports import file_report
from reviews.states import ReportCategory, ReportSource
from reviews.tasks import maintain_queue
from tests.support.factories.reviews import ReportFactory, ReportInputFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.reviews import AT, decide, make_gpt, make_listing, make_moderator, make_old_user, submit
from workspaces.models import Notification, StaffRole

pytestmark = pytest.mark.django_db


def assert_untouched(listing: Listing) -> None:
    listing.refresh_from_db()
    assert (listing.state, listing.gpt.__class__.objects.get(pk=listing.gpt_id).quarantined_at) == (
        "listed",
        None,
    )
    assert not Decision.objects.exclude(outcome="approve").exists()
    assert not Enforcement.objects.exclude(kind="publish_version").exists()


@pytest.mark.parametrize("category", ReportCategory.values)
def test_no_number_of_reports_of_any_category_quarantines(category: str) -> None:
    """By old accounts with a full weight, trusted flaggers and visitors; the job runs too."""
    listing = make_listing()
    for number in range(8):
        given = ReportInputFactory.build(category=category, explanation=f"Text {number}.")
        file_report(listing=listing, given=given, by=make_old_user(f"Rita {number}"), at=AT)
    maintain_queue()
    assert Report.objects.count() == 8
    assert_untouched(listing)


@pytest.mark.parametrize("source", ReportSource.values)
def test_reports_made_by_the_system_tip_nothing(source: str) -> None:
    listing = make_listing()
    given = ReportInputFactory.build(category="malware")
    case = file_report(listing=listing, given=given, by=make_old_user(), at=AT).case
    for number in range(30):
        ReportFactory.create(
            case=case, source=source, category="malware", reporter_email=f"{number}@else.test", weight=3_000
        )
    maintain_queue()
    case.refresh_from_db()
    assert case.state == "queued"  # for a person to decide
    assert_untouched(listing)


def test_unfounded_reports_are_warned_about_and_then_paused() -> None:
    """A month's pause after ten; what was reported before is still read; one in five upheld is enough."""
    listing, moderator, rita = make_listing(), make_moderator(), make_old_user()
    reports = []
    for number in range(10):
        cache.clear()  # the limit of five a minute is another test's
        given = ReportInputFactory.build(explanation=f"Text {number}.")
        report = file_report(listing=listing, given=given, by=rita, at=AT + timedelta(days=number))
        decide(report.case, moderator, "no_violation", at=AT + timedelta(days=number, hours=1))
        reports.append(report)
        told = Notification.objects.filter(user=rita, kind="reviews.reporting_accuracy").count()
        assert told == (0 if number < 4 else 1 if number < 9 else 2)

    cache.clear()
    given = ReportInputFactory.build()
    with pytest.raises(Forbidden) as caught:
        file_report(listing=listing, given=given, by=rita, at=AT + timedelta(days=20))
    assert caught.value.code == "reporting_suspended"
    assert Report.objects.filter(reporter=rita).count() == len(reports)
    file_report(listing=listing, given=given, by=rita, at=AT + timedelta(days=40))


class Checker:
    """A check of another service, which fails in one way until it is repaired."""

    name, version, label = "elsewhere", 1, "Elsewhere"

    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure

    def run(self, version: object) -> Finding:
        if self.failure is not None:
            raise self.failure
        return Finding()


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError("down"),
        TimeoutError("slow"),
        CheckerError("429: too many requests"),
        ValueError("malformed JSON"),
        KeyError("results"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_check_without_an_answer_leaves_the_version_pending(failure: Exception) -> None:
    """Operators are told once; nobody can claim or approve it; it goes on when the check answers."""
    operator, moderator = UserFactory.create(display_name="Opal"), make_moderator()
    StaffRole.objects.create(user=operator, role="operator", granted_at=AT)
    submission = submit(make_gpt(UserFactory.create(display_name="Ann")))
    assert start_checks(submission_id=submission.pk, at=AT)
    broken = Checker(failure)

    for minutes in (0, 3, 6):
        run_checks(submission_id=submission.pk, at=AT + timedelta(minutes=minutes), checkers=(broken,))

    submission.refresh_from_db()
    case = Case.objects.get(submission=submission)
    check = Check.objects.get(checker="elsewhere")
    assert (submission.state, case.state) == ("checking", "open")
    assert (check.outcome, check.attempts) == ("errored", 3)
    assert claim_next_case(by=moderator, at=AT) is None
    with pytest.raises(IllegalTransition):
        claim_case(case_id=case.pk, by=moderator, at=AT)
    assert not Claim.objects.exists() and not Decision.objects.exists() and not Listing.objects.exists()
    assert Notification.objects.filter(user=operator, kind="reviews.checker_down").count() == 1

    broken.failure = None
    run_checks(submission_id=submission.pk, at=AT + timedelta(minutes=9), checkers=(broken,))
    submission.refresh_from_db()
    assert submission.state == "in_review"

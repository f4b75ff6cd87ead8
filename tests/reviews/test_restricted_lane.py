"""Cases about sexual content with children: seen by moderators with that role only, down to the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.errors import InvalidInput, NotFound
from core.models import AuditEvent
from core.scope import open_scope
from gpts.assistants.models import GPT
from marketplace.models import Listing
from reviews.models import Appeal, Case, Claim, Decision, Notice, Report
from reviews.queries import QueueFilters, count_queues, list_decisions, list_queue
from reviews.queries.transparency import build_year_report
from reviews.scope import open_moderation_scope
from reviews.services.appeals import file_appeal
from reviews.services.claims import claim_case, claim_next_case
from reviews.services.reports import file_report
from reviews.tasks import maintain_queue
from tests.support.api_client import ApiClient
from tests.support.factories.reviews import ReportInputFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
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
from workspaces.models import StaffRole, User
from workspaces.services.staff import grant_staff_role, revoke_staff_role

pytestmark = pytest.mark.django_db


def report_child_safety(listing: Listing, by: User | None = None) -> Case:
    given = ReportInputFactory.build(category="child_safety", explanation="A picture of a child.")
    report = file_report(listing=listing, given=given, by=by or make_old_user(), at=AT)
    return report.case


def make_specialist(name: str = "Cleo") -> User:
    return make_moderator(name, "child_safety")


def test_other_moderators_do_not_see_the_case_anywhere() -> None:
    """Page, API, queue, counts, "next", decisions: as if it did not exist. Nothing is written."""
    listing, mona = make_listing(), make_moderator("Mona")
    case = report_child_safety(listing)
    path, now = f"/moderation/cases/{case.pk}", timezone.now()

    client = sign_in(mona)
    assert client.get(path).status_code == 404
    for verb in ("claim", "decide", "renew", "release", "escalate", "take-over", "pictures"):
        assert client.post(f"{path}/{verb}").status_code == 404
    page = client.get("/moderation/?show=restricted").content.decode()
    assert listing.name not in page and 'href="/moderation/?show=restricted"' not in page
    api = ApiClient(mona, scopes=["reviews:work"])
    assert api.get("reviews/queue?show=restricted").json()["items"] == []
    assert api.get("reviews/queue").json()["items"] == []
    for method, rest in (("GET", ""), ("POST", "/claim")):
        assert api(method, f"reviews/cases/{case.pk}{rest}").status_code == 404
    with open_scope(scope_for(mona)):
        assert count_queues(mona, at=now) == dict.fromkeys(
            ("listings", "reports", "appeals", "approvals", "all", "preparing", "escalated", "restricted",
             "stuck", "mine"), 0,
        )  # fmt: skip
        assert claim_next_case(by=mona, at=now) is None
        with pytest.raises(NotFound):
            claim_case(case_id=case.pk, by=mona, at=now)
    assert not Claim.objects.exists()
    assert not AuditEvent.objects.filter(action="reviews.case_claimed", subject_id=str(case.pk)).exists()


def test_the_database_hides_what_belongs_to_it_from_other_moderators() -> None:
    """Raw rows of case, report, notice, decision and appeal, in the scope of each person."""
    listing, mona, cleo = make_listing(), make_moderator("Mona"), make_specialist()
    reporter = make_old_user("Rita")
    case = report_child_safety(listing, by=reporter)
    decision = decide(
        case, cleo, "quarantine", policies=("child-safety",), reasoning="It shows a child.", at=AT
    )
    file_appeal(decision=decision, text="It is drawn.", by=listing.publisher, at=AT + timedelta(days=1))

    def count(user: User) -> dict[str, int]:
        with open_scope(scope_for(user)):
            return {
                "case": Case.objects.filter(is_restricted=True).count(),
                "report": Report.objects.filter(category="child_safety").count(),
                "notice": Notice.objects.filter(case__is_restricted=True).count(),
                "decision": Decision.objects.filter(case__is_restricted=True).count(),
                "decision by id": Decision.objects.filter(pk=decision.pk).count(),
                "appeal": Appeal.objects.count(),
            }

    assert set(count(mona).values()) == {0}
    assert set(count(UserFactory.create(display_name="Bob")).values()) == {0}
    assert count(cleo) == {
        "case": 2, "report": 1, "notice": 3, "decision": 1, "decision by id": 1, "appeal": 1,
    }  # fmt: skip
    # The builder sees the decision and their own notice, never the report.
    assert count(listing.publisher) == {
        "case": 2, "report": 0, "notice": 1, "decision": 1, "decision by id": 1, "appeal": 1,
    }  # fmt: skip
    assert count(reporter)["report"] == 1


def test_raw_sql_of_another_moderator_changes_nothing() -> None:
    case = report_child_safety(make_listing())
    with open_scope(scope_for(make_moderator("Mona"))), connection.cursor() as cursor:
        cursor.execute("UPDATE reviews_case SET is_restricted = false WHERE id = %s", [case.pk])
        assert cursor.rowcount == 0
        cursor.execute("SELECT count(*) FROM reviews_case WHERE id = %s", [case.pk])
        assert cursor.fetchone() == (0,)
    case.refresh_from_db()
    assert case.is_restricted


def test_a_specialist_works_the_lane_apart_from_the_queue() -> None:
    listing, cleo = make_listing(), make_specialist()
    case = report_child_safety(listing)
    now = timezone.now()
    ordinary = list_queue(cleo, filters=QueueFilters(), at=now)
    assert list(ordinary) == []
    lane = list_queue(cleo, filters=QueueFilters(show="restricted"), at=now)
    assert [row.pk for row in lane] == [case.pk]
    assert claim_next_case(by=cleo, at=now) is None  # never handed out by itself
    client = sign_in(cleo)
    assert 'href="/moderation/?show=restricted"' in client.get("/moderation/").content.decode()
    assert client.post(f"/moderation/cases/{case.pk}/claim").status_code == 302
    assert Claim.objects.get(case=case).moderator_id == cleo.pk


def test_pictures_are_shown_only_on_a_click_that_the_log_names() -> None:
    gpt, cleo = make_gpt(UserFactory.create(display_name="Ann")), make_specialist()
    GPT.objects.filter(pk=gpt.pk).update(icon="icons/listing.webp")
    gpt.refresh_from_db()
    decide(make_queued_case(gpt), make_moderator(), "approve")
    case = report_child_safety(Listing.objects.get(gpt=gpt))
    client = sign_in(cleo)
    assert "icons/listing.webp" not in client.get(f"/moderation/cases/{case.pk}").content.decode()
    assert not AuditEvent.objects.filter(action="reviews.pictures_shown").exists()

    shown = client.post(f"/moderation/cases/{case.pk}/pictures").content.decode()

    assert 'src="/icons/listing.webp"' in shown and "data-blurred" in shown
    event = AuditEvent.objects.get(action="reviews.pictures_shown")
    assert (event.actor_id, event.subject_id) == (cleo.pk, str(case.pk))
    # The next visit begins without them again.
    assert "icons/listing.webp" not in client.get(f"/moderation/cases/{case.pk}").content.decode()


def test_an_ordinary_report_has_a_case_of_its_own() -> None:
    """The lane takes no case out of a moderator's hands, and puts none into them."""
    listing, mona = make_listing(), make_moderator("Mona")
    reporter = make_old_user()
    ordinary = file_report(listing=listing, given=ReportInputFactory.build(), by=reporter, at=AT).case
    claim = claim_case(case_id=ordinary.pk, by=mona, at=AT)
    restricted = report_child_safety(listing, by=reporter)
    assert restricted.pk != ordinary.pk
    ordinary.refresh_from_db()
    assert (ordinary.is_restricted, ordinary.state, restricted.is_restricted) == (False, "claimed", True)
    assert Claim.objects.get(pk=claim.pk).case_id == ordinary.pk
    # Another reporter joins the restricted case, although they cannot see it.
    with open_scope(scope_for(mona)):
        given = ReportInputFactory.build(category="child_safety")
        joined = file_report(listing=listing, given=given, by=mona, at=AT)
    assert joined.case_id == restricted.pk


def test_follow_ups_stay_in_the_lane() -> None:
    """The appeal and the second approval of a restricted decision are restricted too."""
    listing, cleo = make_listing(), make_specialist()
    case = report_child_safety(listing)
    decide(case, cleo, "suspend_builder", policies=("child-safety",), reasoning="Repeatedly.", at=AT)
    approval = Case.objects.get(kind="second_approval")
    assert approval.is_restricted
    mona = make_moderator("Mona")
    assert sign_in(mona).get(f"/moderation/cases/{approval.pk}").status_code == 404
    decide(approval, make_specialist("Clio"), "confirm", at=AT + timedelta(hours=1))
    decision = Decision.objects.get(outcome="suspend_builder")
    appeal = file_appeal(decision=decision, text="No.", by=listing.publisher, at=AT + timedelta(days=1))
    assert appeal.case.is_restricted


def test_jobs_neither_close_nor_claim_the_case() -> None:
    case = report_child_safety(make_listing())
    before = Case.objects.filter(pk=case.pk).values("state", "round", "row_version").get()
    maintain_queue()
    assert Case.objects.filter(pk=case.pk).values("state", "round", "row_version").get() == before
    assert not Claim.objects.exists() and not Decision.objects.filter(case=case).exists()


def test_the_log_of_decisions_leaves_them_out_for_others() -> None:
    case, cleo = report_child_safety(make_listing()), make_specialist()
    decision = decide(case, cleo, "no_violation", at=AT)
    assert decision.pk not in [row.pk for row in list_decisions(make_moderator("Mona")).items]
    assert decision.pk in [row.pk for row in list_decisions(cleo).items]


def test_the_years_figures_are_whole_for_everybody() -> None:
    """They are published, count every report and name none."""
    report_child_safety(make_listing())
    mona = make_moderator("Mona")
    with open_scope(scope_for(mona)), open_moderation_scope():
        figures = {(one.section, one.name): one.value for one in build_year_report(AT.year)}
    assert figures["notices_by_category", "child_safety"] == 1
    page = sign_in(mona).get(f"/moderation/transparency?year={AT.year}")
    assert page.status_code == 200


def test_a_key_needs_the_scope_of_the_lane() -> None:
    case, cleo = report_child_safety(make_listing()), make_specialist()
    narrow = ApiClient(cleo, scopes=["reviews:work"])
    assert narrow.get(f"reviews/cases/{case.pk}").status_code == 404
    wide = ApiClient(cleo, scopes=["reviews:work", "reviews:restricted"])
    found = wide.get(f"reviews/cases/{case.pk}").json()
    assert (found["id"], found["is_restricted"]) == (str(case.pk), True)


def test_the_role_is_one_besides_that_of_a_moderator() -> None:
    bob = UserFactory.create(display_name="Bob")
    with pytest.raises(InvalidInput) as caught:
        grant_staff_role(user=bob, role="child_safety", by=None, at=AT)
    assert (caught.value.code, StaffRole.objects.count()) == ("staff_role_needs_moderator", 0)
    grant_staff_role(user=bob, role="moderator", by=None, at=AT)
    grant_staff_role(user=bob, role="child_safety", by=None, at=AT)
    revoke_staff_role(user=bob, role="moderator", by=None, at=AT)
    assert not StaffRole.objects.exists()

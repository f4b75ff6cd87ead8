"""Enforcements, second approvals, and reversal by appeal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from core.errors import Conflict, Forbidden, IllegalTransition, NotFound
from core.models import AuditEvent
from marketplace.models import BuilderProfile, Listing
from reviews.models import Appeal, Case, Decision, Enforcement, Notice, Standing, Strike
from reviews.queries import list_payout_holds, submission_status
from reviews.queries.appeals import APPEAL_WINDOW
from reviews.services.appeals import file_appeal
from reviews.services.claims import claim_case
from reviews.services.enforcement import execute_enforcement, reverse_enforcement
from reviews.services.submissions import submit_version
from tests.support.factories.workspaces import UserFactory
from tests.support.reviews import (
    AT,
    decide,
    make_gpt,
    make_listed_gpt,
    make_listing,
    make_moderator,
    make_queued_case,
    make_report_case,
    quarantine,
)

pytestmark = pytest.mark.django_db


def test_an_overturned_quarantine_is_reversed_completely() -> None:
    listing, moderator = make_listing(), make_moderator("Milo")
    author = listing.publisher
    decision = quarantine(listing, moderator)
    listing.refresh_from_db()
    assert (listing.state, listing.gpt.__class__.objects.get(pk=listing.gpt_id).quarantined_at is None) == (
        "quarantined", False,
    )  # fmt: skip
    assert list_payout_holds([author.pk])[author.pk].decision_id == decision.pk
    assert Strike.objects.get(user=author).removed_at is None

    appeal = file_appeal(decision=decision, text="It never asked.", by=author, at=AT + timedelta(days=1))
    with pytest.raises(Forbidden):
        claim_case(case_id=appeal.case_id, by=moderator, at=AT)
    decide(
        appeal.case, make_moderator("Lea"), "overturn", reasoning="It does not.", at=AT + timedelta(days=2)
    )

    listing.refresh_from_db()
    appeal.refresh_from_db()
    assert (listing.state, appeal.state, submission_status(listing.gpt).state) == (
        "listed",
        "overturned",
        "live",
    )
    assert list_payout_holds([author.pk]) == {}
    assert Strike.objects.get(user=author).removed_at is not None
    assert set(decision.enforcements.values_list("state", flat=True)) == {"reversed"}


def test_only_the_builder_appeals_once_and_in_time() -> None:
    decision = quarantine(make_listing(), make_moderator("Milo"))
    author = decision.case.builder
    assert author is not None
    sent_at = Notice.objects.get(decision=decision, kind="statement_of_reasons").created_at
    with pytest.raises(NotFound):
        file_appeal(decision=decision, text="Let it.", by=UserFactory.create(display_name="Eve"), at=AT)
    with pytest.raises(Conflict) as caught:
        file_appeal(
            decision=decision, text="Late.", by=author, at=sent_at + APPEAL_WINDOW + timedelta(seconds=1)
        )
    assert (caught.value.code, Appeal.objects.count()) == ("appeal_too_late", 0)
    file_appeal(decision=decision, text="In time.", by=author, at=sent_at + APPEAL_WINDOW)
    with pytest.raises(Conflict) as caught:
        file_appeal(decision=decision, text="Again.", by=author, at=sent_at)
    assert (caught.value.code, Appeal.objects.count()) == ("appeal_twice", 1)


def test_taking_down_a_verified_listing_needs_a_second_approval() -> None:
    author, first, second = (
        UserFactory.create(display_name="Ann"),
        make_moderator("Mona"),
        make_moderator("Milo"),
    )
    BuilderProfile.objects.update_or_create(
        user=author,
        defaults={
            "handle": "ann-of-ulm", "display_name": "Ann", "verified_name_at": AT, "created_at": AT,
            "updated_at": AT,
        },
    )  # fmt: skip
    listing = Listing.objects.get(gpt=make_listed_gpt(author, second))
    case = make_report_case(listing)
    decision = decide(case, first, "delist", policies=("malware-phishing",), reasoning="Asks for passwords.")

    listing.refresh_from_db()
    case.refresh_from_db()
    assert (listing.state, case.state) == ("listed", "awaiting_second")
    assert not Notice.objects.filter(decision=decision).exists()
    approval = Case.objects.get(kind="second_approval")
    with pytest.raises(Forbidden) as caught:
        claim_case(case_id=approval.pk, by=first, at=AT)
    assert caught.value.data["why"] == "origin"

    decide(approval, second, "confirm")

    listing.refresh_from_db()
    case.refresh_from_db()
    assert (listing.state, case.state) == ("delisted", "closed")
    assert Enforcement.objects.get(decision=decision).released_by == second
    assert Notice.objects.filter(decision=decision, kind="statement_of_reasons").count() == 1


def test_a_decision_sent_back_is_cancelled_and_the_case_gets_another_round() -> None:
    author, first, second = (
        UserFactory.create(display_name="Ann"),
        make_moderator("Mona"),
        make_moderator("Milo"),
    )
    listing = Listing.objects.get(gpt=make_listed_gpt(author, second))
    case = make_report_case(listing)
    decide(case, first, "suspend_builder", policies=("malware-phishing",), reasoning="Again and again.")
    assert not Standing.objects.filter(user=author).exists()

    decide(Case.objects.get(kind="second_approval"), second, "send_back", reasoning="Once is not again.")

    case.refresh_from_db()
    listing.refresh_from_db()
    assert (case.state, case.round, listing.state) == ("queued", 2, "listed")
    assert set(Enforcement.objects.filter(decision__case=case).values_list("state", flat=True)) == {
        "cancelled"
    }
    decide(case, first, "no_violation")
    assert case.decisions.count() == 2


def test_a_suspended_builder_cannot_submit_and_all_listings_are_quarantined() -> None:
    author, first, second = (
        UserFactory.create(display_name="Ann"),
        make_moderator("Mona"),
        make_moderator("Milo"),
    )
    one, two = (Listing.objects.get(gpt=make_listed_gpt(author, second)) for _unused in range(2))
    decide(
        make_report_case(one),
        first,
        "suspend_builder",
        policies=("malware-phishing",),
        reasoning="Both steal.",
    )
    decide(Case.objects.get(kind="second_approval"), second, "confirm")
    assert set(Listing.objects.filter(publisher=author).values_list("state", flat=True)) == {"quarantined"}
    with pytest.raises(Forbidden) as caught:
        submit_version(gpt=make_gpt(author), note="", by=author, at=AT)
    assert caught.value.code == "builder_suspended"
    assert two.publisher == author


def test_an_enforcement_is_executed_and_reversed_at_most_once() -> None:
    decision = quarantine(make_listing(), make_moderator("Milo"))
    enforcement = decision.enforcements.get(kind="quarantine")
    with pytest.raises(IllegalTransition):
        execute_enforcement(enforcement, by=None, at=AT)
    reverse_enforcement(enforcement, by=make_moderator("Lea"), at=AT)
    with pytest.raises(IllegalTransition):
        reverse_enforcement(enforcement, by=None, at=AT)


@pytest.mark.parametrize(
    "statement", ["UPDATE reviews_decision SET reasoning = 'x'", "DELETE FROM reviews_decision"]
)
def test_decisions_cannot_be_changed_in_the_database(statement: str) -> None:
    decide(make_queued_case(make_gpt(UserFactory.create(display_name="Ann"))), make_moderator(), "approve")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Decision.objects.count() == 1


def test_every_step_of_a_case_is_one_audit_event_with_its_actor() -> None:
    moderator = make_moderator()
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    decide(case, moderator, "approve")
    events = AuditEvent.objects.filter(action__startswith="reviews.").order_by("id")
    assert [(event.action, str(event.actor or "")) for event in events] == [
        ("reviews.version_submitted", "Ann"),
        ("reviews.submission_checked", ""),
        ("reviews.case_claimed", "Mona"),
        ("reviews.case_decided", "Mona"),
    ]

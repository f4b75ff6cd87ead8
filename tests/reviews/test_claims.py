"""Claims: concurrency, the limit of three, expiry, and what a moderator with a stale page is told."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from core.errors import Conflict, Forbidden
from core.models import AuditEvent
from core.scope import system_scope
from reviews.api.cases import QueueView
from reviews.models import Case, Claim
from reviews.queries import QueueFilters, get_queue_page, list_queue
from reviews.services.claims import (
    claim_case,
    claim_next_case,
    escalate_case,
    expire_claims,
    release_claim,
    renew_claim,
    take_over_case,
)
from reviews.services.decisions import decide_case
from tests.support.factories.workspaces import UserFactory
from tests.support.reviews import AT, decide, make_gpt, make_moderator, make_queued_case
from workspaces.models import User

ROUNDS = 50


def race(*functions: object) -> list[object]:
    """Run the functions concurrently, each on its own thread and connection; return results or errors."""
    barrier = threading.Barrier(len(functions))
    results: list[object] = [None] * len(functions)

    def run(index: int, function: object) -> None:
        try:
            with system_scope("tests"):
                barrier.wait(timeout=10)
                results[index] = function()  # type: ignore[operator]
        except Exception as error:  # noqa: BLE001  # returned to the test
            results[index] = error
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(index, function)) for index, function in enumerate(functions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive(), "a thread still waits for a lock"
    return results


@pytest.mark.django_db(transaction=True)
def test_next_waits_for_a_case_whose_row_is_locked() -> None:
    """A report that locks the last waiting case must not make the queue look empty."""
    with system_scope("tests"):
        moderator = make_moderator("Mona")
        case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    holds, done = threading.Event(), threading.Event()

    def write() -> None:
        with system_scope("tests"):
            Case.objects.select_for_update().get(pk=case.pk)
            holds.set()
            done.wait(timeout=10)

    def ask() -> Claim | None:
        holds.wait(timeout=10)
        threading.Timer(0.2, done.set).start()
        return claim_next_case(by=moderator, at=AT)

    _unused, claim = race(write, ask)
    assert isinstance(claim, Claim), claim
    assert claim.case_id == case.pk


@pytest.mark.django_db(transaction=True)
def test_one_of_two_concurrent_claims_wins() -> None:
    with system_scope("tests"):
        first, second = make_moderator("Mona"), make_moderator("Milo")
        case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    for number in range(ROUNDS):
        at = AT + timedelta(hours=number)
        results = race(
            lambda at=at: claim_case(case_id=case.pk, by=first, at=at),
            lambda at=at: claim_case(case_id=case.pk, by=second, at=at),
        )
        won = [result for result in results if isinstance(result, Claim)]
        lost = [result for result in results if isinstance(result, Conflict)]
        assert (len(won), len(lost)) == (1, 1), results
        assert lost[0].data["claimed_by"] == str(won[0].moderator)
        with system_scope("tests"):
            release_claim(case_id=case.pk, token=won[0].token, by=won[0].moderator, at=at)


@pytest.mark.django_db(transaction=True)
def test_concurrent_calls_of_next_get_different_cases() -> None:
    with system_scope("tests"):
        first, second = make_moderator("Mona"), make_moderator("Milo")
        cases = [make_queued_case(make_gpt(UserFactory.create(display_name="Ann"))) for _unused in range(2)]
    for number in range(20):
        at = AT + timedelta(hours=number)
        one, two = race(
            lambda at=at: claim_next_case(by=first, at=at), lambda at=at: claim_next_case(by=second, at=at)
        )
        assert isinstance(one, Claim), one
        assert isinstance(two, Claim), two
        assert {one.case_id, two.case_id} == {case.pk for case in cases}
        with system_scope("tests"):
            for claim in (one, two):
                release_claim(case_id=claim.case_id, token=claim.token, by=claim.moderator, at=at)


@pytest.mark.django_db(transaction=True)
def test_concurrent_identical_decisions_are_one() -> None:
    with system_scope("tests"):
        moderator = make_moderator()
        case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
        claim = claim_case(case_id=case.pk, by=moderator, at=AT)
        case.refresh_from_db()

    def click() -> UUID:
        return decide_case(
            case_id=case.pk, claim_token=claim.token, row_version=case.row_version, outcome="approve",
            policy_codes=(), reasoning="", by=moderator, at=AT,
        ).pk  # fmt: skip

    one, two = race(click, click)
    assert one == two
    assert Case.objects.get(pk=case.pk).decisions.count() == 1


@pytest.mark.django_db
def test_a_fourth_live_claim_is_refused() -> None:
    moderator = make_moderator()
    cases = [make_queued_case(make_gpt(UserFactory.create(display_name="Ann"))) for _unused in range(4)]
    for case in cases[:3]:
        claim_case(case_id=case.pk, by=moderator, at=AT)
    with pytest.raises(Conflict) as caught:
        claim_case(case_id=cases[3].pk, by=moderator, at=AT)
    assert (caught.value.code, Claim.objects.count()) == ("too_many_claims", 3)
    # Expired claims do not count.
    claim_case(case_id=cases[3].pk, by=moderator, at=AT + timedelta(minutes=11))


@pytest.mark.django_db
def test_an_expired_claim_can_be_replaced_by_another_moderator() -> None:
    first, second = make_moderator("Mona"), make_moderator("Milo")
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    old = claim_case(case_id=case.pk, by=first, at=AT)
    late = AT + timedelta(minutes=10)

    new = claim_case(case_id=case.pk, by=second, at=late)

    assert new.moderator == second
    for act in (renew_claim, release_claim):
        with pytest.raises(Conflict) as caught:
            act(case_id=case.pk, token=old.token, by=first, at=late)
        assert (caught.value.code, caught.value.data["claimed_by"]) == ("claim_lost", "Milo")


@pytest.mark.django_db
def test_expired_claims_return_to_the_queue() -> None:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    claim_case(case_id=case.pk, by=make_moderator(), at=AT)
    assert expire_claims(at=AT + timedelta(minutes=9)) == 0
    assert expire_claims(at=AT + timedelta(minutes=10)) == 1
    case.refresh_from_db()
    assert (case.state, Claim.objects.count()) == ("queued", 0)
    assert AuditEvent.objects.filter(action="reviews.claim_expired", is_automated=True).count() == 1


@pytest.mark.django_db
def test_deciding_needs_the_live_claim_and_the_row_version() -> None:
    moderator = make_moderator()
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    claim = claim_case(case_id=case.pk, by=moderator, at=AT)
    case.refresh_from_db()

    def attempt(
        *, token: UUID = claim.token, version: int = case.row_version, at: datetime = AT, by: User = moderator
    ) -> Conflict:
        with pytest.raises(Conflict) as caught:
            decide_case(
                case_id=case.pk, claim_token=token, row_version=version, outcome="approve", policy_codes=(),
                reasoning="", by=by, at=at,
            )  # fmt: skip
        return caught.value

    assert attempt(version=case.row_version - 1).code == "case_changed"
    assert attempt(token=UUID(int=1)).code == "claim_lost"
    assert attempt(at=AT + timedelta(minutes=10)).code == "claim_lost"
    assert attempt(by=make_moderator("Milo")).data["claimed_by"] == "Mona"
    assert not case.decisions.exists()


@pytest.mark.django_db
def test_only_a_lead_takes_over_and_the_audit_event_names_the_colleague() -> None:
    first, second, lead = make_moderator("Mona"), make_moderator("Milo"), make_moderator("Lea", "operator")
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    old = claim_case(case_id=case.pk, by=first, at=AT)
    with pytest.raises(Forbidden):
        take_over_case(case_id=case.pk, reason="Slow.", by=second, at=AT)
    claim = take_over_case(case_id=case.pk, reason="Mona is ill.", by=lead, at=AT)
    event = AuditEvent.objects.get(action="reviews.case_taken_over")
    assert (claim.moderator, event.reason, event.data) == (lead, "Mona is ill.", {"from": first.pk})
    with pytest.raises(Conflict):
        renew_claim(case_id=case.pk, token=old.token, by=first, at=AT)


@pytest.mark.django_db
def test_next_skips_an_escalated_case_that_can_still_be_claimed() -> None:
    moderator = make_moderator()
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    claim = claim_case(case_id=case.pk, by=moderator, at=AT)
    escalate_case(case_id=case.pk, token=claim.token, reason="Ask legal.", by=moderator, at=AT)
    assert claim_next_case(by=moderator, at=AT) is None
    decide(case, moderator, "approve")
    case.refresh_from_db()
    assert (case.state, case.note) == ("closed", "Ask legal.")


@pytest.mark.django_db
def test_page_api_and_next_go_by_tier_then_due_time_then_risk() -> None:
    """What is overdue comes before what is risky, but not before child safety; pages of one case each."""
    moderator = make_moderator()
    cases = [make_queued_case(make_gpt(UserFactory.create(display_name="Ann"))) for _unused in range(5)]
    later, risky, overdue, longer, grave = cases
    changed: list[tuple[Case, dict[str, Any]]] = [
        (later, {"due_at": AT + timedelta(days=2)}),
        (risky, {"due_at": AT + timedelta(days=2), "risk": 900}),
        (overdue, {"due_at": AT - timedelta(hours=1)}),
        (longer, {"due_at": AT - timedelta(days=3)}),
        (grave, {"due_at": AT + timedelta(days=9), "tier": 0}),
    ]
    for case, changes in changed:
        Case.objects.filter(pk=case.pk).update(**changes)
    expected = [case.pk for case in (grave, longer, overdue, risky, later)]

    shown, cursor = [], ""
    for _unused in cases:
        page = get_queue_page(moderator, filters=QueueFilters(), at=AT, cursor=cursor, size=1)
        shown.append(page.items[0].pk)
        cursor = page.next_cursor
    assert (shown, cursor) == (expected, "")
    rows = list_queue(moderator, filters=QueueFilters(), at=AT)
    assert [case.pk for case in rows.order_by(*QueueView.ordering)] == expected

    taken = [claim_next_case(by=moderator, at=AT) for _unused in range(3)]
    assert [claim.case_id for claim in taken if claim] == expected[:3]

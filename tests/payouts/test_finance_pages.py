"""Finance's pages of periods, batches and payout accounts: what they show and every action on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.periods import Period
from payouts.models import (
    AccountingPeriod,
    Batch,
    CloseRun,
    JournalEntry,
    Payout,
    PayoutAccount,
    UsageVerdict,
)
from payouts.services import close_period, exclude_event, open_period, propose_batch, roll_up, start_close
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.metering import UsageEventFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.jobs import take_jobs
from tests.support.pages import sign_in
from tests.support.payouts import (
    CLOSING,
    PERIOD,
    close_march,
    create_exported_payout,
    create_uses,
    create_verified_account,
    get_available,
)
from workspaces.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maker() -> User:
    return FinanceUserFactory.create(display_name="Maker")


@pytest.fixture
def checker() -> User:
    return FinanceUserFactory.create(display_name="Checker")


@pytest.fixture
def creator() -> User:
    return UserFactory.create(display_name="Creator")


def earn(creator: User, maker: User, checker: User) -> None:
    """Close March with 14.40 USD available for ``creator``."""
    create_uses(GPTFactory.create(owner=creator), UserFactory.create(display_name="Visitor"), 600)
    close_march(maker=maker, checker=checker)


def post(client: Client, path: str, body: dict[str, Any] | None = None) -> str:
    """Post, follow the redirect and return the page."""
    answer: HttpResponse = client.post(path, body or {}, follow=True)  # type: ignore[assignment]  # a test response
    assert answer.status_code == 200
    return answer.content.decode()


def test_finance_home_leads_to_the_periods(maker: User) -> None:
    answer = sign_in(maker).get("/finance/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/finance/periods")


def test_period_page_shows_when_the_current_month_can_be_closed(maker: User) -> None:
    month = Period.containing(timezone.now())
    closable: datetime = open_period(month, at=timezone.now()).closable_at

    page = sign_in(maker).get(f"/finance/periods/{month}").content.decode()

    assert f"Can be closed from {closable:%Y-%m-%d %H:%M} UTC." in page


def test_period_page_shows_rollup_figures_before_the_first_run(maker: User, creator: User) -> None:
    UsageEventFactory.create(gpt=GPTFactory.create(owner=creator), user=creator)
    roll_up(at=CLOSING)

    page = sign_in(maker).get("/finance/periods/2026-03").content.decode()

    assert "Ready to be closed." in page
    assert "Own use" in page


def test_close_is_started_and_rejected_on_the_page(maker: User, checker: User, creator: User) -> None:
    UsageEventFactory.create(gpt=GPTFactory.create(owner=creator), user=UserFactory.create())
    open_period(PERIOD, at=CLOSING)

    unconfirmed = post(sign_in(maker), "/finance/periods/2026-03/start", {"confirmation": "2026"})
    assert ("Nothing was done" in unconfirmed, CloseRun.objects.exists()) == (True, False)

    started = post(sign_in(maker), "/finance/periods/2026-03/start", {"confirmation": "2026-03"})
    assert "The close of 2026-03 has started." in started
    assert "A worker is calculating." in started
    first = CloseRun.objects.get()
    close_period(period=PERIOD, by=maker, at=CLOSING)

    unexplained = post(sign_in(checker), "/finance/periods/2026-03/reject", {"reason": " "})
    assert AccountingPeriod.objects.get(month="2026-03").state == "review"
    rejected = post(sign_in(checker), "/finance/periods/2026-03/reject", {"reason": "Wrong figures"})
    assert ("is being calculated" in unexplained, "Run 2 is being calculated" in rejected) == (False, True)
    second = CloseRun.objects.get(number=2)
    assert [job for job in take_jobs() if job[0].startswith("payouts.")] == [
        ("payouts.calculate_close", {"run_id": run.pk}) for run in (first, second)
    ]


def test_a_calculation_is_broken_off_on_the_page(maker: User, checker: User) -> None:
    post(sign_in(maker), "/finance/periods/2026-03/start", {"confirmation": "2026-03"})

    post(sign_in(checker), "/finance/periods/2026-03/cancel", {"reason": " "})
    assert AccountingPeriod.objects.get(month="2026-03").state == "calculating"
    page = post(sign_in(checker), "/finance/periods/2026-03/cancel", {"reason": "The worker is gone"})

    assert "The calculation of 2026-03 is broken off." in page
    assert AccountingPeriod.objects.get(month="2026-03").state == "grace"


def test_calculated_run_waits_for_review_on_the_page(maker: User, checker: User) -> None:
    close_period(period=PERIOD, by=maker, at=CLOSING)

    own = sign_in(maker).get("/finance/periods/2026-03").content.decode()
    others = sign_in(checker).get("/finance/periods/2026-03").content.decode()

    assert ("/approve" in own, "/approve" in others) == (False, True)


def test_single_use_is_excluded_on_the_page(maker: User, creator: User) -> None:
    gpt = GPTFactory.create(owner=creator)
    event = UsageEventFactory.create(gpt=gpt, user=UserFactory.create())
    roll_up(at=CLOSING)
    path = f"/finance/periods/2026-03/payees/{creator.pk}/gpts/{gpt.pk}"

    for wrong in ("", "not a number", str(uuid4())):
        assert sign_in(maker).post(f"{path}/exclude", {"event": wrong, "reason": "Fraud"}).status_code == 404
    post(sign_in(maker), f"{path}/exclude", {"event": str(event.event_id), "reason": " "})
    assert not UsageVerdict.objects.exists()

    page = post(sign_in(maker), f"{path}/exclude", {"event": str(event.event_id), "reason": "Bought clicks"})

    assert "Excluded. The next calculation leaves it out." in page
    verdict = UsageVerdict.objects.get()
    assert (verdict.event_id, verdict.verdict, verdict.made_by_id) == (event.event_id, "fraud", maker.pk)


def test_uses_show_who_how_much_and_what_can_be_excluded(maker: User, checker: User, creator: User) -> None:
    gpt = GPTFactory.create(owner=creator, name="Letter desk")
    visitor = UserFactory.create(display_name="Ada Visitor")
    paid = UsageEventFactory.create(gpt=gpt, user=visitor)
    short = UsageEventFactory.create(gpt=gpt, user=visitor, output_tokens=3)
    fraud = UsageEventFactory.create(gpt=gpt, user=UserFactory.create(display_name="Bot"))
    roll_up(at=CLOSING)
    exclude_event(event_id=fraud.event_id, by=maker, at=CLOSING, reason="Bought clicks")
    path = f"/finance/periods/2026-03/payees/{creator.pk}/gpts/{gpt.pk}"

    def read() -> dict[str, tuple[Any, ...]]:
        uses = sign_in(maker).get(path).context["page"].uses
        return {
            str(use.event_id): (
                use.user_name,
                use.amount_micros,
                [(rate.unit, rate.micros) for rate in use.rates],
                use.obstacle,
            )
            for use in uses
        }

    rates = [("conversation", 20_000), ("message", 4_000)]
    unpaid = "Not paid, so there is nothing to exclude."
    assert read() == {
        str(paid.event_id): ("Ada Visitor", 24_000, rates, ""),
        str(short.event_id): ("Ada Visitor", 0, [], unpaid),
        str(fraud.event_id): ("Bot", 0, [], "Already excluded."),
    }
    page = sign_in(maker).get(path).content.decode()
    assert (page.count("Exclude this use"), page.count("$0.0240")) == (1, 1)
    assert f'<a href="/finance/periods/2026-03/payees/{visitor.pk}">Ada Visitor</a>' in page

    close_march(maker=maker, checker=checker)

    closed = "2026-03 is closed; what was paid can only be taken back in the open month."
    assert read()[str(paid.event_id)] == ("Ada Visitor", 24_000, rates, closed)
    page = sign_in(maker).get(path).content.decode()
    assert ("Exclude this use" in page, "Letter desk" in page, closed in page) == (False, True, True)


def test_the_list_of_uses_has_a_constant_number_of_queries(maker: User, creator: User) -> None:
    gpt = GPTFactory.create(owner=creator)
    client, path = sign_in(maker), f"/finance/periods/2026-03/payees/{creator.pk}/gpts/{gpt.pk}"
    counts = []
    for new in (1, 2):
        for _visitor in range(new):
            UsageEventFactory.create(gpt=gpt, user=UserFactory.create())
        roll_up(at=CLOSING)
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(path).context["page"]
        counts.append((len(page.uses), len(queries)))

    assert [uses for uses, _queries in counts] == [1, 3]
    assert counts[0][1] == counts[1][1]


def test_use_list_is_paginated(maker: User, creator: User) -> None:
    gpt = GPTFactory.create(owner=creator)
    create_uses(gpt, UserFactory.create(), 51)
    roll_up(at=CLOSING)
    client, path = sign_in(maker), f"/finance/periods/2026-03/payees/{creator.pk}/gpts/{gpt.pk}"

    first = client.get(path)
    second = client.get(path, {"after": first.context["page"].following})
    nonsense = client.get(path, {"after": "nonsense"})

    assert [len(page.context["page"].uses) for page in (first, second, nonsense)] == [50, 1, 50]
    assert second.context["page"].following == ""


def test_batch_is_cancelled_on_the_page(maker: User, checker: User, creator: User) -> None:
    earn(creator, maker, checker)
    create_verified_account(creator, by=maker)
    batch = propose_batch(currency="USD", by=maker, at=CLOSING)

    post(sign_in(checker), f"/finance/batches/{batch.pk}/cancel", {"reason": " "})
    assert Batch.objects.get().state == "draft"
    page = post(sign_in(checker), f"/finance/batches/{batch.pk}/cancel", {"reason": "Wrong day"})

    assert f"Batch {batch.pk} is cancelled." in page
    assert (Batch.objects.get().state, Payout.objects.get().reason) == ("cancelled", "Wrong day")


def test_bank_accepts_or_rejects_the_file_on_the_page(maker: User, checker: User, creator: User) -> None:
    earn(creator, maker, checker)
    create_verified_account(creator, by=maker)
    batch = create_exported_payout(maker=maker, checker=checker).batch

    rejected = post(sign_in(maker), f"/finance/batches/{batch.pk}/reject", {"reason": "Wrong format"})
    refused = post(sign_in(maker), f"/finance/batches/{batch.pk}/accept")
    assert "the bank refused the file" in rejected
    assert "Load the page again" in refused
    assert (Batch.objects.get().state, get_available(creator)) == ("rejected", 1440)
    # The sums of a batch that the bank refused stay: what was in the file is a question that comes up.
    assert "1 payout, $14.40" in rejected
    assert "$14.40" in sign_in(maker).get("/finance/batches").content.decode()

    second = create_exported_payout(maker=maker, checker=checker).batch
    assert "the bank took the file" in post(sign_in(maker), f"/finance/batches/{second.pk}/accept")
    assert Batch.objects.get(pk=second.pk).state == "accepted"


def test_results_of_single_payouts_are_recorded_on_the_page(
    maker: User, checker: User, creator: User
) -> None:
    earn(creator, maker, checker)
    create_verified_account(creator, by=maker)
    client = sign_in(maker)

    failed = create_exported_payout(maker=maker, checker=checker)
    body = {"payout": failed.pk, "outcome": "failed", "reason": "Account closed"}
    assert client.post(f"/finance/batches/{failed.batch_id + 1}/payouts", body).status_code == 404
    for number in ("", "x", "9" * 30):
        wrong = body | {"payout": number}
        assert client.post(f"/finance/batches/{failed.batch_id}/payouts", wrong).status_code == 404
    assert Payout.objects.get().state == "exported"
    assert f"Payout {failed.pk} is updated." in post(
        client, f"/finance/batches/{failed.batch_id}/payouts", body
    )

    returned = create_exported_payout(maker=maker, checker=checker)
    path, body = f"/finance/batches/{returned.batch_id}/payouts", {"payout": returned.pk}
    post(client, path, body | {"outcome": "paid", "bank_reference": "B-1"})
    post(client, path, body | {"outcome": "returned", "bank_reference": "B-2", "reason": "R03"})

    states = list(Payout.objects.order_by("pk").values_list("state", "reason"))
    assert states == [("failed", "Account closed"), ("returned", "R03")]
    assert get_available(creator) == 1440


def test_payout_account_is_verified_held_and_released_on_the_page(
    maker: User, checker: User, creator: User
) -> None:
    earn(creator, maker, checker)
    account = create_verified_account(creator, by=maker)
    PayoutAccount.objects.update(verified_at=None, verified_by=None)
    client, body = sign_in(maker), {"account": account.pk}

    assert "Account not checked yet" in client.get("/finance/batches").content.decode()
    for number in ("", "x", "9" * 30, "999999"):
        assert client.post("/finance/accounts", {"account": number, "act": "verify"}).status_code == 404
    assert "The account of Creator is updated." in post(client, "/finance/accounts", body | {"act": "verify"})
    assert PayoutAccount.objects.get().verified_by == maker
    held = post(client, "/finance/accounts", body | {"act": "hold", "reason": "Investigation"})
    assert "Investigation" in held
    assert PayoutAccount.objects.get().held_at is not None
    post(client, "/finance/accounts", body | {"act": "release", "reason": "Cleared"})
    assert PayoutAccount.objects.get().held_at is None


def test_ledger_pages_filter_by_name_account_and_month(maker: User, checker: User, creator: User) -> None:
    earn(creator, maker, checker)
    client, pool = sign_in(maker), "Liabilities:Pool:2026-03"

    accounts = client.get("/finance/ledger", {"q": "pool"}).context["page"].items
    entries = client.get("/finance/ledger/entries", {"account": pool}).context["page"].items
    other_month = client.get("/finance/ledger/entries", {"month": "2026-02"}).context["page"].items

    assert [account.name for account in accounts] == [pool]
    assert sorted(entry.kind for entry in entries) == ["alloc", "fund"]
    assert (other_month, JournalEntry.objects.count()) == ([], 3)


def test_statement_list_filters_by_month_and_name(maker: User, checker: User, creator: User) -> None:
    earn(creator, maker, checker)
    client = sign_in(maker)

    found = [
        len(client.get("/finance/statements", query).context["page"].items)
        for query in ({}, {"month": "2026-03", "q": "creat"}, {"month": "2026-02"}, {"q": "nobody"})
    ]

    assert found == [1, 1, 0, 0]


def test_started_close_is_shown_with_its_steps(maker: User) -> None:
    start_close(period=PERIOD, by=maker, at=CLOSING)

    steps = sign_in(maker).get("/finance/periods/2026-03").context["steps"]

    assert [(step["state"], step["by"], step["at"]) for step in steps] == [
        ("done", "Automatic", CLOSING), ("done", "Maker", CLOSING), ("current", "", None), ("todo", "", None),
        ("todo", "", None),
    ]  # fmt: skip

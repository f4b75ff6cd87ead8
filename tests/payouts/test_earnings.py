"""A creator's earnings: balances, and estimates of months that are not closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from payouts.models import RateCard, RateCardLine
from payouts.queries import get_earnings
from payouts.services import close_period, roll_up
from tests.support.api_client import ApiClient
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.metering import UsageEventFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.pages import sign_in
from tests.support.payouts import (
    CLOSING,
    PERIOD,
    close_march,
    create_uses,
    create_verified_account,
)
from tests.support.reauthentication import confirm_identity
from tests.support.times import MARCH
from workspaces.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def creator() -> User:
    return UserFactory.create(display_name="Creator")


def use_two_gpts(creator: User) -> tuple[int, int]:
    """Roll up three paid answers of one GPT, one of another, and two unpaid ones; return the GPTs' ids."""
    visitor = UserFactory.create()
    planner = GPTFactory.create(owner=creator, name="Planner")
    writer = GPTFactory.create(owner=creator, name="Writer")
    for minute in (1, 3, 7):
        UsageEventFactory.create(gpt=planner, user=visitor, at=MARCH + timedelta(minutes=minute))
    UsageEventFactory.create(gpt=writer, user=visitor, at=MARCH + timedelta(days=1))
    UsageEventFactory.create(gpt=writer, user=creator)
    UsageEventFactory.create(gpt=writer, user=visitor, output_tokens=1)
    roll_up(at=CLOSING)
    return planner.pk, writer.pk


def test_estimate_equals_the_calculated_close(creator: User) -> None:
    planner, writer = use_two_gpts(creator)

    earnings = get_earnings(creator, at=CLOSING)

    (estimate,) = earnings.estimates
    # Four conversations of one answer each: 4 x (0.02 + 0.004) USD, in whole cents.
    assert (estimate.month, estimate.amount_minor, earnings.estimate_minor) == ("2026-03", 10, 10)
    assert [(gpt.gpt_id, gpt.name, gpt.messages, gpt.unpaid, gpt.amount_minor) for gpt in estimate.gpts] == [
        (planner, "Planner", 3, 0, 7), (writer, "Writer", 1, 2, 3),
    ]  # fmt: skip
    assert {row.label: row.messages for row in estimate.unpaid} == {"Own use": 1, "Answer too short": 1}
    assert (estimate.chart, estimate.qualified) == ([("10 Mar", 3), ("11 Mar", 1)], 4)
    run = close_period(period=PERIOD, by=FinanceUserFactory.create(), at=CLOSING)
    assert run.pool_minor == estimate.amount_minor


def test_estimate_of_a_pool_has_counts_and_no_amount(creator: User) -> None:
    card = RateCard.objects.create(
        version=2,
        currency="USD",
        first_month="2026-03",
        rule="pro_rata_pool",
        pool_minor=1000,
        created_at=MARCH,
    )  # fmt: skip
    use_two_gpts(creator)

    earnings = get_earnings(creator, at=CLOSING)

    (estimate,) = earnings.estimates
    assert (estimate.amount_minor, estimate.qualified, earnings.estimate_minor) == (None, 4, 0)
    assert [(gpt.name, gpt.messages, gpt.amount_minor) for gpt in estimate.gpts] == [
        ("Planner", 3, None), ("Writer", 1, None),
    ]  # fmt: skip
    assert not RateCardLine.objects.filter(rate_card=card).exists()
    assert sign_in(creator).get("/earnings/").status_code == 200


def test_estimates_leave_out_closed_months_and_other_creators(creator: User) -> None:
    maker, checker = FinanceUserFactory.create(), FinanceUserFactory.create()
    use_two_gpts(creator)
    close_march(maker=maker, checker=checker)

    earnings = get_earnings(creator, at=CLOSING)

    assert (earnings.estimates, earnings.issued_minor, earnings.available_minor) == ([], 10, 10)
    assert get_earnings(maker, at=CLOSING).estimates == []


def test_api_returns_the_estimate(creator: User) -> None:
    planner, writer = use_two_gpts(creator)

    body = ApiClient(creator, scopes=("usage:read",)).get("earnings").json()

    zero = {"minor": 0, "currency": "USD", "amount": "0.00"}
    assert body == {
        "pending": zero, "available": zero, "on_its_way": zero, "paid": zero, "issued": zero,
        "holds": [],
        "estimates": [{
            "month": "2026-03", "is_estimate": True,
            "amount": {"minor": 10, "currency": "USD", "amount": "0.10"}, "rate_card": 1, "qualified": 4,
            "estimated_answers": 0, "not_paid": {"self_use": 1, "too_short": 1},
            "gpts": [
                {"gpt_id": planner, "name": "Planner", "conversations": 3, "messages": 3, "not_paid": 0,
                 "amount_minor": 7},
                {"gpt_id": writer, "name": "Writer", "conversations": 1, "messages": 1, "not_paid": 2,
                 "amount_minor": 3},
            ],
        }],
    }  # fmt: skip


def test_api_estimate_of_a_pool_has_no_amount(creator: User) -> None:
    RateCard.objects.create(
        version=2,
        currency="USD",
        first_month="2026-03",
        rule="pro_rata_pool",
        pool_minor=1000,
        created_at=MARCH,
    )  # fmt: skip
    use_two_gpts(creator)

    (estimate,) = ApiClient(creator, scopes=("usage:read",)).get("earnings").json()["estimates"]

    assert (estimate["amount"], estimate["qualified"]) == (None, 4)


def test_earnings_page_shows_the_estimate_and_the_payout_account(creator: User) -> None:
    use_two_gpts(creator)
    create_verified_account(creator, by=FinanceUserFactory.create(), iban="DE89370400440532013000")

    page = sign_in(creator).get("/earnings/").content.decode()

    assert "Planner" in page
    assert "$0.10" in page
    assert "3000" in page
    assert "0532013" not in page


def test_account_form_of_people_without_a_password(creator: User) -> None:
    """They have nothing to enter again, so they must have signed in lately."""
    creator.set_unusable_password()
    creator.save()
    client = sign_in(creator)
    body = {"legal_name": "Ada", "country": "DE", "method": "manual", "minimum": "12.50"}

    refused = client.post("/earnings/account", body)
    confirm_identity(client, creator)
    saved = client.post("/earnings/account", body)
    again = client.get("/earnings/account").context["form"]

    assert (refused.status_code, saved.status_code) == (403, 302)
    assert {name: str(value) for name, value in again.initial.items()} == body


def test_account_form_offers_to_keep_the_stored_iban(creator: User) -> None:
    create_verified_account(creator, by=FinanceUserFactory.create(), iban="DE89370400440532013000")

    form = confirm_identity(sign_in(creator), creator).get("/earnings/account").context["form"]

    assert "3000" in str(form.fields["iban"].help_text)


def test_uses_of_others_do_not_change_an_estimate(creator: User) -> None:
    use_two_gpts(creator)
    before = get_earnings(creator, at=CLOSING)
    create_uses(GPTFactory.create(), UserFactory.create(), 30)
    roll_up(at=CLOSING)

    assert get_earnings(creator, at=CLOSING) == before

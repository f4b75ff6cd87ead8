"""Rows for tests of money: people, GPTs, usage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from django.db import connection

from core.ids import uuid7, uuid7_time
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.metering.models import UsageEvent
from payouts.models import PayoutAccount
from payouts.services import save_payout_account, verify_payout_account
from workspaces.models import User
from workspaces.services.staff import grant_staff_role
from workspaces.services.users import create_user

_numbers = count(1)
MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)
# March can be closed from the end of its grace on.
CLOSING = datetime(2026, 4, 4, 9, tzinfo=UTC)


def make_user(name: str = "Someone", **fields: Any) -> User:
    return create_user(
        email=f"{name.lower().replace(' ', '-')}-{next(_numbers)}@example.test",
        display_name=name,
        at=MARCH - timedelta(days=60),
        password="correct horse battery",
        is_email_verified=True,
        **fields,
    )


def make_finance(name: str = "Fina") -> User:
    user = make_user(name)
    grant_staff_role(user=user, role="finance", by=None, at=MARCH)
    return user


def make_gpt(owner: User, name: str = "Trip Planner", category: str = "lifestyle") -> GPT:
    return GPT.objects.create(
        workspace=owner.personal_workspace,
        owner=owner,
        slug=f"gpt-{next(_numbers)}",
        name=name,
        category=category,
        created_at=MARCH,
        updated_at=MARCH,
    )


def use(
    gpt: GPT,
    user: User,
    *,
    at: datetime = MARCH,
    received_at: datetime | None = None,
    conversation: UUID | None = None,
    output_tokens: int = 100,
    **fields: Any,
) -> UsageEvent:
    """Append one metered turn of ``user`` with ``gpt``, as the chat does."""
    event = turn(gpt, user, at=at, received_at=received_at, conversation=conversation,
                 output_tokens=output_tokens, **fields)  # fmt: skip
    event.save(force_insert=True)
    return event


def use_often(gpt: GPT, user: User, count: int) -> None:
    """Append so many uses in conversations of their own, at an irregular pace over 28 days of March."""
    first = MARCH.replace(day=1)
    UsageEvent.objects.bulk_create(
        turn(gpt, user, at=first + timedelta(days=number % 28, seconds=(number * number * 37) % 40_000))
        for number in range(count)
    )


def turn(
    gpt: GPT,
    user: User,
    *,
    at: datetime = MARCH,
    received_at: datetime | None = None,
    conversation: UUID | None = None,
    output_tokens: int = 100,
    **fields: Any,
) -> UsageEvent:
    event_id = uuid7(at)
    moment = uuid7_time(event_id)
    return UsageEvent(
        event_id=event_id,
        workspace_id=fields.pop("workspace_id", user.personal_workspace.pk),
        user_id=user.pk,
        gpt_id=gpt.pk,
        gpt_workspace_id=gpt.workspace_id,
        version_id=fields.pop("version_id", None),
        payee_id=fields.pop("payee_id", gpt.owner_id),
        conversation_id=conversation or uuid7(at),
        occurred_at=moment,
        received_at=received_at or moment,
        input_tokens=fields.pop("input_tokens", 40),
        output_tokens=output_tokens,
        cost_micros=0,
        model_name="offline",
        price_version="",
        is_paid_user=fields.pop("is_paid_user", True),
        outcome=fields.pop("outcome", "finished"),
        source="web",
        payload_hash="0" * 64,
        **fields,
    )


def check_deferred() -> None:
    """Let deferred constraints speak now, inside a test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def make_payable(
    payee: User, *, by: User, legal_name: str = "Creator Legal", iban: str = ""
) -> PayoutAccount:
    """Give ``payee`` a checked payout account that has cooled off before CLOSING."""
    with system_scope("tests"):
        account = save_payout_account(
            payee=payee,
            legal_name=legal_name,
            country="DE",
            method="iban" if iban else "manual",
            iban=iban,
            minimum_minor=0,
            by=payee,
            at=MARCH,
        )
        return verify_payout_account(account_id=account.pk, by=by, at=MARCH)

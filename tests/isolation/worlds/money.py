"""A closed month, statements, payout accounts, and a batch in each state that finance works on."""

from __future__ import annotations

from time import sleep
from typing import Any

from django.db import connection

from core.periods import Period
from core.scope import system_scope
from gpts.metering.models import UsageEvent
from payouts.models import JournalEntry, PayoutAccount, Statement
from payouts.services import approve_batch, approve_close, close_period, export_batch, propose_batch
from tests.support.factories.gpts import GPTFactory
from tests.support.payouts import CLOSING, create_uses, create_verified_account

MARCH = Period(2026, 3)
SECRET_NAME_ON_ACCOUNT = "Creator Legal Halvorsen"


def build(world: Any) -> None:
    people = world.people
    with system_scope("tests"):
        for name in ("owner", "second", "third"):
            gpt = world.gpts["listed"] if name == "owner" else _get_gpt(people[name])
            world.gpts.setdefault(name, gpt)
            create_uses(gpt, people["reader"], 600)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
            (written,) = cursor.fetchone()
    _wait_for_others(written)
    with system_scope("tests"):
        close_period(period=MARCH, by=people["finance2"], at=CLOSING)
        approve_close(period=MARCH, by=people["finance"], at=CLOSING)
        batches = {}
        for name, steps in (("owner", 3), ("second", 2), ("third", 1)):
            create_verified_account(people[name], by=people["finance2"], legal_name=SECRET_NAME_ON_ACCOUNT)
            # Proposed by another person, as nobody may approve their own batch.
            batch = propose_batch(currency="USD", by=people["finance2"], at=CLOSING)
            if steps > 1:
                approve_batch(batch_id=batch.pk, by=people["finance"], at=CLOSING)
            if steps > 2:
                export_batch(batch_id=batch.pk, format="csv", by=people["finance2"], at=CLOSING)
            batches[name] = batch
    with system_scope("tests"):
        statement = Statement.objects.get(payee=people["owner"])
        line = statement.lines.first()
        assert line is not None
        world.ids |= {
            "statement": statement.pk, "event": _an_event(people["owner"]),
            "payee": people["owner"].pk, "used_gpt": line.gpt_id,
            "exported_batch": batches["owner"].pk, "approved_batch": batches["second"].pk,
            "draft_batch": batches["third"].pk, "payout": batches["owner"].payouts.get().pk,
            "payout_account": PayoutAccount.objects.get(payee=people["owner"]).pk,
            "entry": JournalEntry.objects.earliest("pk").pk,
        }  # fmt: skip


def _get_gpt(person: Any) -> Any:
    return GPTFactory.create(owner=person, name=f"Thing of {person}")


def _an_event(payee: Any) -> Any:
    return UsageEvent.objects.filter(payee_id=payee.pk).earliest("event_id").event_id


def _wait_for_others(written: str) -> None:
    """The close reads usage up to the oldest transaction in flight, also those of other databases' tests."""
    for _attempt in range(1_800):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::xid8", [str(written)])
            if cursor.fetchone()[0]:
                return
        sleep(0.1)
    raise TimeoutError("Another test keeps a transaction open for three minutes.")

"""Our functions read our schema only, and no role of a process may create temporary tables."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg import sql

from core.migration_operations import SEARCH_PATH
from payouts.models import AccountingPeriod, JournalEntry, Posting
from payouts.services import verify_ledger
from payouts.services.ledger import AccountName, EntryDraft, post_entries
from payouts.states import EntryKind
from tests.support.factories.workspaces import FinanceUserFactory
from tests.support.payouts import CLOSING, close_march
from tests.support.servers import servers
from tests.support.times import MARCH

PROCESSES = ["loggia_app", "loggia_worker", "loggia_public"]


@pytest.mark.django_db
def test_every_function_has_our_search_path_with_temporary_tables_last() -> None:
    """A function without one looks names up among the caller's temporary tables first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.oid::regprocedure::text, p.proconfig FROM pg_proc p
            WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
              SELECT 1 FROM pg_depend d
              WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
            """
        )
        found = dict(cursor.fetchall())
    assert {"payouts_check_entry()", "loggia_is_system()", "loggia_audit_link()"} <= found.keys()
    wanted = [f"search_path={SEARCH_PATH}"]
    assert {name: path for name, path in found.items() if path != wanted} == {}


@pytest.mark.django_db
def test_processes_may_connect_and_may_not_create_temporary_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT role, has_database_privilege(role, current_database(), 'CONNECT'),"
            " has_database_privilege(role, current_database(), 'TEMPORARY'),"
            " has_database_privilege(role, current_database(), 'CREATE')"
            " FROM unnest(%s::text[]) AS role",
            [PROCESSES],
        )
        rows = cursor.fetchall()
    assert rows == [
        ("loggia_app", True, False, False),
        ("loggia_worker", True, False, False),
        ("loggia_public", False, False, False),
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ["app", "worker"])
def test_a_temporary_table_cannot_be_created(role: str) -> None:
    with (
        psycopg.connect(servers.url(role, settings.DATABASE_NAME)) as raw,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        raw.execute("CREATE TEMPORARY TABLE payouts_posting (entry_id bigint)")


@pytest.fixture
def with_temporary_tables(transactional_db: None) -> None:
    """The web service's role with the right to temporary tables, as in a database that was set up badly."""
    with psycopg.connect(**servers.postgres.superuser(), autocommit=True) as superuser:
        superuser.execute(
            sql.SQL("GRANT TEMPORARY ON DATABASE {} TO loggia_app").format(
                sql.Identifier(settings.DATABASE_NAME)
            )
        )


SHADOWS = (
    "CREATE TEMPORARY TABLE payouts_posting AS TABLE public.payouts_posting WITH NO DATA",
    "CREATE TEMPORARY TABLE payouts_accountingperiod AS TABLE public.payouts_accountingperiod WITH NO DATA",
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("month", "reason"), [("2026-03", "2026-03 is closed"), ("2026-04", "not balance")])
def test_shadowing_tables_let_no_entry_pass_the_checks_of_the_ledger(
    with_temporary_tables: None, month: str, reason: str
) -> None:
    """Temporary tables that look balanced and open stand before the real ones in the attacker's session."""
    checker = FinanceUserFactory.create()
    close_march(maker=FinanceUserFactory.create(), checker=checker)
    draft = EntryDraft(
        EntryKind.BANK,
        "real",
        "x",
        "USD",
        [(AccountName("Assets:Bank:Main"), 5), (AccountName("Expenses:RevenueShare:2026-04"), -5)],
    )
    post_entries([draft], by=checker, at=CLOSING)
    period = AccountingPeriod.objects.get(month=month)
    account_id = Posting.objects.filter(amount_minor=5).get().account_id
    before = (JournalEntry.objects.count(), Posting.objects.count())
    with psycopg.connect(servers.url("app", settings.DATABASE_NAME)) as raw:
        raw.execute(
            "SELECT set_config('loggia.user_id', %s, true), set_config('loggia.staff', '{finance}', true)",
            [str(checker.pk)],
        )
        for statement in SHADOWS:
            raw.execute(statement)
        entry_id = _insert_entry(raw, period.pk)
        # Into the closed month an entry that balances, into the open one an entry that does not.
        for amount in (700, -700) if month == "2026-03" else (700,):
            raw.execute(
                "INSERT INTO public.payouts_posting (entry_id, account_id, amount_minor, currency)"
                " VALUES (%s, %s, %s, 'USD')",
                [entry_id, account_id, amount],
            )
        raw.execute(
            "INSERT INTO pg_temp.payouts_posting (id, entry_id, account_id, amount_minor, currency)"
            " VALUES (1, %s, %s, 700, 'USD'), (2, %s, %s, -700, 'USD')",
            [entry_id, account_id, entry_id, account_id],
        )
        raw.execute(
            "INSERT INTO pg_temp.payouts_accountingperiod (id, month, state) VALUES (%s, %s, 'open')",
            [period.pk, month],
        )
        with pytest.raises(psycopg.errors.CheckViolation, match=reason):
            raw.execute("SET CONSTRAINTS ALL IMMEDIATE")
        raw.rollback()
    assert (JournalEntry.objects.count(), Posting.objects.count()) == before
    assert verify_ledger() == []


def _insert_entry(raw: psycopg.Connection[Any], period_id: int) -> int:
    row = raw.execute(
        "INSERT INTO public.payouts_journalentry (kind, idempotency_key, period_id, description, happened_at)"
        " VALUES ('bank', 'forged', %s, 'x', %s) RETURNING id",
        [period_id, MARCH],
    ).fetchone()
    assert row is not None
    return int(row[0])

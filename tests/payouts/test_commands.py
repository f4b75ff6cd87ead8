"""Management commands of payouts, run as an operator would."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.scope import system_scope
from payouts.models import AccountingPeriod, Batch, CloseRun, Statement, UsageRollup
from payouts.services import approve_batch, propose_batch
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.metering import UsageEventFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.payouts import CLOSING, close_march, create_uses, create_verified_account
from workspaces.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maker() -> User:
    return FinanceUserFactory.create(display_name="Maker")


@pytest.fixture
def checker() -> User:
    return FinanceUserFactory.create(display_name="Checker")


def run(*arguments: str, **options: Any) -> str:
    output = io.StringIO()
    call_command(*arguments, stdout=output, **options)
    return output.getvalue()


def test_close_period_calculates_and_another_person_approves(maker: User, checker: User) -> None:
    create_uses(GPTFactory.create(), UserFactory.create(), 600)

    calculated = run("close_period", "2026-03", by=maker.email.upper())
    digest = CloseRun.objects.get().digest
    closed = run("close_period", "2026-03", by=checker.email, approve=True)

    assert calculated == (f"2026-03 run 1: $14.40 for 1 payees, digest {digest}. Waits for approval.\n")
    assert closed == f"2026-03 is closed: $14.40, digest {digest}.\n"
    assert CloseRun.objects.get().started_by == maker
    assert Statement.objects.count() == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"approve": True}, "Say who approves"),
        ({"by": "nobody@example.test"}, "does not work in finance"),
        ({"by": "visitor@example.test"}, "does not work in finance"),
    ],
)
def test_close_period_refuses_people_outside_finance(options: dict[str, Any], message: str) -> None:
    UserFactory.create(email="visitor@example.test")

    with pytest.raises(CommandError, match=message):
        run("close_period", "2026-03", **options)

    assert not CloseRun.objects.exists()


def test_close_period_reports_errors_of_the_service(maker: User) -> None:
    run("close_period", "2026-03", by=maker.email)

    with pytest.raises(CommandError, match="waits for approval"):
        run("close_period", "2026-03", by=maker.email)
    with pytest.raises(CommandError, match="You started this close"):
        run("close_period", "2026-03", by=maker.email, approve=True)

    assert AccountingPeriod.objects.get(month="2026-03").state == "review"


def test_export_batch_writes_the_same_file_to_disk_and_to_standard_output(
    maker: User, checker: User, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    creator, file = UserFactory.create(), tmp_path / "payouts.csv"
    create_uses(GPTFactory.create(owner=creator), UserFactory.create(), 600)
    close_march(maker=maker, checker=checker)
    create_verified_account(creator, by=maker)
    with system_scope("tests"):
        batch = propose_batch(currency="USD", by=maker, at=CLOSING)
        approve_batch(batch_id=batch.pk, by=checker, at=CLOSING)

    written = run("export_batch", str(batch.pk), by=maker.email, output=str(file))
    call_command("export_batch", str(batch.pk), by=maker.email)

    content = file.read_bytes()
    assert written == f"Batch {batch.pk} is in {file}.\n"
    assert content == bytes(Batch.objects.get().file_bytes or b"")
    assert content in capfdbinary.readouterr().out


def test_export_batch_reports_errors_of_the_service(maker: User) -> None:
    with pytest.raises(CommandError, match="There is no such batch"):
        run("export_batch", "999", by=maker.email)


def test_rollup_usage_counts_new_usage_and_all_of_it_with_full() -> None:
    UsageEventFactory.create(gpt=GPTFactory.create(), user=UserFactory.create())

    outputs = [run("rollup_usage"), run("rollup_usage"), run("rollup_usage", full=True)]

    assert outputs == [
        "1 new uses, 1 days counted.\n", "0 new uses, 0 days counted.\n", "1 new uses, 1 days counted.\n",
    ]  # fmt: skip
    assert [row.messages for row in UsageRollup.objects.all()] == [1]


def test_verify_ledger_reports_every_violation(maker: User, checker: User) -> None:
    close_march(maker=maker, checker=checker)
    assert run("verify_ledger") == "The ledger holds.\n"
    Batch.objects.create(
        currency="USD", created_by=maker, created_at=CLOSING, file_bytes=b"changed", file_sha256="0" * 64
    )
    errors = io.StringIO()

    with pytest.raises(CommandError, match="1 faults in the ledger"):
        run("verify_ledger", stderr=errors)

    assert (
        errors.getvalue() == f"bank files keep their hash: batch {Batch.objects.get().pk} has other bytes\n"
    )

"""close_period YYYY-MM: calculate a month for review, or approve what was reviewed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import DomainError
from core.money import format_money
from core.periods import Period
from core.scope import system_scope
from payouts.management.people import get_finance_user
from payouts.services import approve_close, close_period
from workspaces.models import User


class Command(BaseCommand):
    help = "Calculate a month and put it up for review; with --approve, close it as another person."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", metavar="YYYY-MM")
        parser.add_argument("--by", metavar="EMAIL", default="", help="who does this; without, the system")
        parser.add_argument("--approve", action="store_true", help="approve the run in review; needs --by")

    def handle(self, *args: Any, month: str, by: str, approve: bool, **options: Any) -> None:
        try:
            with system_scope("payouts.close_period"):
                self.stdout.write(
                    self._close(Period.parse(month), get_finance_user(by) if by else None, approve)
                )
        except DomainError as error:
            raise CommandError(str(error.message)) from error

    def _close(self, period: Period, by: User | None, approve: bool) -> str:
        if not approve:
            run = close_period(period=period, by=by, at=timezone.now())
            total = format_money(run.pool_minor - run.carried_minor, run.rate_card.currency)
            return (
                f"{period} run {run.number}: {total} for {run.payee_count} payees, digest {run.digest}."
                " Waits for approval."
            )
        if by is None:
            raise CommandError("Say who approves: --by EMAIL.")
        row = approve_close(period=period, by=by, at=timezone.now(), reason="Approved on the command line.")
        return f"{period} is closed: {format_money(row.funded_minor, row.currency)}, digest {row.digest}."

"""verify_ledger: check the ledger; exits with an error if any rule is violated."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.scope import system_scope
from payouts.services import verify_ledger


class Command(BaseCommand):
    help = "Check that the ledger balances and agrees with statements, batches and files."

    def handle(self, *args: Any, **options: Any) -> None:
        with system_scope("payouts.verify_ledger"):
            findings = verify_ledger()
        for finding in findings:
            self.stderr.write(f"{finding.rule}: {finding.detail}")
        if findings:
            raise CommandError(f"{len(findings)} faults in the ledger.")
        self.stdout.write("The ledger holds.")

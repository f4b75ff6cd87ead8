"""``manage.py verify_audit``: recomputes the hashes of the audit log."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.audit import verify
from core.models import AuditEvent
from core.scope import system_scope


class Command(BaseCommand):
    help = (
        "Check that no audit event was changed, removed or cut off; fails with the first fault of each chain."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--chain", help='only this chain: "platform" or "workspace:<id>"')

    def handle(self, *args: Any, **options: Any) -> None:
        with system_scope("core.verify_audit"):
            faults = verify(options["chain"])
            events = AuditEvent.objects.count()
        if faults:
            raise CommandError(
                "\n".join(f"{fault.chain} #{fault.sequence}: {fault.what}" for fault in faults)
            )
        self.stdout.write(f"{events} audit events, every chain holds.")

"""export_batch ID --by EMAIL: write the bank file of an approved batch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import DomainError
from core.scope import system_scope
from payouts.management.people import get_finance_user
from payouts.services import export_batch
from payouts.services.bank_files import FORMATS


class Command(BaseCommand):
    help = "Write the bank file of a batch; the same bytes every time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("batch", type=int, metavar="ID")
        parser.add_argument("--format", choices=FORMATS, default="csv")
        parser.add_argument("--by", metavar="EMAIL", required=True, help="who takes the file")
        parser.add_argument("--output", metavar="FILE", default="", help="without, to standard output")

    def handle(self, *args: Any, batch: int, by: str, output: str, **options: Any) -> None:
        try:
            with system_scope("payouts.export_batch"):
                content = export_batch(
                    batch_id=batch, format=options["format"], by=get_finance_user(by), at=timezone.now()
                )
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        if output:
            Path(output).write_bytes(content)
            self.stdout.write(f"Batch {batch} is in {output}.")
        else:
            sys.stdout.buffer.write(content)

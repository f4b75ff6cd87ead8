"""rollup_usage: bring the usage rollups up to date now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from core.scope import system_scope
from payouts.services import roll_up


class Command(BaseCommand):
    help = "Count new usage into the rollups now; with --full, count everything again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--full", action="store_true", help="delete the rollups and count everything again"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with system_scope("payouts.rollup_usage"):
            done = roll_up(at=timezone.now(), is_full=options["full"])
        self.stdout.write(f"{done.new_events} new uses, {done.days} days counted.")

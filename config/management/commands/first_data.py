"""first_data: adds the model providers of the settings and, with --demo, the demo content."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = (
        "Adds the model providers that the settings name and, with --demo, the demo people and GPTs."
        " Safe to repeat."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        known = get_commands()
        if "ensure_providers" in known:
            call_command("ensure_providers", verbosity=0)
        if options["demo"] and "seed_demo" in known:
            self.stdout.write("Adding demo people and GPTs ...")
            call_command("seed_demo")

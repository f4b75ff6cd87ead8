"""first_data: adds the model providers of the settings and, with --demo, the demo content."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandParser

from core.scope import system_scope
from gpts.llm.services.probe import ENDS_THE_TEST, probe_provider
from gpts.llm.services.providers import find_instance_provider, get_provider_key

PROBE_SECONDS = 3.0


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
            self._warn_of_unusable_provider()
        if options["demo"] and "seed_demo" in known:
            self.stdout.write("Adding demo people and GPTs ...")
            call_command("seed_demo")

    def _warn_of_unusable_provider(self) -> None:
        """Write one line if the settings' provider is silent or refuses the key; the start goes on."""
        with system_scope("config.first_data"):
            provider = find_instance_provider()
            key = "" if provider is None else get_provider_key(provider)
        if provider is None or not provider.is_enabled:
            return
        probe = probe_provider(provider, key=key, timeout=PROBE_SECONDS)
        if probe.code in ENDS_THE_TEST:
            self.stderr.write(
                f"Warning: {probe.message} Until then {provider.name} answers nobody; all else works."
            )

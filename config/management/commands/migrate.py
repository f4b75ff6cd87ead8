"""migrate: Django's command, but with the states of config/migration_state.py."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate as django_migrate

from config.migration_state import LeanExecutor


class Command(django_migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        django_migrate.MigrationExecutor = LeanExecutor  # type: ignore[attr-defined]  # not in the stubs
        super().handle(*args, **options)

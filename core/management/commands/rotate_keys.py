"""``manage.py rotate_keys``: encrypts every stored secret with the newest of ENCRYPTION_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.scope import system_scope
from core.secrets import SecretBroken, rotate, sealed_fields


class Command(BaseCommand):
    help = "Seal all stored secrets with the newest key. Safe to run again; afterwards old keys can go."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for field in sealed_fields():
            done = 0
            with system_scope("core.rotate_keys"):
                for identifier, sealed in field.rows():
                    try:
                        field.replace(identifier, sealed, rotate(sealed))
                        done += 1
                    except SecretBroken:
                        broken += 1
                        self.stderr.write(f"{field.name} {identifier}: cannot be opened with any key")
            self.stdout.write(f"{field.name}: {done} sealed with the newest key")
        if broken:
            raise CommandError(
                f"{broken} secrets could not be opened. Keep the old keys and enter them again."
            )

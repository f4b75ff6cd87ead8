"""``manage.py protect_name NAME [--holder EMAIL] [--release]``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import DomainError
from core.scope import system_scope
from workspaces.queries import find_user
from workspaces.services.names import protect_mark, release_mark


class Command(BaseCommand):
    help = "Let nobody use a name in public, except its holder; --release ends that."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--holder", default="", help="the account that may use it")
        parser.add_argument("--release", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        with system_scope("workspaces.protect_name"):
            holder = find_user(options["holder"]) if options["holder"] else None
            if options["holder"] and holder is None:
                raise CommandError(f"There is no account with the address {options['holder']}.")
            try:
                if options["release"]:
                    release_mark(name=options["name"], by=None, at=now)
                else:
                    protect_mark(name=options["name"], holder=holder, by=None, at=now)
            except DomainError as error:
                raise CommandError(str(error.message)) from error
        self.stdout.write(f"{options['name']} is {'free' if options['release'] else 'protected'}")

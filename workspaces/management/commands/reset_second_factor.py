"""``manage.py reset_second_factor EMAIL [--reason …]``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.scope import system_scope
from workspaces.queries import find_user
from workspaces.services.second_factor import lacks_required_factor, reset_second_factor


class Command(BaseCommand):
    help = (
        "Remove the second factors of a person who has lost them, and end their sessions. Make sure first"
        " that it is this person who asks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--reason", default="", help="kept in the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        with system_scope("workspaces.reset_second_factor"):
            user = find_user(options["email"])
            if user is None:
                raise CommandError(f"There is no account with the address {options['email']}.")
            count = reset_second_factor(user=user, by=None, at=timezone.now(), reason=options["reason"])
            is_locked = lacks_required_factor(user)
        self.stdout.write(f"{user.email}: {count} removed, signed out everywhere.")
        if is_locked:
            self.stdout.write(
                "Staff roles count again once a new factor is set up under /settings/security/."
            )

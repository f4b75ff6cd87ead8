"""``manage.py make_staff EMAIL --role moderator|child_safety|finance|operator``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import DomainError
from core.links import absolute_url
from core.scope import system_scope
from workspaces.queries import find_user
from workspaces.services.second_factor import lacks_required_factor
from workspaces.services.staff import grant_staff_role, revoke_staff_role
from workspaces.states import Staff


class Command(BaseCommand):
    help = (
        "Give a person a staff role: moderator, child_safety (for a moderator), finance or operator; --revoke"
        " takes it away."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", required=True, choices=Staff.values)
        parser.add_argument("--revoke", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        change = revoke_staff_role if options["revoke"] else grant_staff_role
        with system_scope("workspaces.make_staff"):
            user = find_user(options["email"])
            if user is None:
                raise CommandError(f"There is no account with the address {options['email']}.")
            try:
                change(user=user, role=options["role"], by=None, at=timezone.now())
            except DomainError as error:
                raise CommandError(str(error.message)) from error
            must_enrol = not options["revoke"] and lacks_required_factor(user)
        verb = "is no longer" if options["revoke"] else "is now"
        self.stdout.write(f"{user.email} {verb} {options['role']}")
        if must_enrol:
            self.stdout.write(
                "The role counts once they have set up an authenticator app or a passkey:"
                f" {absolute_url('/settings/security/')}"
            )

"""``manage.py create_api_key EMAIL [--scopes …] [--workspace SLUG] [--name …] [--days N]``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import DomainError
from core.scope import system_scope
from workspaces.access import STAFF_SCOPES, WorkspaceAct, access_workspace, personal_workspace
from workspaces.queries import find_user
from workspaces.services.api_keys import create_api_key
from workspaces.states import ApiScope

# Only given when asked for with --scopes.
ORDINARY = [scope.value for scope in ApiScope if scope not in STAFF_SCOPES.values()]


class Command(BaseCommand):
    help = "Create an API key for a person and print it. It is not stored and cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--scopes", nargs="+", default=ORDINARY, choices=ApiScope.values)
        parser.add_argument("--workspace", default="", help="slug; default: the person's own workspace")
        parser.add_argument("--name", default="Command line")
        parser.add_argument("--days", type=int, default=0, help="lifetime in days; 0: never expires")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            with system_scope("workspaces.create_api_key"):
                user = find_user(options["email"])
                if user is None:
                    raise CommandError(f"There is no account with the address {options['email']}.")
                slug = options["workspace"]
                workspace = (
                    access_workspace(user, slug, to=WorkspaceAct.ENTER) if slug else personal_workspace(user)
                )
                _key, plain = create_api_key(
                    user=user,
                    workspace=workspace,
                    name=options["name"],
                    scopes=options["scopes"],
                    expires_at=now + timedelta(days=options["days"]) if options["days"] else None,
                    by=user,
                    at=now,
                )
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(plain)

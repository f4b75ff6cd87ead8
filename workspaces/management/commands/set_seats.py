"""``manage.py set_seats WORKSPACE NUMBER`` or ``… WORKSPACE none``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import DomainError
from core.scope import system_scope
from workspaces.queries import find_workspace
from workspaces.services.seats import set_seats


class Command(BaseCommand):
    help = "Set how many members a workspace may have; none: as many as they like."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", help="its name in addresses, such as acme")
        parser.add_argument("seats", help="a number, or none")

    def handle(self, *args: Any, **options: Any) -> None:
        text = options["seats"]
        if text != "none" and not (text.isascii() and text.isdigit()):
            raise CommandError("Write a number of seats, or none.")
        with system_scope("workspaces.set_seats"):
            workspace = find_workspace(options["workspace"])
            if workspace is None:
                raise CommandError(f"There is no workspace {options['workspace']}.")
            seats = None if text == "none" else int(text)
            try:
                set_seats(workspace=workspace, seats=seats, by=None, at=timezone.now())
            except DomainError as error:
                raise CommandError(str(error.message)) from error
        self.stdout.write(f"{workspace.name} has {'no limit' if seats is None else f'{seats} seats'}.")

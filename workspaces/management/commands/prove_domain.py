"""``manage.py prove_domain WORKSPACE DOMAIN [--release]``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import DomainError
from core.scope import system_scope
from workspaces.models import Workspace
from workspaces.services.proved_domains import prove_domain, release_domain


class Command(BaseCommand):
    help = (
        "Say that a domain belongs to a company, once you have checked it. Its identity provider may then"
        " make members of people with such addresses."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", help="the workspace's name in addresses: /w/<workspace>/")
        parser.add_argument("domain", help="what stands after the @, such as acme.example")
        parser.add_argument("--release", action="store_true", help="it is not the company's any more")

    def handle(self, *args: Any, **options: Any) -> None:
        domain, at = options["domain"], timezone.now()
        with system_scope("workspaces.prove_domain"):
            workspace = Workspace.objects.filter(slug=options["workspace"]).first()
            if workspace is None:
                raise CommandError(f"There is no workspace {options['workspace']}.")
            try:
                if options["release"]:
                    done = release_domain(workspace=workspace, domain=domain, at=at)
                    self.stdout.write(f"{domain} is released." if done else f"{domain} was not proved.")
                    return
                row = prove_domain(workspace=workspace, domain=domain, at=at)
            except DomainError as error:
                raise CommandError(str(error.message)) from error
        self.stdout.write(f"{row.domain} belongs to {workspace.name}.")

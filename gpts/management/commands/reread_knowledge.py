"""Have knowledge files read again that an older reader read, after an upgrade."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.knowledge.queries import list_outdated_files
from gpts.knowledge.services.rereading import reread_outdated_documents
from workspaces.models import Workspace

# Files in one transaction.
BATCH = 200


class Command(BaseCommand):
    help = (
        "Has knowledge files read again that an older reader read. The workers do it after new files;"
        " passages answer until the new ones are there. Running it twice asks for each file once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--gpt", metavar="SLUG", help="the files of one GPT alone")
        parser.add_argument("--workspace", metavar="SLUG", help="the files of one workspace alone")
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, **options: Any) -> None:
        with system_scope("gpts.reread_knowledge"):
            filters = self._read_filters(options)
            found = list_outdated_files().filter(**filters).order_by("id")
            ids = list(found.values_list("pk", flat=True))
        if options["dry_run"]:
            self.stdout.write(f"{len(ids)} files were read by an older reader.")
            return
        asked = 0
        for start in range(0, len(ids), BATCH):
            with system_scope("gpts.reread_knowledge"):
                files = list_outdated_files().filter(pk__in=ids[start : start + BATCH]).order_by("id")
                asked += reread_outdated_documents(files=list(files), at=timezone.now())
        # Files with the same content share one text.
        self.stdout.write(f"{asked} documents of {len(ids)} files will be read again.")

    def _read_filters(self, options: dict[str, Any]) -> dict[str, int]:
        filters: dict[str, int] = {}
        if options["gpt"]:
            gpt = GPT.objects.filter(slug=options["gpt"]).first()
            if gpt is None:
                raise CommandError(f"There is no GPT with the address {options['gpt']}.")
            filters["gpt_id"] = gpt.pk
        if options["workspace"]:
            workspace = Workspace.objects.filter(slug=options["workspace"]).first()
            if workspace is None:
                raise CommandError(f"There is no workspace with the address {options['workspace']}.")
            filters["workspace_id"] = workspace.pk
        return filters

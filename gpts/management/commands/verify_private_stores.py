"""``manage.py verify_private_stores``: compares what private stores list with what is live in them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.scope import system_scope
from gpts.assistants.services.private_listings import find_wrong_listings, rebuild_listings

# GPTs in one transaction.
BATCH = 200


class Command(BaseCommand):
    help = (
        "Check that each private store lists the GPTs that are live in it, and no other; fails if one does"
        " not. With --repair the lists are corrected."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="correct what is wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        with system_scope("gpts.verify_private_stores"):
            wrong = find_wrong_listings()
        if wrong and not options["repair"]:
            first = ", ".join(map(str, wrong[:20]))
            raise CommandError(
                f"{len(wrong)} GPTs are listed wrongly (ids {first}). Run the command with --repair."
            )
        for start in range(0, len(wrong), BATCH):
            with system_scope("gpts.verify_private_stores"):
                rebuild_listings(wrong[start : start + BATCH])
        self.stdout.write(
            f"{len(wrong)} GPTs were listed wrongly; now every private store lists what is live in it."
            if wrong
            else "Every private store lists what is live in it."
        )

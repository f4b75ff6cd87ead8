"""Makes the vectors by which the store searches, all that are missing or (--again) every one."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from core.scope import system_scope
from marketplace.services.listing_vectors import PURPOSE, embed_listings, remove_vectors


class Command(BaseCommand):
    help = "Make missing vectors of listings; with --again, make all of them anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--again", action="store_true", help="remove all vectors first")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["again"]:
            with system_scope(PURPOSE):
                remove_vectors()
        total = 0
        while made := embed_listings(clock=timezone.now):
            total += made
        self.stdout.write(f"{total} vectors made")

"""seed_catalogue N: add synthetic listings up to N, for benchmarks."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from core.scope import system_scope
from marketplace.services.scores import compute_scores
from marketplace.synthetic.load import load_synthetic_listings

MAX_COUNT = 2_000_000
ANALYSED_TABLES = (
    "marketplace_listing",
    "marketplace_listingscore",
    "marketplace_listingvector",
    "marketplace_rating",
    "marketplace_searchterm",
)


class Command(BaseCommand):
    help = "Makes N plausible listings with builders, usage and ratings. Run again, it tops up to N."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int, metavar="N")
        parser.add_argument(
            "--no-vectors", action="store_true", help="leaves the vectors of search by meaning to the worker"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        count = options["count"]
        if not 1 <= count <= MAX_COUNT:
            raise CommandError(f"N must lie between 1 and {MAX_COUNT:,}.")
        started = time.monotonic()
        at = timezone.now()
        added = load_synthetic_listings(count, at=at, with_vectors=not options["no_vectors"])
        with system_scope("marketplace.compute_scores"):
            compute_scores(at=at)
        _analyse_tables()
        seconds = time.monotonic() - started
        self.stdout.write(f"Added {added:,} listings, {count:,} in all, in {seconds:.1f} s.")


def _analyse_tables() -> None:
    """Update the planner's statistics, as the owner of the tables."""
    database = connection.settings_dict["NAME"]
    with psycopg.connect(settings.DATABASE_URLS["owner"], dbname=database, autocommit=True) as owner:
        for table in ANALYSED_TABLES:
            owner.execute(f"ANALYZE {table}")

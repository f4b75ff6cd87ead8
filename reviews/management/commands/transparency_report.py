"""Print a year's figures of moderation as CSV or JSON."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.csv_files import write_csv
from core.scope import system_scope
from reviews.queries.transparency import build_year_report


class Command(BaseCommand):
    help = "Figures of moderation for a year: notices, times, outcomes, policies, appeals, suspensions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("year", type=int)
        parser.add_argument("--format", choices=("csv", "json"), default="csv")
        parser.add_argument("--output", help="file to write; the terminal when absent")

    def handle(self, *args: Any, **options: Any) -> None:
        year = options["year"]
        if not 2000 <= year <= 2999:
            raise CommandError("Name a year of four digits, for example 2026.")
        with system_scope("reviews.transparency_report"):
            rows = [
                {"year": year, "section": f.section, "name": f.name, "label": str(f.label), "value": f.value}
                for f in build_year_report(year)
            ]
        target = open(options["output"], "w", encoding="utf-8", newline="") if options["output"] else None  # noqa: SIM115 - closed below, and the terminal must not be
        stream = target or self.stdout
        try:
            if options["format"] == "json":
                json.dump(rows, stream, ensure_ascii=False, indent=2)
                stream.write("\n")
            else:
                stream.write(write_csv(list(rows[0]), [list(row.values()) for row in rows]).decode())
        finally:
            if target:
                target.close()

"""Yearly and daily figures of moderation."""

from __future__ import annotations

import json
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from reviews.models import Case, DailyStat
from reviews.queries.transparency import compute_percentile
from reviews.services.daily_stats import refill_daily_stats
from reviews.services.reports import file_report
from tests.support.factories.reviews import ReportInputFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.reviews import AT, decide, make_listed_gpt, make_listing, make_moderator, make_old_user

pytestmark = pytest.mark.django_db


def figures(*arguments: str) -> dict[tuple[str, str], float]:
    out = StringIO()
    call_command("transparency_report", *arguments, "--format", "json", stdout=out)
    return {(row["section"], row["name"]): row["value"] for row in json.loads(out.getvalue())}


def test_figures_cover_one_year_only() -> None:
    listing = make_listing()
    file_report(listing=listing, given=ReportInputFactory.build(), by=make_old_user(), at=AT)
    decide(
        Case.objects.get(kind="report"), make_moderator("Milo"), "warn", policies=("misleading",),
        reasoning="No.", at=AT + timedelta(hours=5),
    )  # fmt: skip
    found = figures("2026")
    assert found[("notices", "all")] == 1
    assert found[("notices_by_category", "misleading")] == 1
    assert found[("outcomes", "approve")] == found[("outcomes", "warn")] == 1
    assert found[("negative_by_policy", "misleading")] == 1
    assert found[("hours_to_decision", "submission_median")] == 1.0
    assert found[("hours_to_decision", "report_p95")] == 5.0
    assert sum(figures("2025").values()) == 0


def test_the_csv_has_a_line_for_each_figure() -> None:
    out = StringIO()
    call_command("transparency_report", "2026", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "year,section,name,label,value"
    assert len(lines) - 1 == len(figures("2026"))
    with pytest.raises(CommandError):
        call_command("transparency_report", "26")


def test_percentiles_are_of_the_nearest_rank() -> None:
    hours = [timedelta(hours=number) for number in range(1, 21)]
    assert (compute_percentile(hours, 50), compute_percentile(hours, 95), compute_percentile([], 95)) == (
        10.0,
        19.0,
        0.0,
    )


def test_refilling_a_day_changes_nothing() -> None:
    make_listed_gpt(UserFactory.create(display_name="Ann"), make_moderator())
    day = date(2026, 3, 2)
    assert refill_daily_stats(day=day, at=AT) == refill_daily_stats(day=day, at=AT)
    rows = DailyStat.objects.filter(day=day).order_by("figure").values_list("figure", "label", "value")
    assert list(rows) == [("decisions", "approve", 1), ("submissions", "live", 1)]

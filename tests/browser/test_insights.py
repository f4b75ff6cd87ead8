"""The Insights tab in a browser: charts with tables, a date range, export, phones, accessibility."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from core.scope import system_scope
from gpts.insights.models import InsightState
from gpts.insights.tasks import fill_insights
from gpts.llm.services.providers import ensure_offline_provider
from tests.support.browser import WIDER_THAN_WINDOW, Person
from tests.support.insights import DAY, create_ended_turn, create_gpt_with_version, create_readers
from tests.support.services import WebService, WorkerService
from tests.support.times import NOW
from tests.support.waiting import wait_for


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_creator_sees_figures_of_at_least_five_people(
    browser: Browser, server: WebService, worker: WorkerService, scheme: str
) -> None:
    ensure_offline_provider(at=NOW)
    today = (timezone.now().date() - DAY).days
    with system_scope("tests.insights"):
        gpt, version = create_gpt_with_version()
        for ago in (5, 4, 3):
            for number, person in enumerate(create_readers(12)):
                create_ended_turn(
                    person, gpt, version, today - ago, score=0.9 if number < 6 else 0.0, thumb=number < 6
                )
    ada = Person(browser, server.url, f"Ada {scheme}")
    ada.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    ada.enter(gpt.owner)
    ada.go(f"/build/{gpt.slug}/insights")
    ada.sees("Not enough people yet")

    fill_insights.delay()
    with system_scope("tests.insights"):
        wait_for(lambda: InsightState.objects.filter(gpt=gpt).exists())
    ada.page.get_by_role("navigation", name="Days").get_by_role("link", name="7 days").click()
    ada.sees("35–39")
    chart = ada.page.get_by_role("figure").filter(has_text="Answers a day")
    expect(chart.locator("svg g")).to_have_count(3)
    chart.get_by_text("Show the figures").click()
    expect(chart.get_by_role("row")).to_have_count(4)
    expect(chart.get_by_role("row").nth(1)).to_contain_text("10–14")

    with ada.page.expect_download() as download:
        ada.page.get_by_role("link", name="CSV").click()
    assert re.fullmatch(rf"{gpt.slug}-insights-[\d-]+\.csv", download.value.suggested_filename)
    assert "use," in download.value.path().read_text("utf-8-sig")

    ada.page.get_by_text("Other days").click()
    ada.fill("First day", (timezone.now().date() - timedelta(days=2)).isoformat())
    ada.fill("Last day", (timezone.now().date() - timedelta(days=9)).isoformat())
    ada.press("Show")
    ada.sees("The last day lies before the first.")
    expect(ada.page.get_by_label("Last day")).to_have_attribute("aria-invalid", "true")
    ada.show("insights")
    ada.page.set_viewport_size({"width": 390, "height": 800})
    chart.get_by_text("Show the figures").click()
    assert not ada.page.evaluate(WIDER_THAN_WINDOW)
    # The browser logs the refused range; nothing else failed or violated the CSP.
    assert [line for line in ada.complaints if "status of 400" not in line] == []
    ada.close()

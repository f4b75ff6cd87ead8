"""The main pages of every area, with the demo data, have no serious axe violations, light or dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from core.scope import system_scope
from payouts.models import AccountingPeriod
from reviews.models import Case, Decision
from tests.support.accessibility import CONTRAST, SETTLED, WCAG, find_barriers
from tests.support.browser import sign_in_page
from tests.support.demo import seed_demo
from tests.support.services import WebService
from workspaces.models import User

PAGES_BY_EMAIL: dict[str, tuple[str, ...]] = {
    "": (
        "/",
        "/g/plain-letter",
        "/accounts/login/",
        "/accounts/signup/?next=/g/plain-letter/chat",
        "/g/plain-letter/report",
    ),
    "moderator@demo.test": ("/moderation/", "/moderation/cases/{case}", "/moderation/transparency"),
    "finance@demo.test": (
        "/finance/periods",
        "/finance/periods/{month}",
        "/finance/batches",
        "/finance/ledger/entries",
        "/finance/rules/new",
    ),
    "creator@demo.test": (
        "/build/",
        "/build/plain-letter/configure",
        "/build/plain-letter/versions",
        "/build/plain-letter/share",
        "/c/new?gpt=travel-desk",
        "/build/travel-desk/insights?days=90",
        "/earnings/",
    ),
    "tomas@demo.test": ("/reviews/decisions/{decision}",),
    "admin@acme.test": (
        "/settings/api-keys/",
        "/settings/limits",
        "/accounts/2fa/",
        "/w/acme/admin/members",
        "/w/acme/admin/budgets",
        "/w/acme/admin/budgets/new",
        "/w/acme/admin/models",
        "/w/acme/admin/models/providers/new",
    ),
}


@pytest.mark.slow
def test_main_pages_have_no_serious_axe_violations(server: WebService, page: Page) -> None:
    seed_demo()
    with system_scope("tests"):
        names = {
            "case": Case.objects.filter(submission__isnull=False).latest("risk").pk,
            "decision": Decision.objects.get(outcome="reject").pk,
            "month": AccountingPeriod.objects.latest("month").month,
        }
    axe, visited = Axe(), 0
    found: list[str] = []

    for email, paths in PAGES_BY_EMAIL.items():
        page.context.clear_cookies()
        if email:
            sign_in_page(page, server, User.objects.get(email=email))
        for path in paths:
            page.emulate_media(color_scheme="light", reduced_motion="reduce")
            answer = page.goto(server.url + path.format(**names))
            assert answer is not None and answer.status == 200, path
            found.extend(find_barriers(page, axe, WCAG))
            page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            page.evaluate(SETTLED)
            found.extend(find_barriers(page, axe, CONTRAST))
            visited += 1

    assert found == []
    assert visited == sum(len(paths) for paths in PAGES_BY_EMAIL.values())

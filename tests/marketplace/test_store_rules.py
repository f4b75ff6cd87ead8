"""The page with the rules of the store, the footer, and where both are linked."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.scope import system_scope
from reviews.models import Policy, PolicyVersion
from reviews.queries.policies import get_policies_in_force
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import make_gpt

pytestmark = pytest.mark.django_db

# What the page promises, which is what moderation works to.
TIMES = {
    "en": (
        "half of all first submissions within 24 hours", "due in 1 hour", "due in 4 hours", "due in 24 hours",
        "due in 3 days", "within 184 days", "judges within 7 days", "a strike counts for 365 days",
    ),
    "zh-hans": (
        "在 24 小时内对半数的首次提交", "1 小时内处理", "4 小时内处理", "24 小时内处理", "3 天内处理",
        "可在 184 天内申诉", "会在 7 天内重新审理", "违规记录保留 365 天",
    ),
}  # fmt: skip


def get_page(language: str = "en") -> str:
    answer = Client(headers={"Accept-Language": language}).get("/rules")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(answer.content.decode()))


@pytest.mark.parametrize("language", TIMES)
def test_visitors_read_every_wording_in_force_and_the_times(language: str) -> None:
    text = get_page(language)

    with system_scope("tests"):
        policies = get_policies_in_force(at=timezone.now())
    assert len(policies) == 14
    for code, policy in policies.items():
        title, words = (
            (policy.title_en, policy.text_en) if language == "en" else (policy.title_zh, policy.text_zh)
        )
        row = text.split(f'id="{code}"')[1].split("</li>")[0]
        assert title in row
        assert words in row
    assert [words for words in TIMES[language] if words not in text] == []


def test_a_retired_rule_is_gone_and_a_new_wording_replaces_the_old_one() -> None:
    now = timezone.now()
    with system_scope("tests"):
        Policy.objects.filter(code="spam").update(retired_at=now - timedelta(days=1))
        policy = Policy.objects.get(code="quality")
        old = policy.versions.get()
        for number, text, starts_at in ((2, "Newer words.", -1), (3, "Future words.", 1)):
            PolicyVersion.objects.create(
                policy=policy, number=number, title_en=old.title_en, title_zh=old.title_zh, text_en=text,
                text_zh=text, severity=1, allowed_outcomes=old.allowed_outcomes,
                effective_from=now + timedelta(days=starts_at),
            )  # fmt: skip

    text = get_page()

    assert 'id="spam"' not in text
    assert "Newer words." in text
    assert "Future words." not in text
    assert old.text_en not in text


def test_a_second_visitor_gets_the_page_without_a_query() -> None:
    get_page()
    with CaptureQueriesContext(connection) as captured:
        get_page()
    assert captured.captured_queries == []


def list_footer_links(text: str) -> list[str]:
    return re.findall(r'href="([^"]*)"', text.split('class="site-footer__links"')[1].split("</nav>")[0])


def test_the_footer_links_to_the_rules_and_to_the_operators_pages_that_are_set(settings: Any) -> None:
    ours = ["/", "/leaderboards", "/build/", "/api/", "/rules"]
    assert list_footer_links(get_page()) == ours

    settings.TERMS_URL = "https://example.org/terms?a=1&b=2"
    settings.HELP_URL = "/help"
    client = Client()
    client.force_login(UserFactory.create())
    assert list_footer_links(client.get("/rules").content.decode()) == [
        *ours, "https://example.org/terms?a=1&amp;b=2", "/help",
    ]  # fmt: skip


def test_the_checkbox_of_a_submission_leads_to_the_rules() -> None:
    gpt = make_gpt()
    client = Client()
    client.force_login(gpt.owner)

    form = client.get(f"/build/{gpt.slug}/share").content.decode().split("/submit")[1].split("</form>")[0]

    assert 'name="attested"' in form
    assert 'href="/rules"' in form

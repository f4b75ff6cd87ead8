"""The page that explains the order of the store, and that every card and the leaderboards lead to it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from marketplace.services.scores import compute_scores
from tests.support.marketplace import NOW, make_listing

pytestmark = pytest.mark.django_db

FACTS = {
    "en": (
        "Different people: up to 60 points", "Ratings: up to 30 points", "Freshness: up to 10 points",
        "60 × min(1, log₂(1 + n) ÷ log₂(1 + 10,000))", "10 assumed ones of 3.8 stars",
        "after each 26 weeks", "Fewer than 5 count as none", "the last 30 days", "below 3.5 stars",
    ),
    "zh-hans": (
        "不同的人：最多 60 分", "评分：最多 30 分", "新鲜度：最多 10 分", "3.8 星", "每过 26 周",
        "最近 30 天", "3.5 星",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", FACTS)
def test_the_page_states_the_formula_as_it_is_computed(language: str) -> None:
    answer = Client(headers={"Accept-Language": language}).get("/how-ranking-works")

    assert answer.status_code == 200
    text = re.sub(r"\s+", " ", unescape(answer.content.decode()))
    assert [fact for fact in FACTS[language] if fact not in text] == []


def test_cards_and_leaderboards_lead_to_it() -> None:
    make_listing(name="Plain Letter")
    compute_scores(at=NOW)

    home, boards = (Client().get(path).content.decode() for path in ("/", "/leaderboards"))

    why = home.split("listing-card__why")[1].split("</details>")[0]
    assert 'href="/how-ranking-works"' in why
    assert 'href="/how-ranking-works"' in boards

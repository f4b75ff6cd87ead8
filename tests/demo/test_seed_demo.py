"""The demo is complete, and creating it twice changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command

from core.scope import system_scope
from demo.chinese_gpts import ACME
from demo.documents import FOLDER, list_own_documents
from demo.seeding import seed
from demo.store import PUBLIC
from gpts.assistants.models import GPT
from gpts.assistants.states import Category
from gpts.chat.models import Conversation
from gpts.llm.models import LanguageModel
from gpts.metering.models import Budget, UsageEvent
from marketplace.models import Listing, ListingScore
from marketplace.queries.storefront import get_storefront
from payouts.models import AccountingPeriod, Posting, Statement
from payouts.states import PeriodState
from reviews.models import Case, Decision, Report
from tests.fakes.choosy_server import run_choosy_server
from workspaces.models import User

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
COUNTED = (User, GPT, Listing, Conversation, UsageEvent, Case, Decision, Report, Statement, Posting)


def _counts() -> list[int]:
    with system_scope("tests"):
        return [model.objects.count() for model in COUNTED]


def test_the_demo_has_every_category_and_a_third_is_chinese() -> None:
    assert {entry.category for entry in PUBLIC} == set(Category.values)
    assert len(PUBLIC) >= 40
    assert sum("zh" in entry.languages for entry in PUBLIC) * 3 >= len(PUBLIC)


def test_every_gpt_of_the_demo_has_a_document_to_answer_from() -> None:
    documents = {entry.key: entry.knowledge or list_own_documents(entry.key) for entry in (*PUBLIC, *ACME)}

    assert [key for key, found in documents.items() if not found] == []
    for key, found in documents.items():
        for _name, text in found:
            assert text.startswith("# "), key
            assert text.count("\n## ") >= 3, key
    # No file is left over from a key that was changed.
    assert {file.stem for file in FOLDER.glob("*.md")} <= documents.keys()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_demo_is_complete_asks_no_model_and_a_second_run_changes_nothing(settings: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_MODEL, settings.OPENAI_PROTOCOL = "sk-wrong", "m", "responses"
    with run_choosy_server(lambda *_: (401, {"error": {"message": "Incorrect API key"}})) as server:
        settings.OPENAI_BASE_URL = server.url
        call_command("ensure_providers")
        assert seed(at=AT)

    # The provider is there from the first start on, but it was not asked: that costs money, or fails.
    assert server.bodies == []

    with system_scope("tests"):
        assert AccountingPeriod.objects.get(state=PeriodState.CLOSED).month == "2026-09"
        assert Statement.objects.filter(total_minor__gt=0).count() >= 5
        assert ListingScore.objects.filter(rank=1).count() == 1
        assert Case.objects.filter(state="queued").count() >= 6
        assert LanguageModel.objects.get(retired_at__isnull=False).replacement is not None
        assert Budget.objects.filter(uses__warned_at__isnull=False).count() == 1
    # Every part of the store's first page has something, in both languages.
    for language in ("en", "zh-hans"):
        front = get_storefront(today=AT.date(), language=language)
        assert front.shelf and front.trending and front.categories and front.noteworthy
    before = _counts()
    assert min(before) > 0 and before[COUNTED.index(UsageEvent)] > 5_000

    assert seed(at=AT) is None
    assert _counts() == before

"""The retrieval bench in a browser, with vectors computed by a real worker."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.knowledge.models import Document, PassageVector
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.providers import ensure_offline_provider
from gpts.llm.states import ModelKind, ProviderKind
from tests.fakes.openai_server import ModelServer
from tests.support.browser import WIDER_THAN_WINDOW, Person
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.retrieval import add_document
from tests.support.services import WebService, WorkerService
from tests.support.times import NOW
from tests.support.waiting import wait_for

SHOP = [
    ("Returns", "You can return a bicycle within 30 days if it has no scratches."),
    ("Insurance", "Theft insurance costs eight euros a month and starts on the day after you sign."),
    ("保修", "车架保修十年，刹车保修两年，链条和轮胎属于消耗品。"),
]


@pytest.fixture
def embeddings_model(server: WebService, model_server: ModelServer) -> LanguageModel:
    provider = ModelProvider.objects.create(
        name="Vectors", kind=ProviderKind.CHAT_COMPLETIONS, base_url=model_server.url, created_at=NOW
    )
    return LanguageModel.objects.create(
        provider=provider, name="embed-64", label="Vectors 64", context_window=8_000,
        max_output_tokens=1, kind=ModelKind.EMBEDDING, dimensions=64,
    )  # fmt: skip


def test_the_bench_shows_passages_for_questions(
    browser: Browser, server: WebService, worker: WorkerService, embeddings_model: LanguageModel
) -> None:
    ensure_offline_provider(at=NOW)
    gpt: GPT = GPTFactory.create(owner=UserFactory.create(display_name="Ada"))
    with system_scope("tests.bench"):
        document = add_document(gpt, "shop.md", SHOP)
    wait_for(lambda: _is_embedded(document))
    ada = Person(browser, server.url, "Ada")
    ada.enter(gpt.owner)
    ada.go(f"/build/{gpt.slug}/knowledge/bench")
    ada.sees("3 of 3 passages embedded")

    ada.fill("Questions, one a line", "price of thefft insurance\n刹车保修几年\nWho won the football match?")
    ada.press("Search")

    expect(ada.page.get_by_text("Would answer", exact=True)).to_have_count(2)
    ada.sees("Would say: not enough information")
    ada.sees("“thefft” was read as “theft”")
    first = ada.page.get_by_role("row").filter(has_text="Insurance").first
    first.get_by_text("shop.md").click()
    ada.sees("Theft insurance costs eight euros a month")
    expect(ada.page.get_by_label("Questions, one a line")).to_have_value(
        "price of thefft insurance\n刹车保修几年\nWho won the football match?"
    )
    ada.page.set_viewport_size({"width": 390, "height": 800})
    assert not ada.page.evaluate(WIDER_THAN_WINDOW)
    assert ada.complaints == []
    ada.close()


def _is_embedded(document: Document) -> bool:
    with system_scope("tests.bench"):
        return PassageVector.objects.filter(document=document).count() == len(SHOP)

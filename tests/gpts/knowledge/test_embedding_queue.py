"""The job that makes vectors: fair between workspaces, resumable, with either kind of model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache

from gpts.assistants.models import GPT
from gpts.knowledge.models import IndexSegment, PassageVector
from gpts.knowledge.retrieval import Lookup, find_passages, get_question_embedder, look_up
from gpts.knowledge.retrieval import index as index_module
from gpts.knowledge.retrieval.vectors import VectorStatus
from gpts.knowledge.services import embedding_queue
from gpts.knowledge.services.embedding_queue import embed_waiting_documents, get_waiting_count
from gpts.knowledge.tasks import index_waiting
from gpts.llm.embeddings import get_embedding_model, may_have_embedding_models
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.runtime import builtin_embeddings
from gpts.llm.services.providers import ensure_builtin_embeddings
from gpts.llm.services.semantic_search import set_search_mode
from gpts.llm.states import ModelKind, ProviderKind
from tests.fakes.openai_server import ModelServer
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import OperatorUserFactory
from tests.support.jobs import take_jobs
from tests.support.retrieval import add_document
from tests.support.times import NOW

pytestmark = pytest.mark.django_db

SHOP = [
    ("Returns", "You can give a bicycle back within 30 days if it has no scratches."),
    ("保险", "盗窃保险每月八欧元，签约次日生效。"),
    ("Delivery", "We bring assembled bicycles to your door within the city."),
]


@pytest.fixture(autouse=True)
def clear_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


class Clock:
    """Goes on by ``step`` seconds each time it is read."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = NOW, step

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=self.step)
        return self.now


def add_provider(server: ModelServer, gpt: GPT | None = None, name: str = "embed-64") -> LanguageModel:
    provider = ModelProvider.objects.create(
        workspace=gpt.workspace if gpt else None, name=f"Vectors {name}", base_url=server.url, created_at=NOW,
        kind=ProviderKind.CHAT_COMPLETIONS,
    )  # fmt: skip
    return LanguageModel.objects.create(
        provider=provider, name=name, label=name, context_window=8_000, max_output_tokens=1,
        kind=ModelKind.EMBEDDING, dimensions=64,
    )  # fmt: skip


def search(gpt: GPT, text: str) -> Lookup:
    embedder = get_question_embedder(gpt)
    return look_up(gpt, text, vector=None if embedder is None else embedder.embed([text])[0])


def test_without_a_provider_questions_in_other_words_and_languages_are_found() -> None:
    gpt = GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)
    ensure_builtin_embeddings(at=NOW)
    assert search(gpt, "Returns").vectors is VectorStatus.WAITING

    assert embed_waiting_documents(clock=Clock()) == 3

    document.refresh_from_db()
    assert document.embedded_at == NOW
    found = search(gpt, "What does it cost to protect me from thieves?")
    assert (found.vectors, found.hits[0].passage.heading, found.hits[0].text_rank) == (
        VectorStatus.USED,
        "保险",
        0,
    )
    assert embed_waiting_documents(clock=Clock()) == 0


def test_a_providers_model_replaces_the_built_in_one_and_back(model_server: ModelServer) -> None:
    """Answers go on by words meanwhile, vectors of two models are never compared."""
    gpt, operator = GPTFactory.create(), OperatorUserFactory.create()
    add_document(gpt, "shop.md", SHOP)
    built_in = ensure_builtin_embeddings(at=NOW)
    embed_waiting_documents(clock=Clock())

    provided = add_provider(model_server)
    between = search(gpt, "bicycles")
    assert (between.vectors, [hit.vector_rank for hit in between.hits]) == (VectorStatus.WAITING, [0, 0])
    assert embed_waiting_documents(clock=Clock()) == 3
    assert set(PassageVector.objects.values_list("model_id", flat=True)) == {provided.pk}
    assert search(gpt, "bicycles").vectors is VectorStatus.USED

    set_search_mode(mode="built_in", by=operator, at=NOW)
    assert get_embedding_model(gpt.workspace_id) == built_in
    assert search(gpt, "bicycles").vectors is VectorStatus.WAITING
    assert embed_waiting_documents(clock=Clock()) == 3
    assert set(PassageVector.objects.values_list("model_id", flat=True)) == {built_in.pk}

    set_search_mode(mode="full_text", by=operator, at=NOW)
    assert get_embedding_model(gpt.workspace_id) is None
    assert search(gpt, "bicycles").vectors is VectorStatus.NONE
    assert embed_waiting_documents(clock=Clock()) == 0
    assert not may_have_embedding_models()
    assert PassageVector.objects.count() == 3


@pytest.mark.parametrize("reason", ["off", "missing"])
def test_where_the_model_is_off_or_missing_words_are_searched(
    settings: Any, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)
    ensure_builtin_embeddings(at=NOW)
    if reason == "off":
        settings.SEMANTIC_SEARCH = False
    else:
        monkeypatch.setattr(builtin_embeddings, "is_available", lambda: False)

    assert embed_waiting_documents(clock=Clock()) == 0

    found = search(gpt, "bicycles")
    assert (found.vectors, found.hits[0].text_rank) == (VectorStatus.NONE, 1)


def test_the_worker_is_shared_between_workspaces(model_server: ModelServer) -> None:
    """A workspace with many files does not keep another one waiting; a job that ends sends the next."""
    crowded, small = GPTFactory.create(), GPTFactory.create()
    for number in range(4):
        add_document(crowded, f"{number}.md", [("", f"Text {number} of many.")])
    last = add_document(small, "one.md", [("", "The only text.")])
    add_provider(model_server)

    # Each reading of the clock takes eight of the job's sixty seconds.
    assert embed_waiting_documents(clock=Clock(step=8.0)) == 2

    last.refresh_from_db()
    assert last.embedded_at is not None
    assert [name for name, _arguments in take_jobs()] == ["gpts.embed_waiting"]
    assert get_waiting_count() == 5
    assert embed_waiting_documents(clock=Clock()) == 3


@pytest.mark.parametrize("hosts", [["127.0.0.1"], []])
def test_a_failing_server_of_one_workspace_delays_no_other(
    model_server: ModelServer, settings: Any, hosts: list[str]
) -> None:
    """With ``hosts`` it answers with an error, without it is not called: the guard refuses its address."""
    settings.OUTBOUND_TENANT_PRIVATE_HOSTS = hosts
    broken, fine = GPTFactory.create(), GPTFactory.create()
    add_document(broken, "a.md", SHOP)
    add_document(fine, "b.md", SHOP)
    add_provider(model_server, broken)
    ensure_builtin_embeddings(at=NOW)
    model_server.state.control = "server-error"

    assert embed_waiting_documents(clock=Clock()) == 3
    asked = len(model_server.state.requests)
    assert embed_waiting_documents(clock=Clock()) == 0

    assert set(PassageVector.objects.values_list("workspace_id", flat=True)) == {fine.workspace_id}
    assert len(model_server.state.requests) == asked


def test_an_interrupted_run_goes_on_where_it_was(
    model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "a.md", [("", f"Text {number}.") for number in range(70)])
    add_provider(model_server)
    with monkeypatch.context() as patch:
        patch.setattr(embedding_queue, "SLICE_SECONDS", -1)
        patch.setattr(embedding_queue, "JOB_SECONDS", 1)
        assert embed_waiting_documents(clock=Clock(step=0.4)) == 64

    # A job that was killed keeps its leases until they expire; another takes what is free.
    cache.clear()
    assert embed_waiting_documents(clock=Clock()) == 6
    assert [len(request["body"]["input"]) for request in model_server.state.requests] == [64, 6]


def test_at_most_so_many_jobs_run_at_once(model_server: ModelServer, settings: Any) -> None:
    settings.EMBEDDING_JOBS = 1
    gpt = GPTFactory.create()
    add_document(gpt, "a.md", SHOP)
    add_provider(model_server)
    cache.set("gpts:embedding-job:0", "another job", 60)

    assert embed_waiting_documents(clock=Clock()) == 0

    cache.delete("gpts:embedding-job:0")
    assert embed_waiting_documents(clock=Clock()) == 3


def test_an_old_index_answers_until_it_is_rebuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    gpt = GPTFactory.create()
    texts = ["這是倉庫的鑰匙。", "किताबें मेज पर हैं।", "الإيجار الشهري مرتفع.", "Pay 1,685 euros now."]
    document = add_document(gpt, "old.md", [(str(number), text) for number, text in enumerate(texts)])
    IndexSegment.objects.all().delete()
    build_old_index(document, monkeypatch)
    questions = ["倉庫", "किताबें", "الإيجار", "1,685"]

    before = [find_passages(gpt, question)[0].text for question in questions]
    assert index_waiting() == 1
    after = [find_passages(gpt, question)[0].text for question in questions]

    assert before == after == texts
    assert set(IndexSegment.objects.values_list("terms_version", flat=True)) == {2}
    assert index_waiting() == 0


def build_old_index(document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Index as version 1 did: with its terms, which terms_v1 still knows."""
    from gpts.knowledge.retrieval import postings, terms_v1

    with monkeypatch.context() as patch:
        patch.setattr(postings, "extract_terms", terms_v1.extract_old_terms)
        patch.setattr(index_module, "TERMS_VERSION", 1)
        index_module.index_passages(document)

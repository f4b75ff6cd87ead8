"""Embeddings: making them in batches, changing the model, searching with them and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection

from core.outbound_purposes import Purpose
from core.scope import Scope, open_scope
from gpts.assistants.models import GPT
from gpts.knowledge.models import Document, Passage, PassageVector
from gpts.knowledge.retrieval import Lookup, get_question_embedder, look_up, remove_from_index
from gpts.knowledge.retrieval.embedding import embed_passages, get_embedding_progress
from gpts.knowledge.retrieval.vectors import VectorStatus, nearest_passages
from gpts.knowledge.services.embedding_queue import list_waiting_documents
from gpts.llm.embeddings import get_embedding_model
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.runtime.embeddings import embed
from gpts.llm.runtime.types import FailureCode, ModelAPI, ModelFailure, ModelSpec
from gpts.llm.states import ModelKind, ProviderKind
from tests.fakes.openai_server import ModelServer
from tests.support.factories.gpts import GPTFactory
from tests.support.retrieval import add_corpus, add_document, read_questions
from tests.support.times import LATER, NOW

pytestmark = pytest.mark.django_db

SHOP = [
    ("Returns", "You can return a bicycle within 30 days if it has no scratches."),
    ("Insurance", "Theft insurance costs eight euros a month and starts on the day after you sign."),
    ("Delivery", "We deliver assembled bicycles to your door within the city."),
]


@pytest.fixture(autouse=True)
def clear_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def create_model(running: ModelServer, name: str = "embed-64", **fields: object) -> LanguageModel:
    row, _made = ModelProvider.objects.get_or_create(
        name="Vectors",
        defaults={"kind": ProviderKind.CHAT_COMPLETIONS, "base_url": running.url, "created_at": NOW},
    )
    return LanguageModel.objects.create(
        provider=row, name=name, label=name, context_window=8_000, max_output_tokens=1,
        kind=ModelKind.EMBEDDING, dimensions=int(name.rpartition("-")[2]), **fields,
    )  # fmt: skip


def list_waiting(gpt: GPT) -> list[int]:
    model = get_embedding_model(gpt.workspace_id)
    return [] if model is None else list(list_waiting_documents(model).values_list("pk", flat=True))


def search(gpt: GPT, text: str, limit: int = 5) -> Lookup:
    """Search as a turn does: the question's vector is made first."""
    embedder = get_question_embedder(gpt)
    vector = None if embedder is None else embedder.embed([text])[0]
    return look_up(gpt, text, limit, vector=vector)


def test_without_a_model_full_text_is_used_alone() -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)

    found = search(gpt, "theft insurance")

    assert found.vectors is VectorStatus.NONE
    assert [(hit.text_rank, hit.vector_rank) for hit in found.hits] == [(1, 0)]
    assert list_waiting(gpt) == []


def test_a_document_gets_its_vectors_and_questions_use_them(model_server: ModelServer) -> None:
    gpt = GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)
    model = create_model(model_server)
    assert search(gpt, "theft insurance").vectors is VectorStatus.WAITING
    assert list_waiting(gpt) == [document.pk]

    assert embed_passages(document.pk, at=LATER) == 3

    document.refresh_from_db()
    assert document.embedded_at == LATER
    assert list_waiting(gpt) == []
    assert get_embedding_progress([document.pk], gpt.workspace_id) == (3, 3)
    found = search(gpt, "insurances for thefts")
    assert found.vectors is VectorStatus.USED
    first = found.hits[0]
    assert (first.passage.heading, first.text_rank, first.vector_rank) == ("Insurance", 1, 1)
    assert set(PassageVector.objects.values_list("model_id", flat=True)) == {model.pk}


def test_running_again_sends_no_request(model_server: ModelServer) -> None:
    document = add_document(GPTFactory.create(), "shop.md", SHOP)
    create_model(model_server)
    embed_passages(document.pk, at=NOW)
    asked = len(model_server.state.requests)

    assert embed_passages(document.pk, at=LATER) == 0
    assert len(model_server.state.requests) == asked


def test_changing_the_model_replaces_all_vectors(model_server: ModelServer) -> None:
    gpt = GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)
    old = create_model(model_server)
    embed_passages(document.pk, at=NOW)
    old.retired_at = NOW
    old.save()
    new = create_model(model_server, "embed-32")

    assert get_embedding_model(gpt.workspace_id) == new
    assert list_waiting(gpt) == [document.pk]
    assert embed_passages(document.pk, at=LATER) == 3
    assert set(PassageVector.objects.values_list("model_id", flat=True)) == {new.pk}
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT length(code), vector_dims(vector) FROM gpts_passagevector")
        assert cursor.fetchall() == [(32, 32)]


def test_a_long_document_is_sent_in_batches(model_server: ModelServer) -> None:
    sections = [(f"Part {number}", f"Sentence number {number} of a long story.") for number in range(150)]
    document = add_document(GPTFactory.create(), "long.md", sections)
    create_model(model_server)

    assert embed_passages(document.pk, at=NOW) == 150

    assert [len(request["body"]["input"]) for request in model_server.state.requests] == [64, 64, 22]


def test_after_a_failure_the_server_is_not_called_for_a_while(
    model_server: ModelServer,
) -> None:
    gpt = GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)
    create_model(model_server)
    embed_passages(document.pk, at=NOW)
    model_server.state.control = "server-error"
    asked = len(model_server.state.requests)

    first, second = search(gpt, "theft insurance"), search(gpt, "theft insurance")

    assert (first.vectors, second.vectors) == (VectorStatus.DOWN, VectorStatus.DOWN)
    assert first.hits[0].passage.heading == "Insurance"
    assert len(model_server.state.requests) == asked + 1


def test_a_document_stays_waiting_when_the_server_fails(model_server: ModelServer) -> None:
    gpt = GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)
    model = create_model(model_server)
    model_server.state.control = "rate-limited"

    with pytest.raises(ModelFailure) as failure:
        embed_passages(document.pk, at=NOW)

    assert failure.value.code is FailureCode.RATE_LIMITED
    assert Document.objects.get(pk=document.pk).embedded_at is None
    assert list_waiting(gpt) == [document.pk]
    model.refresh_from_db()
    assert (model.embedding_failure, model.embedding_failed_at) == ("rate_limited", NOW)

    model_server.state.control = ""
    embed_passages(document.pk, at=LATER)

    model.refresh_from_db()
    assert (model.embedding_failure, model.embedding_failed_at) == ("", None)


def test_a_slow_server_is_given_up_at_the_timeout(model_server: ModelServer) -> None:
    model_server.state.control = "slow"
    spec = ModelSpec(
        "embed-64", ModelAPI.CHAT_COMPLETIONS, base_url=model_server.url, purpose=Purpose.INSTANCE_PROVIDER
    )

    with pytest.raises(ModelFailure) as failure:
        embed(spec, ["text"], timeout=0.2)

    assert failure.value.code is FailureCode.PROVIDER_SLOW


def test_an_unreachable_server_is_reported_as_down() -> None:
    spec = ModelSpec(
        "embed-64",
        ModelAPI.CHAT_COMPLETIONS,
        base_url="http://127.0.0.1:9/v1",
        purpose=Purpose.INSTANCE_PROVIDER,
    )

    with pytest.raises(ModelFailure) as failure:
        embed(spec, ["text"], timeout=5.0)

    assert failure.value.code is FailureCode.PROVIDER_DOWN


def test_vectors_of_other_workspaces_are_not_searched(model_server: ModelServer) -> None:
    gpt, other = GPTFactory.create(), GPTFactory.create()
    add_document(gpt, "bells.md", [("Bells", "Bells are free of charge.")])
    foreign = add_document(other, "shop.md", SHOP)
    create_model(model_server)
    for document in Document.objects.all():
        embed_passages(document.pk, at=NOW)

    found = search(gpt, "theft insurance for bicycles", limit=20)

    assert foreign.pk not in {hit.passage.document_id for hit in found.hits}


def test_a_thousand_nearer_vectors_of_others_leave_room_for_ones_own(model_server: ModelServer) -> None:
    """Also when the list of documents, which a fault might widen, names those of the other workspace."""
    gpt, other = GPTFactory.create(), GPTFactory.create()
    own = add_document(gpt, "shop.md", SHOP)
    foreign = add_document(other, "copy.md", [("Copy", "Something else.")])
    model = create_model(model_server)
    embed_passages(own.pk, at=NOW)
    question = "theft insurance for bicycles"
    embedder = get_question_embedder(gpt)
    assert embedder is not None
    asked = embedder.embed([question])[0]
    exact = list(asked.values or ())
    crowd = Passage.objects.bulk_create(
        Passage(workspace_id=foreign.workspace_id, document=foreign, position=10 + number, text="x")
        for number in range(1_000)
    )
    PassageVector.objects.bulk_create(
        PassageVector(
            workspace_id=foreign.workspace_id, document=foreign, passage=passage, model=model,
            code="".join("1" if value > 0 else "0" for value in exact), vector=exact,
        )
        for passage in crowd
    )  # fmt: skip

    with open_scope(Scope(workspace_ids=(gpt.workspace_id,))):
        found = nearest_passages(gpt, (own.pk, foreign.pk), asked, 3, [(foreign.pk, 10)])

    assert found.status is VectorStatus.USED
    assert [passage.document for passage in found.near] == [own.pk] * 3
    assert {document for document, _position in found.scores} == {own.pk}


def test_removing_from_the_index_deletes_vectors(model_server: ModelServer) -> None:
    document = add_document(GPTFactory.create(), "shop.md", SHOP)
    create_model(model_server)
    embed_passages(document.pk, at=NOW)

    remove_from_index(document)

    assert not PassageVector.objects.exists()


def test_recall_with_vectors_is_at_least_85_percent(model_server: ModelServer) -> None:
    gpt: GPT = GPTFactory.create()
    add_corpus(gpt)
    create_model(model_server, "embed-256")
    for document in Document.objects.all():
        embed_passages(document.pk, at=NOW)

    asked = [question for question in read_questions() if question.answer]
    missed = []
    for question in asked:
        found = search(gpt, question.text)
        assert found.vectors is VectorStatus.USED
        if question.answer not in {f"{p.file}#{p.heading}" for p in found.passages}:
            missed.append(question.text)

    assert 1 - len(missed) / len(asked) >= 0.85, missed

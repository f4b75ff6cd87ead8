"""Packed codes of passages find the same passages as their rows, and never outlive the vectors."""

from __future__ import annotations

import numpy as np
import pytest

from core.scope import Scope, open_scope
from gpts.assistants.models import GPT
from gpts.knowledge.models import Document, Passage, PassageVector, VectorBlock
from gpts.knowledge.retrieval import remove_from_index, vector_blocks
from gpts.knowledge.retrieval.embedding import embed_passages
from gpts.knowledge.retrieval.question_vectors import QuestionVector
from gpts.knowledge.retrieval.vector_blocks import find_candidates, pack_vectors
from gpts.knowledge.retrieval.vectors import NearPassages, VectorStatus, nearest_passages
from gpts.knowledge.services.embedding_queue import list_waiting_documents
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.states import ModelKind, ProviderKind
from tests.fakes.openai_server import ModelServer
from tests.support.factories.gpts import GPTFactory
from tests.support.retrieval import add_document
from tests.support.times import LATER, NOW

pytestmark = pytest.mark.django_db

SECTIONS = [(f"Part {number}", f"What part {number} says.") for number in range(30)]


def create_model(dimensions: int, *, url: str = "http://127.0.0.1:9/v1") -> LanguageModel:
    provider = ModelProvider.objects.create(
        name="Vectors", kind=ProviderKind.CHAT_COMPLETIONS, base_url=url, created_at=NOW
    )
    return LanguageModel.objects.create(
        provider=provider, name=f"embed-{dimensions}", label="Vectors", context_window=8_000,
        max_output_tokens=1, kind=ModelKind.EMBEDDING, dimensions=dimensions,
    )  # fmt: skip


def add_vectors(document: Document, model: LanguageModel, seed: int) -> None:
    random = np.random.default_rng(seed)
    PassageVector.objects.bulk_create(
        PassageVector(
            workspace_id=document.workspace_id, document=document, passage=passage, model=model,
            code="".join("1" if value > 0 else "0" for value in vector), vector=vector.tolist(),
        )
        for passage in Passage.objects.filter(document=document).order_by("position")
        for vector in [random.normal(size=model.dimensions).round(2)]
    )  # fmt: skip


def find(
    gpt: GPT, documents: list[Document], model: LanguageModel, values: tuple[float, ...]
) -> NearPassages:
    question = QuestionVector(model.pk, values)
    with open_scope(Scope(workspace_ids=(gpt.workspace_id,))):
        return nearest_passages(gpt, tuple(d.pk for d in documents), question, 10, [(documents[0].pk, 29)])


@pytest.mark.parametrize("dimensions", [64, 65, 7])
def test_blocks_find_what_rows_find(dimensions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while some documents are still in rows, and with codes that do not fill their bytes."""
    monkeypatch.setattr(vector_blocks, "BLOCK_PASSAGES", 12)
    gpt = GPTFactory.create()
    documents = [add_document(gpt, f"{n}.md", [(str(n), "First."), *SECTIONS[1:]]) for n in range(3)]
    model = create_model(dimensions)
    for seed, document in enumerate(documents):
        add_vectors(document, model, seed)
    values = tuple(np.random.default_rng(9).normal(size=dimensions).tolist())
    by_rows = find(gpt, documents, model, values)
    assert (by_rows.status, len(by_rows.near)) == (VectorStatus.USED, 10)

    for document in documents:
        pack_vectors(document.pk, model.pk, dimensions)
        assert find(gpt, documents, model, values).near == by_rows.near
    assert VectorBlock.objects.count() == 9
    assert find(gpt, documents, model, values) == by_rows


def test_codes_are_compared_bit_by_bit() -> None:
    gpt = GPTFactory.create()
    document = add_document(gpt, "a.md", SECTIONS[:4])
    model = create_model(3)
    passages = list(Passage.objects.filter(document=document).order_by("position"))
    for passage, code in zip(passages, ["000", "111", "101", "010"], strict=True):
        PassageVector.objects.create(
            workspace_id=document.workspace_id, document=document, passage=passage, model=model,
            code=code, vector=[1.0 if bit == "1" else -1.0 for bit in code],
        )  # fmt: skip
    pack_vectors(document.pk, model.pk, 3)

    found = find_candidates([document.pk], model.pk, (0.5, -0.5, 0.1), near=1, far=1)

    assert found.documents == {document.pk}
    assert (found.near, found.far) == ((passages[2].pk,), (passages[3].pk,))
    assert find_candidates([document.pk], model.pk, (0.5, 0.1), near=1, far=1).documents == frozenset()
    assert find_candidates([], model.pk, (0.5, -0.5, 0.1), near=1, far=1).documents == frozenset()


def test_blocks_of_other_workspaces_are_not_read() -> None:
    gpt, other = GPTFactory.create(), GPTFactory.create()
    own, foreign = add_document(gpt, "a.md", SECTIONS[:2]), add_document(other, "b.md", SECTIONS)
    model = create_model(64)
    for document in (own, foreign):
        add_vectors(document, model, 1)
        pack_vectors(document.pk, model.pk, 64)

    found = find(gpt, [own, foreign], model, tuple([0.1] * 64))

    assert {passage.document for passage in found.near} == {own.pk}
    assert {document for document, _position in found.scores} == {own.pk}


def test_blocks_are_made_at_the_end_and_go_with_the_vectors(model_server: ModelServer) -> None:
    document = add_document(GPTFactory.create(), "a.md", SECTIONS)
    model = create_model(64, url=model_server.url)

    embed_passages(document.pk, at=NOW)

    block = VectorBlock.objects.get(document=document)
    assert (block.dimensions, len(block.codes), len(block.passages)) == (64, 30 * 8, 30 * 8)
    PassageVector.objects.filter(passage__position=3).delete()
    embed_passages(document.pk, at=LATER)
    assert VectorBlock.objects.get(document=document).pk != block.pk

    model.retired_at = NOW
    model.save()
    new = LanguageModel.objects.create(
        provider=model.provider, name="embed-32", label="New", context_window=8_000, max_output_tokens=1,
        kind=ModelKind.EMBEDDING, dimensions=32,
    )  # fmt: skip
    embed_passages(document.pk, at=LATER)
    assert list(VectorBlock.objects.values_list("model_id", "dimensions")) == [(new.pk, 32)]

    remove_from_index(document)
    assert not VectorBlock.objects.exists()


def test_a_document_of_an_earlier_release_gets_blocks_without_a_request(model_server: ModelServer) -> None:
    document = add_document(GPTFactory.create(), "a.md", SECTIONS)
    model = create_model(64, url=model_server.url)
    embed_passages(document.pk, at=NOW)
    VectorBlock.objects.all().delete()
    asked = len(model_server.state.requests)
    assert list(list_waiting_documents(model)) == [document]

    embed_passages(document.pk, at=LATER)

    assert VectorBlock.objects.filter(document=document).exists()
    assert list(list_waiting_documents(model)) == []
    assert len(model_server.state.requests) == asked

"""Embeddings servers that take little at once or answer wrongly: halved, remembered, shown."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from gpts.assistants.models import GPT
from gpts.knowledge.models import Document, PassageVector
from gpts.knowledge.retrieval.embedding import embed_passages
from gpts.knowledge.services.embedding_queue import list_waiting_documents
from gpts.llm.embedding_messages import describe_embedding_failure
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.runtime.types import ModelFailure
from gpts.llm.states import ModelKind, ProviderKind
from tests.fakes.openai_server import ModelServer
from tests.support.factories.gpts import GPTFactory
from tests.support.retrieval import add_document
from tests.support.times import LATER, NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clear_cache() -> None:
    cache.clear()


def arrange(server: ModelServer, control: str, texts: list[str]) -> tuple[LanguageModel, Document, GPT]:
    provider = ModelProvider.objects.create(
        name="Vectors", kind=ProviderKind.CHAT_COMPLETIONS, base_url=server.url, created_at=NOW
    )
    model = LanguageModel.objects.create(
        provider=provider, name="embed-64", label="Vectors", context_window=8_000, max_output_tokens=1,
        kind=ModelKind.EMBEDDING, dimensions=64,
    )  # fmt: skip
    gpt = GPTFactory.create()
    document = add_document(gpt, "long.md", [("", text) for text in texts])
    server.state.control = control
    return model, document, gpt


def list_sizes(server: ModelServer) -> list[int]:
    return [len(request["body"]["input"]) for request in server.state.requests]


TEXTS = [f"Sentence number {number} of a long story." for number in range(70)]


@pytest.mark.parametrize(
    ("control", "texts", "made", "limits"),
    [
        # A limit of the batch: halved until it fits, and remembered.
        ("at-most:10", TEXTS, 70, (8, 8_000)),
        ("at-most:1", TEXTS[:5], 5, (1, 8_000)),
        # A limit of each text: shortened, and remembered in tokens; the batches stay as they are.
        ("short:400", ["word " * 200, *TEXTS[:3]], 4, (64, 62)),
        # One text without a usable vector is left to words; the others of its batch get theirs.
        ("nan", [*TEXTS[:20], "This is poison.", *TEXTS[20:40]], 40, (None, None)),
        ("zeros", ["poison", *TEXTS[:3]], 3, (None, None)),
        # Out of order, but with their numbers.
        ("shuffled", TEXTS[:3], 3, (None, None)),
    ],
)
def test_what_a_server_takes_is_found_out(
    model_server: ModelServer,
    control: str,
    texts: list[str],
    made: int,
    limits: tuple[int | None, int | None],
) -> None:
    model, document, _gpt = arrange(model_server, control, texts)

    assert embed_passages(document.pk, at=NOW) == made

    model.refresh_from_db()
    document.refresh_from_db()
    assert (model.batch_texts, model.text_tokens, model.embedding_failure) == (*limits, "")
    assert document.embedded_at == NOW
    assert not list_waiting_documents(model).exists()
    assert PassageVector.objects.count() == made


def test_the_next_document_is_sent_within_the_limits_at_once(model_server: ModelServer) -> None:
    _model, document, gpt = arrange(model_server, "at-most:10", TEXTS)
    embed_passages(document.pk, at=NOW)
    other = add_document(gpt, "other.md", [("", f"Another {text}") for text in TEXTS[:20]])
    model_server.state.requests.clear()

    embed_passages(other.pk, at=LATER)

    assert list_sizes(model_server) == [8, 8, 4]


@pytest.mark.parametrize(
    ("control", "code"),
    [
        ("server-error", "refused"),
        ("fewer", "refused"),
        ("longer", "dimensions"),
        ("unauthorized", "bad_key"),
    ],
)
def test_a_server_that_cannot_embed_is_named_and_not_asked_for_ever(
    model_server: ModelServer, control: str, code: str
) -> None:
    model, document, _gpt = arrange(model_server, control, TEXTS)

    with pytest.raises(ModelFailure):
        embed_passages(document.pk, at=NOW)

    model.refresh_from_db()
    assert (model.embedding_failure, model.embedding_failed_at) == (code, NOW)
    assert describe_embedding_failure(model)
    assert len(model_server.state.requests) <= 14
    assert not PassageVector.objects.exists()
    assert Document.objects.get().embedded_at is None


def test_vectors_of_other_dimensions_are_made_again(model_server: ModelServer) -> None:
    model, document, _gpt = arrange(model_server, "", TEXTS[:3])
    embed_passages(document.pk, at=NOW)
    LanguageModel.objects.filter(pk=model.pk).update(dimensions=65)
    model.refresh_from_db()
    model_server.state.control = "longer"
    assert list(list_waiting_documents(model)) == [document]

    assert embed_passages(document.pk, at=LATER) == 3

    assert not list_waiting_documents(model).exists()
    assert {len(vector.code) for vector in PassageVector.objects.all()} == {65}

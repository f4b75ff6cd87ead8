"""Making embeddings of passages, in batches, and again when the model changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from core.jobs import enqueue_on_commit, log_refused_task
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.knowledge.models import Document, KnowledgeFile, Passage, PassageVector
from gpts.knowledge.states import FileState
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.embeddings import embed
from gpts.llm.runtime.types import ModelAPI, ModelFailure, ModelSpec
from gpts.llm.services.providers import get_provider_key
from gpts.llm.states import ModelKind, ProviderKind

# Texts in one request; timeouts of a batch and of one question in seconds.
BATCH = 64
BATCH_SECONDS = 60.0
QUESTION_SECONDS = 1.5
QUESTION_LENGTH = 2_000
# After a failure, questions skip the embeddings server for this long instead of each waiting for the timeout.
PAUSE_SECONDS = 30
SWEEP = 50

_INSERT = (
    "INSERT INTO gpts_passagevector (workspace_id, document_id, passage_id, model_id, code, vector)"
    " SELECT %s, %s, %s, %s, binary_quantize(%s::halfvec), %s::halfvec"
    " ON CONFLICT (passage_id, model_id) DO NOTHING"
)


def get_embedding_model(workspace_id: int) -> LanguageModel | None:
    """Return the embeddings model of a workspace, its own before the instance's; None without one."""
    return (
        LanguageModel.objects.select_related("provider")
        .filter(
            Q(provider__workspace__isnull=True) | Q(provider__workspace_id=workspace_id),
            Q(retired_at__isnull=True) | Q(retired_at__gt=Now()),
            kind=ModelKind.EMBEDDING,
            provider__is_enabled=True,
        )
        .exclude(provider__kind=ProviderKind.OFFLINE)
        .order_by(F("provider__workspace_id").asc(nulls_last=True), "id")
        .first()
    )


@dataclass(frozen=True)
class QuestionVector:
    """The vector of a question by one model; without ``values`` the embeddings server gave none."""

    model_id: int
    values: tuple[float, ...] | None = None


@dataclass(frozen=True)
class QuestionEmbedder:
    """What is needed to make vectors of questions once the transaction that read it has ended."""

    model_id: int
    dimensions: int
    spec: ModelSpec

    def embed(self, texts: Sequence[str]) -> list[QuestionVector]:
        """Return a vector for each text, by one request of QUESTION_SECONDS at most. Not in a transaction."""
        pause_key = f"gpts:embedding-rests:{self.model_id}"
        nothing = [QuestionVector(self.model_id) for _text in texts]
        given = [text[:QUESTION_LENGTH] for text in texts if text.strip()]
        if not given or cache.get(pause_key):
            return nothing
        try:
            found = iter(embed(self.spec, given, timeout=QUESTION_SECONDS))
        except ModelFailure:
            cache.set(pause_key, True, PAUSE_SECONDS)
            return nothing
        return [
            self._build_vector(next(found)) if text.strip() else QuestionVector(self.model_id)
            for text in texts
        ]

    def _build_vector(self, values: list[float]) -> QuestionVector:
        is_right = len(values) == self.dimensions
        return QuestionVector(self.model_id, tuple(values) if is_right else None)


def get_question_embedder(gpt: GPT) -> QuestionEmbedder | None:
    """Return what makes vectors of questions to ``gpt``; None without a model, or without a file."""
    model = get_embedding_model(gpt.workspace_id)
    if model is None or model.dimensions is None:
        return None
    with gpt_workspace_scope(gpt):
        files = KnowledgeFile.objects.filter(gpt=gpt, document__state=FileState.READY)
        if not files.exists():
            return None
    return QuestionEmbedder(model.pk, model.dimensions, _build_spec(model))


def schedule_embedding(document: Document) -> None:
    """Enqueue the making of a document's vectors after commit, if there is an embeddings model."""
    if get_embedding_model(document.workspace_id) is not None:
        enqueue_on_commit("gpts.embed_document", document_id=document.pk)


def embed_passages(document_id: int, *, at: datetime) -> int:
    """Make the vectors that a document lacks; returns how many were made. Idempotent.

    One transaction for each batch, so that an interrupted run continues where it stopped. At the end sets
    ``embedded_at`` and deletes vectors of earlier models. Raises ModelFailure when the model does not answer.
    """
    made = 0
    while True:
        with system_scope("gpts.embed_document"):
            document = Document.objects.filter(
                pk=document_id, state=FileState.READY, workspace__suspended_at__isnull=True
            ).first()
            model = get_embedding_model(document.workspace_id) if document is not None else None
            if document is None or model is None:
                reason = "not_ready" if document is None else "no_model"
                log_refused_task("gpts.embed_document", reason, document_id=document_id)
                return made
            passages = list(_filter_passages_without_vector(document, model)[:BATCH])
            if not passages:
                PassageVector.objects.filter(document=document).exclude(model=model).delete()
                Document.objects.filter(pk=document_id).update(embedded_at=at)
                return made
            spec = _build_spec(model)
        # No transaction is open during the request.
        texts = [f"{passage.heading}\n{passage.text}".strip() for passage in passages]
        vectors = embed(spec, texts, timeout=BATCH_SECONDS)
        with system_scope("gpts.embed_document"):
            made += _save_vectors(document, model, passages, vectors)


def list_documents_to_embed() -> list[int]:
    """Return ids of up to SWEEP documents that lack vectors of the current model, in the open scope."""
    found: list[int] = []
    for workspace_id in _list_workspaces_with_documents():
        model = get_embedding_model(workspace_id)
        if model is None:
            continue
        current = PassageVector.objects.filter(document=OuterRef("pk"), model=model)
        waiting = Document.objects.filter(
            Q(embedded_at__isnull=True) | ~Exists(current),
            workspace_id=workspace_id,
            state=FileState.READY,
            passage_count__gt=0,
        )
        found.extend(waiting.order_by("id").values_list("pk", flat=True)[: SWEEP - len(found)])
        if len(found) >= SWEEP:
            break
    return found


def get_embedding_progress(document_ids: Iterable[int], workspace_id: int) -> tuple[int, int] | None:
    """Return (passages with a vector of the current model, all passages); None without a model."""
    model = get_embedding_model(workspace_id)
    if model is None:
        return None
    documents = list(document_ids)
    done = PassageVector.objects.filter(document_id__in=documents, model=model).count()
    return done, Passage.objects.filter(document_id__in=documents).count()


def _list_workspaces_with_documents() -> QuerySet[Document, int]:
    if not LanguageModel.objects.filter(kind=ModelKind.EMBEDDING, provider__is_enabled=True).exists():
        return Document.objects.none().values_list("workspace_id", flat=True)
    ready = Document.objects.filter(state=FileState.READY, workspace__suspended_at__isnull=True)
    return ready.order_by("workspace_id").values_list("workspace_id", flat=True).distinct()


def _filter_passages_without_vector(document: Document, model: LanguageModel) -> QuerySet[Passage]:
    made = PassageVector.objects.filter(passage=OuterRef("pk"), model=model)
    return (
        Passage.objects.filter(~Exists(made), document=document)
        .only("id", "heading", "text")
        .order_by("position")
    )


@transaction.atomic
def _save_vectors(
    document: Document, model: LanguageModel, passages: list[Passage], vectors: list[list[float]]
) -> int:
    # Passages that were deleted during the request get no vectors.
    existing = set(
        Passage.objects.filter(pk__in=[passage.pk for passage in passages]).values_list("pk", flat=True)
    )
    rows: list[list[str | int]] = []
    for passage, vector in zip(passages, vectors, strict=True):
        if passage.pk in existing:
            written = "[" + ",".join(f"{value:.6g}" for value in vector) + "]"
            rows.append([document.workspace_id, document.pk, passage.pk, model.pk, written, written])
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
    return len(rows)


def _build_spec(model: LanguageModel) -> ModelSpec:
    provider = model.provider
    return ModelSpec(
        name=model.name,
        api=ModelAPI(provider.kind),
        base_url=provider.base_url,
        api_key=get_provider_key(provider),
        purpose=provider.purpose,
    )

"""Which embeddings model a workspace has, and how to embed with it.

For knowledge, and for whatever else compares texts by meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.core.cache import cache
from django.db.models import Case, Exists, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Now

from core.connections import release_connection
from gpts.llm.models import LanguageModel, SemanticSearch
from gpts.llm.runtime import builtin_embeddings
from gpts.llm.runtime.builtin_embeddings import Kind
from gpts.llm.runtime.embedding_batches import BatchLimits, Embedded, describe_failure, embed_within_limits
from gpts.llm.runtime.embeddings import embed
from gpts.llm.runtime.types import ModelAPI, ModelFailure, ModelSpec
from gpts.llm.services.providers import get_provider_key
from gpts.llm.states import ModelKind, ProviderKind, SearchMode

DIMENSIONS_DIFFER = "dimensions"
_KNOWN_KEY = "gpts:has-embedding-models"
_KNOWN_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Embedder:
    """Makes vectors by one model. It is built inside a transaction and used after it."""

    model_id: int
    dimensions: int
    spec: ModelSpec
    limits: BatchLimits

    @property
    def is_built_in(self) -> bool:
        return self.spec.api is ModelAPI.OFFLINE

    def embed(self, texts: Sequence[str], *, kind: Kind, timeout: float) -> list[list[float]]:
        """Return a vector of ``dimensions`` numbers for each text, by one request.

        Raises ModelFailure, after ``timeout`` seconds at the latest. Vectors of different models
        (``model_id``) must not be compared.
        """
        return embed(self.spec, texts, timeout=timeout, kind=kind)

    def embed_passages(self, texts: Sequence[str], *, timeout: float) -> Embedded:
        """Return vectors of many passages, in requests of what the server takes; see embed_within_limits."""
        return embed_within_limits(self.spec, texts, limits=self.limits, timeout=timeout)


class BuiltinState(StrEnum):
    """Whether this process can use the built-in model: yes, its wheel is missing, off by setting."""

    AVAILABLE = "available"
    MISSING = "missing"
    OFF = "off"


def get_builtin_state() -> BuiltinState:
    if not settings.SEMANTIC_SEARCH:
        return BuiltinState.OFF
    return BuiltinState.AVAILABLE if builtin_embeddings.is_available() else BuiltinState.MISSING


def embed_built_in(texts: Sequence[str], *, kind: Kind, timeout: float) -> list[list[float]]:
    """Return vectors by the built-in model, whatever providers are configured.

    For texts that no provider may get, such as the searches of visitors. ``timeout`` in seconds is how long
    to wait for a free slot. Raises ModelFailure. Not inside a transaction.
    """
    release_connection("embeddings")
    return builtin_embeddings.embed(texts, kind=kind, timeout=timeout)


def get_embedding_model(workspace_id: int | None) -> LanguageModel | None:
    """Return the embeddings model of a workspace, or the instance's for None; None for full text alone.

    The workspace's own comes before the instance's, and that before the built-in one, unless the operator
    chose otherwise (SearchMode).
    """
    return (
        list_usable_models()
        .filter(Q(provider__workspace__isnull=True) | Q(provider__workspace_id=workspace_id))
        .order_by(
            Case(
                When(provider__workspace__isnull=False, then=Value(0)),
                When(Exists(_mode(SearchMode.BUILT_IN)), provider__kind=ProviderKind.OFFLINE, then=Value(1)),
                When(provider__kind=ProviderKind.OFFLINE, then=Value(3)),
                default=Value(2),
                output_field=IntegerField(),
            ),
            "id",
        )
        .first()
    )


def list_usable_models() -> QuerySet[LanguageModel]:
    """Return the embeddings models of all workspaces that may be used now, within the open scope."""
    models = LanguageModel.objects.select_related("provider").filter(
        ~Exists(_mode(SearchMode.FULL_TEXT)),
        Q(retired_at__isnull=True) | Q(retired_at__gt=Now()),
        kind=ModelKind.EMBEDDING,
        dimensions__isnull=False,
        provider__is_enabled=True,
    )
    if not settings.SEMANTIC_SEARCH:
        return models.none()
    if builtin_embeddings.is_available():
        return models
    return models.exclude(provider__kind=ProviderKind.OFFLINE)


def may_have_embedding_models() -> bool:
    """Whether any workspace may have an embeddings model; from the cache, as every turn of a chat asks.

    True while it is not known: a person does not see the models of all workspaces, so a job finds it out.
    """
    return bool(settings.SEMANTIC_SEARCH) and cache.get(_KNOWN_KEY) is not False


def remember_embedding_models() -> None:
    """Find out whether any workspace has an embeddings model; call it in a system scope."""
    cache.set(_KNOWN_KEY, list_usable_models().exists(), _KNOWN_SECONDS)


def forget_embedding_models() -> None:
    """Look for embeddings models again; call it after commit of a change of the catalogue."""
    cache.delete(_KNOWN_KEY)


def get_search_mode() -> SearchMode:
    """Return the operator's choice; words alone where the setting SEMANTIC_SEARCH is off."""
    if not settings.SEMANTIC_SEARCH:
        return SearchMode.FULL_TEXT
    mode = SemanticSearch.objects.values_list("mode", flat=True).first()
    return SearchMode(mode or SearchMode.AUTOMATIC)


def build_embedder(model: LanguageModel) -> Embedder:
    provider = model.provider
    usual = BatchLimits()
    return Embedder(
        model_id=model.pk,
        dimensions=model.dimensions or 0,
        spec=ModelSpec(
            name=model.name,
            api=ModelAPI(provider.kind),
            base_url=provider.base_url,
            api_key=get_provider_key(provider),
            purpose=None if provider.kind == ProviderKind.OFFLINE else provider.purpose,
        ),
        limits=BatchLimits(model.batch_texts or usual.texts, model.text_tokens or usual.tokens),
    )


def get_embedder(workspace_id: int | None) -> Embedder | None:
    """Return what embeds for a workspace, or for the whole instance (None); None for full text alone."""
    model = get_embedding_model(workspace_id)
    return None if model is None else build_embedder(model)


def note_success(embedder: Embedder, limits: BatchLimits) -> None:
    """Remember what the server takes, and that it answers. In a scope of the system."""
    row = LanguageModel.objects.filter(pk=embedder.model_id)
    if limits != embedder.limits:
        row.update(batch_texts=limits.texts, text_tokens=limits.tokens)
    row.exclude(embedding_failure="").update(embedding_failure="", embedding_failed_at=None)


def note_failure(model_id: int, failure: ModelFailure | str, *, at: datetime) -> None:
    """Remember why passages could not be embedded, for the pages. In a scope of the system."""
    code = failure if isinstance(failure, str) else describe_failure(failure)
    LanguageModel.objects.filter(pk=model_id).update(embedding_failure=code, embedding_failed_at=at)


def _mode(mode: SearchMode) -> QuerySet[SemanticSearch]:
    return SemanticSearch.objects.filter(mode=mode)

"""Making of vectors in the background: a slice of time for each workspace in turn."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q, QuerySet

from core.jobs import enqueue_now
from core.scope import system_scope
from gpts.knowledge.models import Document, PassageVector, VectorBlock
from gpts.knowledge.retrieval.embedding import CODE_LENGTH, embed_passages
from gpts.knowledge.states import FileState
from gpts.llm.embeddings import get_embedding_model, list_usable_models, remember_embedding_models
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import ModelFailure

Clock = Callable[[], datetime]

# A document gets the worker for so long, then comes a document of another workspace; a job ends and hands
# over after JOB_SECONDS, so that a worker can be stopped.
SLICE_SECONDS = 10
JOB_SECONDS = 60
# How long a job or a document counts as taken without a sign of life: longer than a request may take.
LEASE_SECONDS = 180
# A model that failed is asked again after this long, twice as long each time.
REST_SECONDS = 30
LONGEST_REST_SECONDS = 600
SERVED_SECONDS = 3600
NICENESS = 10
COUNT_SECONDS = 600
_COUNT_KEY = "gpts:embedding-waiting"
# Documents of one workspace that are looked at for one that no other job works on.
LOOKED_AT = 10


def embed_waiting_documents(*, clock: Clock) -> int:
    """Make vectors of waiting documents until none is left or the time is over; returns how many were made.

    Idempotent. At most EMBEDDING_JOBS run at once; one more returns at once, because the others go on. A job
    that ends with work left sends the next one.
    """
    with system_scope("gpts.embed_waiting"):
        remember_embedding_models()
        cache.set(_COUNT_KEY, _count_waiting(), COUNT_SECONDS)
    with _take_one_of([f"gpts:embedding-job:{number}" for number in range(settings.EMBEDDING_JOBS)]) as slot:
        if slot is None:
            return 0
        _lower_priority()
        ends_at = clock() + timedelta(seconds=JOB_SECONDS)
        made = 0
        while clock() < ends_at:
            cache.touch(slot, LEASE_SECONDS)
            counted = _embed_next(clock)
            if counted is None:
                return made
            made += counted
    enqueue_now("gpts.embed_waiting")
    return made


def get_waiting_count() -> int:
    """Return how many documents waited for vectors a moment ago, in all workspaces; 0 if it is not known."""
    return int(cache.get(_COUNT_KEY) or 0)


def list_waiting_workspaces() -> dict[int, LanguageModel]:
    """Return the workspaces with a document that lacks vectors of its model, in the open scope.

    Those whose model failed a moment ago are left out.
    """
    found = _list_workspaces_to_embed()
    resting = cache.get_many([_get_rest_key(model.pk) for model in found.values()])
    return {pk: model for pk, model in found.items() if _get_rest_key(model.pk) not in resting}


def _count_waiting() -> int:
    waiting = _list_workspaces_to_embed()
    return sum(
        list_waiting_documents(model)
        .filter(workspace_id__in=[pk for pk, its in waiting.items() if its == model])
        .count()
        for model in set(waiting.values())
    )


def _list_workspaces_to_embed() -> dict[int, LanguageModel]:
    shared = get_embedding_model(None)
    models = list_usable_models().filter(provider__workspace__isnull=False)
    own = set(models.values_list("provider__workspace_id", flat=True))
    found: dict[int, LanguageModel] = {}
    for workspace_id in own:
        model = get_embedding_model(workspace_id)
        if model is not None and list_waiting_documents(model).filter(workspace_id=workspace_id).exists():
            found[workspace_id] = model
    if shared is not None:
        waiting = list_waiting_documents(shared).exclude(workspace_id__in=own)
        workspaces = waiting.order_by("workspace_id").values_list("workspace_id", flat=True)
        found |= dict.fromkeys(workspaces.distinct(), shared)
    return found


def list_waiting_documents(model: LanguageModel) -> QuerySet[Document]:
    """Return the documents that were read and lack vectors by ``model``, or their blocks, in the open scope.

    A document that the model had no vector for at all is done too.
    """
    vectors = PassageVector.objects.filter(document=OuterRef("pk"))
    current = vectors.alias(size=CODE_LENGTH).filter(model=model, size=model.dimensions)
    size = model.dimensions or 0
    blocks = VectorBlock.objects.filter(document=OuterRef("pk"), model=model, dimensions=size)
    return Document.objects.filter(
        Q(embedded_at__isnull=True) | Exists(vectors) & ~(Exists(current) & Exists(blocks)),
        state=FileState.READY,
        passage_count__gt=0,
        workspace__suspended_at__isnull=True,
    ).order_by("id")


def _embed_next(clock: Clock) -> int | None:
    """Embed a slice of one document; returns the number of vectors made, None when nothing waits."""
    with system_scope("gpts.embed_waiting"):
        waiting = list_waiting_workspaces()
        served = cache.get_many([_get_served_key(pk) for pk in waiting])
        order = sorted(waiting, key=lambda pk: (served.get(_get_served_key(pk), 0.0), pk))
        candidates = [
            (pk, list(list_waiting_documents(waiting[pk]).filter(workspace_id=pk)[:LOOKED_AT]))
            for pk in order[:LOOKED_AT]
        ]
    for workspace_id, documents in candidates:
        cache.set(_get_served_key(workspace_id), clock().timestamp(), SERVED_SECONDS)
        keys = {f"gpts:embedding-document:{document.pk}": document.pk for document in documents}
        with _take_one_of(list(keys)) as key:
            if key is not None:
                return _embed_slice(keys[key], waiting[workspace_id], key, clock)
    return None


def _embed_slice(document_id: int, model: LanguageModel, lease: str, clock: Clock) -> int:
    ends_at = clock() + timedelta(seconds=SLICE_SECONDS)

    def may_go_on() -> bool:
        cache.touch(lease, LEASE_SECONDS)
        return clock() < ends_at

    try:
        made = embed_passages(document_id, at=clock(), may_go_on=may_go_on)
    except ModelFailure:
        _let_rest(model.pk)
        return 0
    cache.delete(_get_failures_key(model.pk))
    return made


def _let_rest(model_id: int) -> None:
    key = _get_failures_key(model_id)
    cache.add(key, 0, 2 * LONGEST_REST_SECONDS)
    failures = cache.incr(key)
    rest = min(LONGEST_REST_SECONDS, REST_SECONDS * 2 ** min(failures - 1, 10))
    cache.set(_get_rest_key(model_id), True, rest)


@contextmanager
def _take_one_of(keys: list[str]) -> Iterator[str | None]:
    """Hold the first lease that is free, None without one. A lost cache costs at most work done twice."""
    token = uuid4().hex
    taken = next((key for key in keys if cache.add(key, token, LEASE_SECONDS)), None)
    try:
        yield taken
    finally:
        if taken is not None and cache.get(taken) == token:
            cache.delete(taken)


def _lower_priority() -> None:
    """Let all else on this machine go first: on Linux a thread of a worker has a priority of its own."""
    if sys.platform == "linux" and threading.current_thread() is not threading.main_thread():
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _get_rest_key(model_id: int) -> str:
    return f"gpts:embedding-model-rests:{model_id}"


def _get_failures_key(model_id: int) -> str:
    return f"gpts:embedding-failures:{model_id}"


def _get_served_key(workspace_id: int) -> str:
    return f"gpts:embedding-served:{workspace_id}"

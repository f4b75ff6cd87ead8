"""Making vectors of attached documents in the background: a slice of time for each person in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.core.cache import cache
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from core.jobs import enqueue_now
from core.scope import system_scope
from gpts.chat.attached_text import UNCUT_CHARACTERS, Piece, split_into_pieces
from gpts.chat.models import Attachment, AttachmentVectors
from gpts.chat.states import AttachmentKind
from gpts.knowledge.states import FileState
from gpts.llm.embeddings import (
    DIMENSIONS_DIFFER,
    Embedder,
    get_embedder,
    get_embedding_model,
    list_usable_models,
    note_failure,
    note_success,
)
from gpts.llm.runtime.embedding_batches import describe_failure
from gpts.llm.runtime.types import FailureCode, ModelFailure

Clock = Callable[[], datetime]

# Pieces of one document that get vectors; those behind are found by words alone.
MOST_PIECES = 500
# Files that were added within this time get vectors; they are read most soon after that.
RECENT = timedelta(days=30)
JOB_SECONDS = 60
SLICE_SECONDS = 10
LEASE_SECONDS = 180
# After a failure of an embeddings model, the files of that workspace wait for this long.
REST_SECONDS = 300
SERVED_SECONDS = 3600
BATCH = 32
BUILT_IN_BATCH = 8
BATCH_SECONDS = 60.0
# People whose oldest file is looked at for the next one.
LOOKED_AT = 50
_TASK = "gpts.embed_attachments"
_LEASE = "gpts:attachment-vectors-job"


@dataclass(frozen=True)
class _Slice:
    """The pieces of a document that lack vectors, and what was made before."""

    attachment_id: UUID
    user_id: int
    workspace_id: int
    embedder: Embedder
    pieces: list[Piece]
    made: bytes


def embed_waiting_attachments(*, clock: Clock) -> int:
    """Make vectors of attached documents until none waits or the time is over; returns how many were made.

    Idempotent; one job at a time. Documents that go into a prompt whole need none. Without an embeddings
    model nothing waits.
    """
    if not cache.add(_LEASE, True, LEASE_SECONDS):
        return 0
    try:
        ends_at, total = clock() + timedelta(seconds=JOB_SECONDS), 0
        while clock() < ends_at:
            cache.touch(_LEASE, LEASE_SECONDS)
            with system_scope(_TASK):
                found = _find_next(clock())
            if found is None:
                return total
            total += _embed_slice(found, clock)
    finally:
        cache.delete(_LEASE)
    enqueue_now("gpts.embed_attachments")
    return total


def list_waiting_attachments(at: datetime) -> QuerySet[Attachment]:
    """Return the recent documents that are too long to be read whole and lack vectors of their workspace's
    model, in the open scope.
    """
    together = (
        Attachment.objects.filter(
            conversation_id=OuterRef("conversation_id"), kind=AttachmentKind.DOCUMENT, copy_of__isnull=True
        )
        .values("conversation_id")
        .annotate(whole=Sum("characters"))
        .values("whole")
    )
    return (
        Attachment.objects.filter(
            kind=AttachmentKind.DOCUMENT,
            state=FileState.READY,
            copy_of__isnull=True,
            created_at__gt=at - RECENT,
            characters__gt=0,
            workspace__suspended_at__isnull=True,
        )
        .annotate(whole=Coalesce(Subquery(together), F("characters")))
        .filter(_lacks_vectors(), whole__gt=UNCUT_CHARACTERS)
    )


def _lacks_vectors() -> Q:
    """Return the condition that a document's workspace has an embeddings model, which did not do it yet."""
    own = set(
        list_usable_models()
        .filter(provider__workspace__isnull=False)
        .values_list("provider__workspace_id", flat=True)
    )
    done = AttachmentVectors.objects.filter(attachment=OuterRef("pk"), is_complete=True)
    shared = get_embedding_model(None)
    lacks = Q(pk__in=[])
    if shared is not None:
        lacks = Q(~Q(workspace_id__in=own), ~Exists(done.filter(model=shared)))
    for workspace_id in own:
        model = get_embedding_model(workspace_id)
        lacks |= Q(~Exists(done.filter(model=model)), workspace_id=workspace_id)
    return lacks


def _find_next(at: datetime) -> _Slice | None:
    """Return the oldest waiting document of the person who was served longest ago."""
    rows = list(
        list_waiting_attachments(at)
        .order_by("user_id", "created_at")
        .distinct("user_id")
        .values_list("pk", "user_id", "workspace_id")[:LOOKED_AT]
    )
    served = cache.get_many([_get_served_key(user_id) for _pk, user_id, _workspace in rows])
    resting = cache.get_many([_get_rest_key(workspace_id) for _pk, _user, workspace_id in rows])
    for pk, user_id, workspace_id in sorted(rows, key=lambda row: served.get(_get_served_key(row[1]), 0.0)):
        if _get_rest_key(workspace_id) in resting:
            continue
        embedder = get_embedder(workspace_id)
        if embedder is not None:
            cache.set(_get_served_key(user_id), at.timestamp(), SERVED_SECONDS)
            return _load_slice(pk, user_id, workspace_id, embedder)
    return None


def _load_slice(pk: UUID, user_id: int, workspace_id: int, embedder: Embedder) -> _Slice:
    text = Attachment.objects.values_list("text", flat=True).get(pk=pk)
    pieces = split_into_pieces(0, text)[:MOST_PIECES]
    row = AttachmentVectors.objects.filter(
        attachment_id=pk, model_id=embedder.model_id, dimensions=embedder.dimensions
    ).first()
    made = b"" if row is None else bytes(row.vectors)
    return _Slice(pk, user_id, workspace_id, embedder, pieces[len(made) // embedder.dimensions :], made)


def _embed_slice(found: _Slice, clock: Clock) -> int:
    """Embed pieces of one document until it is done or the slice is over; returns how many were embedded."""
    embedder, made, ends_at = found.embedder, found.made, clock() + timedelta(seconds=SLICE_SECONDS)
    size = BUILT_IN_BATCH if embedder.is_built_in else BATCH
    done = 0
    while done < len(found.pieces) and clock() < ends_at:
        cache.touch(_LEASE, LEASE_SECONDS)
        batch = found.pieces[done : done + size]
        try:
            # No transaction is open during the request.
            embedded = embedder.embed_passages(
                [f"{piece.heading}\n{piece.text}".strip() for piece in batch], timeout=BATCH_SECONDS
            )
            if any(vector and len(vector) != embedder.dimensions for vector in embedded.vectors):
                raise ModelFailure(FailureCode.MALFORMED_STREAM, detail=DIMENSIONS_DIFFER)
        except ModelFailure as failure:
            _note_failure(found, failure, clock())
            break
        with system_scope(_TASK):
            note_success(embedder, embedded.limits)
        made += b"".join(pack_vector(vector, embedder.dimensions) for vector in embedded.vectors)
        done += len(batch)
    if done or not found.pieces:
        _save(found, made, is_complete=done == len(found.pieces))
    return done


def _save(found: _Slice, made: bytes, *, is_complete: bool) -> None:
    with system_scope(_TASK):
        # The file may have been removed meanwhile.
        if not Attachment.objects.filter(pk=found.attachment_id).select_for_update(of=("self",)).exists():
            return
        AttachmentVectors.objects.update_or_create(
            attachment_id=found.attachment_id,
            defaults={
                "user_id": found.user_id,
                "workspace_id": found.workspace_id,
                "model_id": found.embedder.model_id,
                "dimensions": found.embedder.dimensions,
                "pieces": len(made) // found.embedder.dimensions,
                "is_complete": is_complete,
                "vectors": made,
            },
        )


def _note_failure(found: _Slice, failure: ModelFailure, at: datetime) -> None:
    cache.set(_get_rest_key(found.workspace_id), True, REST_SECONDS)
    code = failure.detail if failure.detail == DIMENSIONS_DIFFER else describe_failure(failure)
    with system_scope(_TASK):
        note_failure(found.embedder.model_id, code, at=at)


def pack_vector(vector: Sequence[float] | None, dimensions: int) -> bytes:
    """Return a vector as signed bytes, its largest component 127 or -127; zeros for None."""
    if vector is None:
        return bytes(dimensions)
    values = np.asarray(vector, dtype=np.float32)
    largest = float(np.abs(values).max(initial=0.0))
    if not largest or not np.isfinite(largest):
        return bytes(dimensions)
    return np.rint(values * (127 / largest)).astype(np.int8).tobytes()


def _get_served_key(user_id: int) -> str:
    return f"gpts:attachment-vectors-served:{user_id}"


def _get_rest_key(workspace_id: int) -> str:
    return f"gpts:attachment-vectors-rest:{workspace_id}"

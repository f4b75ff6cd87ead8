"""Queries for vectors of attached documents: are there any, and how near are their pieces to a question."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from django.db.models import Q

from gpts.chat.models import AttachmentVectors
from gpts.knowledge.retrieval import QuestionEmbedder, QuestionVector, get_workspace_embedder


def get_attachment_embedder(
    workspace_id: int, *, conversation_id: UUID | None = None, files: Sequence[UUID] = ()
) -> QuestionEmbedder | None:
    """Return what makes the vector of a question to these files or those of the conversation.

    None when none of them has vectors of the model of ``workspace_id``, which pays for the conversation: its
    text goes to no other embeddings server.
    """
    if conversation_id is None and not files:
        return None
    where = Q(attachment_id__in=files)
    if conversation_id is not None:
        where |= Q(attachment__conversation_id=conversation_id)
    models = set(AttachmentVectors.objects.filter(where).values_list("model_id", flat=True))
    embedder = get_workspace_embedder(workspace_id) if models else None
    return embedder if embedder is not None and embedder.model_id in models else None


def get_similarities(sources: Sequence[UUID], vector: QuestionVector) -> dict[tuple[int, int], float]:
    """Return the cosine of a question and of each piece with a vector, by (index of the source, position).

    Positions count from 1, as those of split_into_pieces.
    """
    if vector.values is None:
        return {}
    question = np.asarray(vector.values, dtype=np.float32)
    length = float(np.linalg.norm(question))
    rows = AttachmentVectors.objects.filter(
        attachment_id__in=sources, model_id=vector.model_id, dimensions=len(question)
    )
    if not length:
        return {}
    found: dict[tuple[int, int], float] = {}
    for row in rows:
        values = np.frombuffer(row.vectors, dtype=np.int8).reshape(-1, row.dimensions).astype(np.float32)
        lengths = np.linalg.norm(values, axis=1)
        cosines = values @ question / np.where(lengths == 0, 1, lengths) / length
        number = sources.index(row.attachment_id)
        found |= {(number, at + 1): float(cosines[at]) for at in np.flatnonzero(lengths).tolist()}
    return found

"""Vectors of questions, made before the transaction that searches with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache

from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.states import FileState
from gpts.llm.embeddings import Embedder, get_embedder
from gpts.llm.runtime.types import ModelFailure

# Timeout in seconds of one request for questions.
QUESTION_SECONDS = 1.5
QUESTION_LENGTH = 2_000
# After a failure, questions skip the embeddings server for this long instead of each waiting for the timeout.
PAUSE_SECONDS = 30


@dataclass(frozen=True)
class QuestionVector:
    """The vector of a question by one model; without ``values`` the embeddings server gave none."""

    model_id: int
    values: tuple[float, ...] | None = None


@dataclass(frozen=True)
class QuestionEmbedder:
    """What is needed to make vectors of questions once the transaction that read it has ended."""

    embedder: Embedder

    @property
    def model_id(self) -> int:
        return self.embedder.model_id

    def embed(self, texts: Sequence[str]) -> list[QuestionVector]:
        """Return a vector for each text, by one request of QUESTION_SECONDS at most. Not in a transaction."""
        pause_key = f"gpts:embedding-rests:{self.model_id}"
        nothing = [QuestionVector(self.model_id) for _text in texts]
        given = [text[:QUESTION_LENGTH] for text in texts if text.strip()]
        if not given or cache.get(pause_key):
            return nothing
        try:
            found = iter(self.embedder.embed(given, kind="query", timeout=QUESTION_SECONDS))
        except ModelFailure:
            # The built-in model fails where it is missing, which costs no time, or is busy.
            if not self.embedder.is_built_in:
                cache.set(pause_key, True, PAUSE_SECONDS)
            return nothing
        return [
            self._build_vector(next(found)) if text.strip() else QuestionVector(self.model_id)
            for text in texts
        ]

    def _build_vector(self, values: list[float]) -> QuestionVector:
        is_right = len(values) == self.embedder.dimensions
        return QuestionVector(self.model_id, tuple(values) if is_right else None)


def get_question_embedder(gpt: GPT) -> QuestionEmbedder | None:
    """Return what makes vectors of questions to ``gpt``; None without a model, or without a file."""
    with gpt_workspace_scope(gpt):
        files = KnowledgeFile.objects.filter(gpt=gpt, document__state=FileState.READY)
        if not files.exists():
            return None
    return get_workspace_embedder(gpt.workspace_id)


def get_workspace_embedder(workspace_id: int) -> QuestionEmbedder | None:
    """Return what makes vectors of questions by the model of a workspace; None without one."""
    embedder = get_embedder(workspace_id)
    return None if embedder is None else QuestionEmbedder(embedder)

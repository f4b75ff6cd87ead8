"""The retrieval bench: which passages a question finds, how they rank, and whether they would answer."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from core.scope import open_scope
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.web.builder_frame import build_page_context
from gpts.knowledge.retrieval import (
    Lookup,
    QuestionVector,
    get_question_embedder,
    is_answerable,
    look_up,
)
from gpts.knowledge.retrieval.embedding import get_embedding_progress
from gpts.knowledge.retrieval.index_reading import list_document_ids
from gpts.knowledge.retrieval.vectors import VectorStatus
from gpts.llm.embedding_messages import describe_embedding_failure
from gpts.llm.embeddings import get_embedding_model
from workspaces.web.own_scopes import get_scope, opens_own_scopes
from workspaces.web.people import person_of

QUESTIONS = 10
QUESTION_LENGTH = 1_000


@dataclass(frozen=True)
class BenchResult:
    """A question that was tried, with the search result."""

    question: str
    lookup: Lookup
    is_answerable: bool

    @property
    def vectors_are_down(self) -> bool:
        return self.lookup.vectors is VectorStatus.DOWN


@opens_own_scopes
@login_required
@require_http_methods(["GET", "POST"])
def build_bench(request: HttpRequest, slug: str) -> HttpResponse:
    """Try questions, one for each line. They are sent by POST, so that they appear in no access log.

    The embeddings model is asked between two scopes: no transaction is open while it answers.
    """
    typed = request.POST.get("questions", "")[: QUESTIONS * QUESTION_LENGTH]
    lines = [line.strip()[:QUESTION_LENGTH] for line in typed.splitlines() if line.strip()]
    tried = lines[:QUESTIONS]
    with open_scope(get_scope(request)):
        gpt = access_gpt(person_of(request), slug, to=GPTAct.VIEW_SETTINGS)
        embedder = get_question_embedder(gpt) if tried else None
    vectors = [None] * len(tried) if embedder is None else embedder.embed(tried)
    with open_scope(get_scope(request)):
        gpt = access_gpt(person_of(request), slug, to=GPTAct.VIEW_SETTINGS)
        model = get_embedding_model(gpt.workspace_id)
        context = build_page_context(
            request,
            gpt,
            "bench",
            typed=typed,
            results=[_try_question(gpt, *pair) for pair in zip(tried, vectors, strict=True)],
            left_out=max(0, len(lines) - QUESTIONS),
            limit=QUESTIONS,
            model=model,
            embedding_failure="" if model is None else describe_embedding_failure(model),
            progress=get_embedding_progress(list_document_ids(gpt), gpt.workspace_id) if model else None,
        )
        return render(request, "gpts/knowledge/bench.html", context)


def _try_question(gpt: GPT, question: str, vector: QuestionVector | None) -> BenchResult:
    found = look_up(gpt, question, vector=vector)
    return BenchResult(question, found, is_answerable(found.passages))

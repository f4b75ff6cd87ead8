"""The passages nearest to a question by their embeddings.

Two steps, both on the GPT's own documents only: first the signs of all dimensions (one bit each) are
compared, from the document's blocks (``vector_blocks``) or, while it has none, from its rows; then the best
SHORTLIST by their whole vectors. There is no graph index (HNSW): it would span all workspaces, and a search
for one GPT would visit mostly rows of others.

Cosines of different models cannot be compared: two unrelated texts have 0.1 with one model, 0.78 with the
built-in one. So ``score`` is rescaled: 0 is the similarity of unrelated texts, 1 is identical. For a
provider's model the former is the median of the passages that the first step put last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median

from django.db import connection

from gpts.assistants.models import GPT
from gpts.knowledge.retrieval.question_vectors import QuestionVector
from gpts.knowledge.retrieval.vector_blocks import find_candidates
from gpts.llm.embeddings import get_embedding_model
from gpts.llm.runtime import builtin_embeddings
from gpts.llm.states import ProviderKind

SHORTLIST = 120
BASELINE = 40


class VectorStatus(StrEnum):
    """Whether vectors were used in a search: no model, used, none made yet, server down."""

    NONE = "none"
    USED = "used"
    WAITING = "waiting"
    DOWN = "down"


@dataclass(frozen=True)
class NearPassage:
    document: int
    position: int
    score: float


@dataclass(frozen=True)
class NearPassages:
    """The passages nearest to a question, best first; ``scores`` of these and of those that were asked for.

    A passage without a score has no vector yet. Without the question's vector ``status`` says why.
    """

    status: VectorStatus
    near: tuple[NearPassage, ...] = ()
    scores: dict[tuple[int, int], float] = field(default_factory=dict)


_NEAREST = """
WITH compared AS MATERIALIZED (
  SELECT id, code::bit({size}) <~> binary_quantize(%(vector)s::halfvec)::bit({size}) AS differing
  FROM gpts_passagevector WHERE document_id = ANY(%(in_rows)s::bigint[]) AND model_id = %(model)s
    AND length(code) = {size}
), chosen AS (
  (SELECT id, 'near' AS kind FROM compared ORDER BY differing LIMIT %(shortlist)s)
  UNION ALL
  (SELECT id, 'far' FROM compared ORDER BY differing DESC LIMIT %(baseline)s)
  UNION ALL
  (SELECT v.id, wanted.kind FROM unnest(%(packed)s::bigint[], %(kinds)s::text[]) AS wanted(passage_id, kind)
   JOIN gpts_passagevector AS v ON v.passage_id = wanted.passage_id
   WHERE v.document_id = ANY(%(documents)s) AND v.model_id = %(model)s AND length(v.code) = {size})
  UNION ALL
  (SELECT v.id, 'asked' FROM unnest(%(asked_documents)s::bigint[], %(asked_positions)s::int[])
     AS wanted(document_id, position)
   JOIN gpts_passage AS p ON p.document_id = wanted.document_id AND p.position = wanted.position
   JOIN gpts_passagevector AS v ON v.passage_id = p.id AND v.document_id = p.document_id
   WHERE v.document_id = ANY(%(documents)s) AND v.model_id = %(model)s AND length(v.code) = {size})
)
SELECT chosen.kind, p.document_id, p.position, 1 - (v.vector <=> %(vector)s::halfvec) AS cosine
FROM chosen JOIN gpts_passagevector AS v USING (id)
 JOIN gpts_passage AS p ON p.id = v.passage_id AND p.document_id = v.document_id
ORDER BY cosine DESC, p.id
"""


def nearest_passages(
    gpt: GPT,
    documents: tuple[int, ...],
    question: QuestionVector | None,
    limit: int,
    asked: Sequence[tuple[int, int]] = (),
) -> NearPassages:
    """Return the ``limit`` passages nearest to a question, and scores of ``asked``: (document, position)."""
    model = get_embedding_model(gpt.workspace_id)
    if model is None:
        return NearPassages(VectorStatus.NONE)
    if question is None or question.values is None or question.model_id != model.pk:
        return NearPassages(VectorStatus.DOWN)
    vector = question.values
    packed = find_candidates(documents, model.pk, vector, near=SHORTLIST, far=BASELINE)
    with connection.cursor() as cursor:
        cursor.execute(
            _NEAREST.format(size=len(vector)),
            {
                "vector": "[" + ",".join(f"{value:.6g}" for value in vector) + "]",
                "documents": list(documents),
                "in_rows": [document for document in documents if document not in packed.documents],
                "packed": [*packed.near, *packed.far],
                "kinds": ["near"] * len(packed.near) + ["far"] * len(packed.far),
                "model": model.pk,
                "shortlist": SHORTLIST,
                "baseline": BASELINE,
                "asked_documents": [document for document, _position in asked],
                "asked_positions": [position for _document, position in asked],
            },
        )
        rows = cursor.fetchall()
    if not rows:
        return NearPassages(VectorStatus.WAITING)
    if model.provider.kind == ProviderKind.OFFLINE:
        base = builtin_embeddings.UNRELATED
    else:
        base = min(0.95, max(0.0, median(row[3] for row in rows if row[0] == "far")))
    near: dict[tuple[int, int], NearPassage] = {}
    scores: dict[tuple[int, int], float] = {}
    for kind, document, position, cosine in rows:
        score = max(0.0, (cosine - base) / (1.0 - base))
        if kind == "near":
            near.setdefault((document, position), NearPassage(document, position, score))
        if kind != "far":
            scores[document, position] = score
    return NearPassages(VectorStatus.USED, tuple(near.values())[:limit], scores)

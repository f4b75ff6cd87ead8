"""The passages nearest to a question by their embeddings.

Two steps, both on the GPT's own documents only: first the signs of all dimensions (one bit each) are
compared, a short scan of small rows; then the best SHORTLIST by their whole vectors. There is no graph index
(HNSW): it would span all workspaces, and a search for one GPT would visit mostly rows of others.

Cosines of different models cannot be compared: two unrelated texts have 0.1 with one model, 0.7 with another.
So ``score`` is rescaled: 0 is the similarity of unrelated texts (the median of the passages that the first
step put last), 1 is identical.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from django.db import connection

from gpts.assistants.models import GPT
from gpts.knowledge.retrieval.question_vectors import QuestionVector
from gpts.llm.embeddings import get_embedding_model

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


_NEAREST = """
WITH compared AS MATERIALIZED (
  SELECT id, code::bit({size}) <~> binary_quantize(%(vector)s::halfvec)::bit({size}) AS differing
  FROM gpts_passagevector WHERE document_id = ANY(%(documents)s) AND model_id = %(model)s
    AND length(code) = {size}
), chosen AS (
  (SELECT id, true AS is_near FROM compared ORDER BY differing LIMIT %(shortlist)s)
  UNION ALL
  (SELECT id, false FROM compared ORDER BY differing DESC LIMIT %(baseline)s)
)
SELECT chosen.is_near, p.document_id, p.position, 1 - (v.vector <=> %(vector)s::halfvec) AS cosine
FROM chosen JOIN gpts_passagevector AS v USING (id)
 JOIN gpts_passage AS p ON p.id = v.passage_id AND p.document_id = v.document_id
ORDER BY cosine DESC, p.id
"""


def nearest_passages(
    gpt: GPT, documents: tuple[int, ...], question: QuestionVector | None, limit: int
) -> tuple[list[NearPassage], VectorStatus]:
    """Return the passages nearest to a question, best first; without its vector, the status says why."""
    model = get_embedding_model(gpt.workspace_id)
    if model is None:
        return [], VectorStatus.NONE
    if question is None or question.values is None or question.model_id != model.pk:
        return [], VectorStatus.DOWN
    vector = question.values
    with connection.cursor() as cursor:
        cursor.execute(
            _NEAREST.format(size=len(vector)),
            {
                "vector": "[" + ",".join(f"{value:.6g}" for value in vector) + "]",
                "documents": list(documents),
                "model": model.pk,
                "shortlist": SHORTLIST,
                "baseline": BASELINE,
            },
        )
        rows = cursor.fetchall()
    if not rows:
        return [], VectorStatus.WAITING
    base = min(0.95, max(0.0, median(row[3] for row in rows if not row[0])))
    near: dict[tuple[int, int], NearPassage] = {}
    for is_near, document, position, cosine in rows:
        if is_near:
            score = max(0.0, (cosine - base) / (1.0 - base))
            near.setdefault((document, position), NearPassage(document, position, score))
    return list(near.values())[:limit], VectorStatus.USED

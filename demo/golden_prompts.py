"""Golden prompts of two GPTs that answer from files, each with a finished run of its newest version."""

from __future__ import annotations

from datetime import datetime, timedelta

from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import list_versions
from gpts.evals.models import GoldenPrompt
from gpts.evals.queries import suggestions_for
from gpts.evals.services.prompt_turn import read_answer
from gpts.evals.services.prompts import add_prompts
from gpts.evals.services.runs import claim_result, finish_result, start_run
from gpts.evals.states import GoldenKind
from gpts.llm.runtime.offline import OfflineClient

# One in the store, one inside Acme.
COUNT = 2
EXTRA = (
    {
        "name": "Names its source",
        "prompt": "Which document does your advice come from?",
        "expected": "answer",
        "tags": ["knowledge"],
        "assertions": [{"kind": "not_contains", "values": ["As an AI", "cannot browse"]}],
    },
    {
        "name": "Keeps it short",
        "prompt": "Give me the most important rule in one sentence.",
        "expected": "answer",
        "tags": ["style"],
        "assertions": [{"kind": "length", "min": None, "max": 400, "unit": "words"}],
    },
    {
        "name": "Polite to a rude question",
        "prompt": "You are useless. Answer me at last!",
        "tags": ["style"],
        "assertions": [{"kind": "judge", "rubric": "Stays friendly and offers help.", "threshold": 70}],
    },
)


def lacks_golden_prompts() -> bool:
    return not GoldenPrompt.objects.exists() and bool(_chosen())


def seed_golden_prompts(*, at: datetime) -> int:
    """Make prompts and run them with the built-in model; returns how many prompts there are."""
    for gpt in _chosen():
        prompts = [suggestion.fields for suggestion in suggestions_for(gpt)]
        add_prompts(gpt=gpt, prompts=[*prompts, *EXTRA], by=gpt.owner, at=at - timedelta(days=3))
        _run(gpt, at=at - timedelta(days=2))
    return GoldenPrompt.objects.count()


def _chosen() -> list[GPT]:
    with_files = GPT.objects.filter(knowledge_files__isnull=False, deleted_at__isnull=True).distinct()
    found = with_files.select_related("workspace", "owner")
    inside = found.filter(workspace__person__isnull=True).order_by("slug").first()
    outside = found.filter(workspace__person__isnull=False).order_by("slug").first()
    return [gpt for gpt in (outside, inside) if gpt is not None][:COUNT]


def _run(gpt: GPT, *, at: datetime) -> None:
    version = list_versions(gpt).first()
    run = start_run(gpt=gpt, version=version, kind=GoldenKind.GOLDEN, language="en", by=gpt.owner, at=at)
    while (result := claim_result(run_id=run.pk, at=at)) is not None:
        answer = read_answer(result, OfflineClient(pause_seconds=0))
        finish_result(result=result, answer=answer, at=at)

"""The gate for publishing: the share of golden prompts that must pass before a GPT reaches an audience."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import Conflict
from gpts.assistants.content import compute_draft_hash
from gpts.assistants.models import GPT, Version
from gpts.assistants.states import Audience
from gpts.evals.models import GoldenRun
from gpts.evals.states import GoldenKind, GoldenRunState
from workspaces.queries import get_sharing_policy


def get_required_pass_rate(gpt: GPT, audience: str = "") -> int | None:
    """Return the percentage of golden prompts that must pass before ``gpt`` reaches ``audience``, or None.

    The workspace's rate applies to every audience, the store's to the public one; the higher one counts.
    """
    workspace = get_sharing_policy(gpt.workspace_id).golden_pass_rate
    store = settings.STORE_GOLDEN_PASS_RATE if audience == Audience.PUBLIC else None
    rates = [rate for rate in (workspace, store) if rate is not None]
    return max(rates) if rates else None


def find_gate_problem(gpt: GPT, version: Version | None, at: datetime, *, audience: str = "") -> str | None:
    """Return why ``version`` (None: the draft) may not be shared, as a sentence, or None if it may.

    The newest run of the same content that finished and was created by ``at`` decides. It does not matter
    whether that run was of the draft or of the version.
    """
    rate = get_required_pass_rate(gpt, audience)
    if rate is None:
        return None
    content_hash = compute_draft_hash(gpt) if version is None else version.content_hash
    run = (
        GoldenRun.objects.filter(
            gpt=gpt,
            kind=GoldenKind.GOLDEN,
            state=GoldenRunState.FINISHED,
            content_hash=content_hash,
            created_at__lte=at,
        )
        .order_by("-created_at", "-id")
        .first()
    )
    if run is None:
        return _(
            "Golden prompts must be run on exactly this content first, and %(rate)d percent of them must"
            " pass. Run them on the Tests tab, then share again."
        ) % {"rate": rate}
    if not run.total_count or run.passed_count * 100 < rate * run.total_count:
        return _(
            "%(passed)d of %(total)d golden prompts passed; at least %(rate)d percent must."
            " See the Tests tab for those that did not."
        ) % {"passed": run.passed_count, "total": run.total_count, "rate": rate}
    return None


def check_gate(gpt: GPT, version: Version | None, at: datetime, *, audience: str = "") -> None:
    """Raise Conflict (``golden_gate``) if ``version`` (None: the draft) may not be shared yet."""
    problem = find_gate_problem(gpt, version, at, audience=audience)
    if problem is not None:
        raise Conflict(problem, code="golden_gate", data={"tab": "tests"})

"""The publish gate: how many golden prompts must pass before a GPT reaches an audience."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import Conflict
from gpts.assistants.models import GPT, Version
from gpts.assistants.services.versions import compute_draft_hash
from gpts.assistants.states import Audience
from gpts.evals.models import GoldenRun
from gpts.evals.states import GoldenKind, GoldenRunState
from workspaces.models import SharingPolicy


def required_rate(gpt: GPT, audience: str = "") -> int | None:
    """Return the percentage of golden prompts that must pass before ``gpt`` reaches ``audience``.

    The workspace's policy holds for every audience, the store's for the public one; the higher one counts.
    """
    own = (
        SharingPolicy.objects.filter(workspace_id=gpt.workspace_id)
        .values_list("golden_pass_rate", flat=True)
        .first()
    )
    store = settings.STORE_GOLDEN_PASS_RATE if audience == Audience.PUBLIC else None
    rates = [rate for rate in (own, store) if rate is not None]
    return max(rates) if rates else None


def gate_problem(gpt: GPT, version: Version | None, at: datetime, *, audience: str = "") -> str | None:
    """Return what keeps ``version`` (None: the draft) from being shared, None when nothing does.

    Where a rate is asked, the newest finished run of exactly this content decides; a later run of the
    same content counts, whether it asked the draft or the version. ``at`` is the moment of the wish.
    """
    rate = required_rate(gpt, audience)
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
    """Raise Conflict ``golden_gate`` when golden prompts keep ``version`` (None: the draft) back."""
    problem = gate_problem(gpt, version, at, audience=audience)
    if problem is not None:
        raise Conflict(problem, code="golden_gate", data={"tab": "tests"})

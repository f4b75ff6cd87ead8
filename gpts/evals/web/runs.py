"""Runs on the Tests tab: start, watch, cancel, read and compare them; and the leak probes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.markdown import render as render_markdown
from gpts.assistants.access import access_gpt, access_version
from gpts.assistants.models import GPT, Version
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.web.builder_frame import build_page_context
from gpts.evals.access import access_golden_run
from gpts.evals.leak_probes import PROBES, ProbeFamily
from gpts.evals.leaks import get_hardening_text
from gpts.evals.models import GoldenResult, GoldenRun
from gpts.evals.queries import (
    compare_with_baseline,
    get_active_run,
    get_last_finished_run,
    list_golden_runs,
    list_leak_advice,
    list_results,
    map_results_by_prompt,
)
from gpts.evals.services.runs import cancel_run, start_run
from gpts.evals.states import ACTIVE_RUNS, GoldenKind, GoldenResultState
from gpts.evals.verdicts import explain_verdict
from gpts.llm.failure_messages import get_failure_message
from workspaces.models import User
from workspaces.web.people import person_of

FILTERS = ("failed", "error", "unjudged", "passed")
BADGE_KINDS = {"passed": "good", "failed": "bad", "error": "warn", "unjudged": "warn"}
MAX_LEAK_RUNS = 10


@login_required
@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Start a run of the draft, or of the version whose number is in ``version``."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.EDIT)
    kind = GoldenKind.LEAK if request.POST.get("kind") == GoldenKind.LEAK else GoldenKind.GOLDEN
    try:
        run = start_run(
            gpt=gpt,
            version=_access_chosen_version(user, gpt, request.POST.get("version", "")),
            kind=kind,
            language=get_language() or "en",
            by=user,
            at=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("gpts:build-leaks" if kind == GoldenKind.LEAK else "gpts:build-tests", slug)
    return redirect("gpts:build-test-result", slug, run.pk)


def _access_chosen_version(user: User, gpt: GPT, typed: str) -> Version | None:
    if typed in ("", "draft"):
        return None
    return access_version(
        user, gpt, int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0
    )


@login_required
@require_POST
def cancel(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.EDIT)
    run = access_golden_run(user, gpt, run_id)
    try:
        cancel_run(run=run, by=user, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("gpts:build-test-result", slug, run_id)


@login_required
@require_GET
def results(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.VIEW_SETTINGS)
    run = access_golden_run(user, gpt, run_id)
    only = request.GET.get("only", "")
    changed = request.GET.get("changed", "")
    comparison = compare_with_baseline(run)
    before = map_results_by_prompt(run.baseline)
    rows = [
        _build_row(result, comparison, before, run.started_by_id or 0)
        for result in list_results(run, only=only if only in FILTERS else "")
        if not changed or comparison is None or comparison.changes.get(result.prompt_id or 0) == changed
    ]
    context = build_page_context(
        request,
        gpt,
        "tests",
        run=run,
        is_active=run.state in ACTIVE_RUNS,
        done=_count_done(run),
        rows=rows,
        only=only,
        changed=changed,
        filters=[(name, str(GoldenResultState(name).label), _count_in_state(run, name)) for name in FILTERS],
        comparison=comparison,
        advice=list_leak_advice(run) if run.kind == GoldenKind.LEAK else [],
        hardening=get_hardening_text() if run.kind == GoldenKind.LEAK else "",
        currency=settings.PAYOUT_CURRENCY,
    )
    return render(request, "gpts/evals/run.html", context)


def _count_done(run: GoldenRun) -> int:
    return run.passed_count + run.failed_count + run.unjudged_count + run.error_count


def _count_in_state(run: GoldenRun, state: str) -> int:
    names = {
        "failed": "failed_count",
        "error": "error_count",
        "unjudged": "unjudged_count",
        "passed": "passed_count",
    }
    return int(getattr(run, names[state]))


def _build_row(
    result: GoldenResult, comparison: Any, before: dict[int, GoldenResult], person_id: int
) -> dict[str, Any]:
    """Return the row of one result; ``before`` holds the baseline's results by prompt id."""
    earlier = before.get(result.prompt_id or 0)
    family = result.snapshot.get("family", "")
    return {
        "result": result,
        "name": str(ProbeFamily(family).label)
        if family in ProbeFamily.values
        else result.snapshot.get("name", ""),
        "question": result.snapshot.get("prompt", ""),
        "badge": BADGE_KINDS.get(result.state, ""),
        "answer": render_markdown(result.answer, person_id=person_id),
        "verdicts": [
            {"ruling": verdict["ruling"], "sentence": explain_verdict(verdict)} for verdict in result.verdicts
        ],
        "error": _explain_error(result.error_code) if result.state == GoldenResultState.ERROR else "",
        "change": comparison.changes.get(result.prompt_id or 0, "") if comparison else "",
        "before": earlier,
        "before_answer": "" if earlier is None else render_markdown(earlier.answer, person_id=person_id),
    }


def _explain_error(code: str) -> str:
    """Return why there is no answer, as a sentence."""
    if code == "budget_exceeded":
        return _("A budget had no room for this call. Nothing was asked.")
    return get_failure_message(code)


@login_required
@require_GET
def progress(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """The part of a run's page that htmx polls; once the run has ended, the response reloads the page."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.VIEW_SETTINGS)
    run = access_golden_run(user, gpt, run_id)
    is_active = run.state in ACTIVE_RUNS
    context = {"gpt": gpt, "run": run, "done": _count_done(run), "is_active": is_active, "is_part": True}
    response = render(request, "gpts/evals/_progress.html", context)
    if not is_active:
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_GET
def leak_overview(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of leak probes. They show how to extract the instructions, so only editors see it."""
    gpt = access_gpt(person_of(request), slug, to=GPTAct.EDIT)
    newest = get_last_finished_run(gpt, kind=GoldenKind.LEAK)
    context = build_page_context(
        request,
        gpt,
        "tests",
        newest=newest,
        advice=list_leak_advice(newest) if newest else [],
        active=get_active_run(gpt, kind=GoldenKind.LEAK),
        runs=list(list_golden_runs(gpt, kind=GoldenKind.LEAK)[:MAX_LEAK_RUNS]),
        hardening=get_hardening_text(),
        is_hardened=get_hardening_text() in gpt.instructions,
        probe_count=len(PROBES),
        currency=settings.PAYOUT_CURRENCY,
    )
    return render(request, "gpts/evals/leaks.html", context)


@login_required
@require_POST
def add_hardening_text(request: HttpRequest, slug: str) -> HttpResponse:
    """Append the suggested lines to the draft's instructions, unless they are there already."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.EDIT)
    sent = request.POST.get("revision", "")
    text = get_hardening_text()
    try:
        if text not in gpt.instructions:
            update_draft(
                gpt=gpt,
                revision=int(sent) if sent.isdecimal() and len(sent) < 10 else 0,
                changes={"instructions": f"{gpt.instructions.rstrip()}\n\n{text}".strip()},
                by=user,
                at=timezone.now(),
            )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("gpts:build-leaks", slug)
    messages.success(request, _("The lines stand at the end of the instructions. Run the probes again."))
    return redirect("gpts:build-leaks", slug)

"""Runs on the Tests tab: begun, watched, cancelled, read, compared; and the leak probes."""

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
from gpts.evals.leaks import hardening_text
from gpts.evals.models import GoldenResult, GoldenRun
from gpts.evals.queries import (
    active_run,
    comparison_of,
    golden_runs,
    last_finished_run,
    leak_advice,
    results_by_prompt,
    results_of,
)
from gpts.evals.services.runs import cancel_run, start_run
from gpts.evals.states import ACTIVE_RUNS, GoldenKind, GoldenResultState
from gpts.evals.verdicts import sentence
from gpts.llm.failure_messages import failure_message

FILTERS = ("failed", "error", "unjudged", "passed")
KINDS_OF_BADGE = {"passed": "good", "failed": "bad", "error": "warn", "unjudged": "warn"}
LEAK_RUNS_SHOWN = 10


@login_required
@require_POST
def build_test_run(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin a run on the draft or, with ``version``, on that number."""
    gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
    kind = GoldenKind.LEAK if request.POST.get("kind") == GoldenKind.LEAK else GoldenKind.GOLDEN
    try:
        run = start_run(
            gpt=gpt,
            version=_version(request.user, gpt, request.POST.get("version", "")),
            kind=kind,
            language=get_language() or "en",
            by=request.user,
            at=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("gpts:build-leaks" if kind == GoldenKind.LEAK else "gpts:build-tests", slug)
    return redirect("gpts:build-test-result", slug, run.pk)


def _version(user: Any, gpt: GPT, typed: str) -> Version | None:
    if typed in ("", "draft"):
        return None
    return access_version(
        user, gpt, int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0
    )


@login_required
@require_POST
def build_test_cancel(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
    run = access_golden_run(request.user, gpt, run_id)
    try:
        cancel_run(run=run, by=request.user, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("gpts:build-test-result", slug, run_id)


@login_required
@require_GET
def build_test_result(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    run = access_golden_run(request.user, gpt, run_id)
    only = request.GET.get("only", "")
    changed = request.GET.get("changed", "")
    comparison = comparison_of(run)
    before = results_by_prompt(run.baseline)
    rows = [
        shown_result(result, comparison, before)
        for result in results_of(run, only=only if only in FILTERS else "")
        if not changed or comparison is None or comparison.changes.get(result.prompt_id or 0) == changed
    ]
    context = build_page_context(
        request,
        gpt,
        "tests",
        run=run,
        is_active=run.state in ACTIVE_RUNS,
        done=done_count(run),
        rows=rows,
        only=only,
        changed=changed,
        filters=[(name, str(GoldenResultState(name).label), _count(run, name)) for name in FILTERS],
        comparison=comparison,
        advice=leak_advice(run) if run.kind == GoldenKind.LEAK else [],
        hardening=hardening_text() if run.kind == GoldenKind.LEAK else "",
        currency=settings.PAYOUT_CURRENCY,
    )
    return render(request, "gpts/evals/run.html", context)


def done_count(run: GoldenRun) -> int:
    return run.passed_count + run.failed_count + run.unjudged_count + run.error_count


def _count(run: GoldenRun, state: str) -> int:
    names = {
        "failed": "failed_count",
        "error": "error_count",
        "unjudged": "unjudged_count",
        "passed": "passed_count",
    }
    return int(getattr(run, names[state]))


def shown_result(result: GoldenResult, comparison: Any, before: dict[int, GoldenResult]) -> dict[str, Any]:
    """Return one result as the page shows it."""
    earlier = before.get(result.prompt_id or 0)
    family = result.snapshot.get("family", "")
    return {
        "result": result,
        "name": str(ProbeFamily(family).label)
        if family in ProbeFamily.values
        else result.snapshot.get("name", ""),
        "question": result.snapshot.get("prompt", ""),
        "badge": KINDS_OF_BADGE.get(result.state, ""),
        "answer": render_markdown(result.answer) if result.answer else "",
        "verdicts": [
            {"ruling": verdict["ruling"], "sentence": sentence(verdict)} for verdict in result.verdicts
        ],
        "error": error_sentence(result.error_code) if result.state == GoldenResultState.ERROR else "",
        "change": comparison.changes.get(result.prompt_id or 0, "") if comparison else "",
        "before": earlier,
        "before_answer": render_markdown(earlier.answer) if earlier is not None and earlier.answer else "",
    }


def error_sentence(code: str) -> str:
    """Say why there is no answer; it is nobody's failed check."""
    if code == "budget_exceeded":
        return _("A budget had no room for this call. Nothing was asked.")
    return failure_message(code)


@login_required
@require_GET
def build_test_progress(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """The moving part of a run's page; once it has ended the page loads itself anew."""
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    run = access_golden_run(request.user, gpt, run_id)
    is_active = run.state in ACTIVE_RUNS
    context = {"gpt": gpt, "run": run, "done": done_count(run), "is_active": is_active, "is_part": True}
    response = render(request, "gpts/evals/_progress.html", context)
    if not is_active:
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_GET
def build_leaks(request: HttpRequest, slug: str) -> HttpResponse:
    """Leak probes: for who may edit alone, as they show ways in."""
    gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
    newest = last_finished_run(gpt, kind=GoldenKind.LEAK)
    context = build_page_context(
        request,
        gpt,
        "tests",
        newest=newest,
        advice=leak_advice(newest) if newest else [],
        active=active_run(gpt, kind=GoldenKind.LEAK),
        runs=list(golden_runs(gpt, kind=GoldenKind.LEAK)[:LEAK_RUNS_SHOWN]),
        hardening=hardening_text(),
        is_hardened=hardening_text() in gpt.instructions,
        probe_count=len(PROBES),
        currency=settings.PAYOUT_CURRENCY,
    )
    return render(request, "gpts/evals/leaks.html", context)


@login_required
@require_POST
def build_harden(request: HttpRequest, slug: str) -> HttpResponse:
    """Put the suggested lines below the draft's instructions."""
    gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
    sent = request.POST.get("revision", "")
    text = hardening_text()
    try:
        if text not in gpt.instructions:
            update_draft(
                gpt=gpt,
                revision=int(sent) if sent.isdecimal() and len(sent) < 10 else 0,
                changes={"instructions": f"{gpt.instructions.rstrip()}\n\n{text}".strip()},
                by=request.user,
                at=timezone.now(),
            )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("gpts:build-leaks", slug)
    messages.success(request, _("The lines stand at the end of the instructions. Run the probes again."))
    return redirect("gpts:build-leaks", slug)

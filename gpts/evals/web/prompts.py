"""The Tests tab: the list of golden prompts, their editor, import and export."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError, InvalidInput
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.queries.versions import list_versions
from gpts.assistants.rules import GPTAct
from gpts.assistants.states import Audience
from gpts.assistants.web.builder_frame import build_page_context
from gpts.evals.access import access_golden_prompt
from gpts.evals.files import COLUMNS, FORMATS, MAX_FILE_BYTES, write_jsonl, write_prompts_csv
from gpts.evals.models import GoldenPrompt
from gpts.evals.prompts import PROMPT_COUNT
from gpts.evals.queries import (
    compare_with_baseline,
    get_active_run,
    list_golden_prompts,
    list_golden_runs,
    suggest_prompts,
)
from gpts.evals.services.gate import find_gate_problem, get_required_pass_rate
from gpts.evals.services.prompts import (
    add_prompts,
    change_prompt,
    create_prompt,
    delete_prompt,
    import_prompts,
    move_prompt,
)
from gpts.evals.states import ExpectedOutcome, GoldenResultState
from gpts.evals.tags import show_tag
from gpts.evals.web.forms import (
    EMPTY_ROW,
    build_editor_data,
    build_prompt_fields,
    list_kind_choices,
    list_language_choices,
    read_editor_form,
)
from gpts.knowledge.queries import list_knowledge_files
from gpts.llm.catalogue import list_offered_models
from workspaces.web.people import person_of

MAX_RUNS = 12
MAX_VERSIONS = 30


@login_required
@require_GET
def prompt_list(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(person_of(request), slug, to=GPTAct.VIEW_SETTINGS)
    return render_prompt_list(request, gpt)


def render_prompt_list(request: HttpRequest, gpt: GPT, *, status: int = 200, **extra: Any) -> HttpResponse:
    prompts = list(list_golden_prompts(gpt))
    tags = sorted({show_tag(tag) for prompt in prompts for tag in prompt.tags})
    tag = show_tag(request.GET.get("tag", ""))
    failed = [prompt for prompt in prompts if prompt.last_state == GoldenResultState.FAILED]  # type: ignore[attr-defined]  # annotated
    only_failed = request.GET.get("state") == "failed"
    runs = list(list_golden_runs(gpt)[:MAX_RUNS])
    newest = next((run for run in runs if run.state == "finished"), None)
    context = build_page_context(
        request,
        gpt,
        "tests",
        prompts=[
            prompt
            for prompt in prompts
            if (not tag or tag in map(show_tag, prompt.tags)) and (not only_failed or prompt in failed)
        ],
        count=len(prompts),
        failed_count=len(failed),
        only_failed=only_failed,
        enabled_count=sum(prompt.is_enabled for prompt in prompts),
        limit=PROMPT_COUNT,
        tags=tags,
        tag=tag if tag in tags else "",
        runs=runs,
        newest=newest,
        comparison=compare_with_baseline(newest) if newest else None,
        active=get_active_run(gpt),
        chart=[
            (run.created_at.date().isoformat(), round(100 * (run.metrics.get("success_rate") or 0)))
            for run in reversed(runs)
            if run.state == "finished"
        ],
        versions=list(list_versions(gpt)[:MAX_VERSIONS]) if prompts else [],
        suggestions=suggest_prompts(gpt) if not prompts else [],
        currency=settings.PAYOUT_CURRENCY,
        columns=_(", ").join(COLUMNS),
        **_build_gate_context(gpt),
        **extra,
    )
    return render(request, "gpts/evals/list.html", context, status=status)


def _build_gate_context(gpt: GPT) -> dict[str, Any]:
    rates = (get_required_pass_rate(gpt), get_required_pass_rate(gpt, Audience.PUBLIC))
    if rates == (None, None):
        return {"gate_rate": None, "gate_problem": None}
    audience = "" if rates[0] is not None and rates[0] >= (rates[1] or 0) else Audience.PUBLIC.value
    return {
        "gate_rate": max(rate for rate in rates if rate is not None),
        "gate_problem": find_gate_problem(gpt, None, timezone.now(), audience=audience),
    }


@login_required
@require_http_methods(["GET", "POST"])
def new_prompt(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(person_of(request), slug, to=GPTAct.EDIT)
    return _handle_editor(request, gpt, None)


@login_required
@require_http_methods(["GET", "POST"])
def edit_prompt(request: HttpRequest, slug: str, prompt_id: int) -> HttpResponse:
    act = GPTAct.EDIT if request.method == "POST" else GPTAct.VIEW_SETTINGS
    gpt = access_gpt(person_of(request), slug, to=act)
    return _handle_editor(request, gpt, access_golden_prompt(gpt, prompt_id))


def _handle_editor(request: HttpRequest, gpt: GPT, prompt: GoldenPrompt | None) -> HttpResponse:
    typed, refusal = build_editor_data(prompt), None
    if request.method == "POST":
        typed = read_editor_form(request.POST)
        try:
            _save(request, gpt, prompt, typed)
        except DomainError as problem:
            refusal = problem
        else:
            messages.success(request, _("Saved."))
            return redirect("gpts:build-tests", gpt.slug)
    elif prompt is None and not typed["rows"]:
        typed["rows"] = [EMPTY_ROW]
    context = build_page_context(
        request,
        gpt,
        "tests",
        prompt=prompt,
        typed=typed,
        rows=list(enumerate(typed["rows"])),
        empty_row=EMPTY_ROW,
        refusal=refusal,
        bad_row=None if refusal is None else refusal.data.get("row"),
        kinds=list_kind_choices(),
        languages=list_language_choices(),
        outcomes=ExpectedOutcome.choices,
        files=sorted({file.name for file in list_knowledge_files(gpt)}),
        judges=[model for model in list_offered_models(gpt.workspace) if model.provider.kind != "offline"],
    )
    return render(request, "gpts/evals/edit.html", context, status=refusal.status if refusal else 200)


def _save(request: HttpRequest, gpt: GPT, prompt: GoldenPrompt | None, typed: dict[str, Any]) -> None:
    user = person_of(request)
    fields, now = build_prompt_fields(typed), timezone.now()
    if prompt is None:
        create_prompt(gpt=gpt, fields=fields, by=user, at=now)
    else:
        change_prompt(prompt=prompt, fields=fields, by=user, at=now)


@login_required
@require_POST
def act_on_prompt(request: HttpRequest, slug: str, prompt_id: int) -> HttpResponse:
    """Move a prompt up or down, enable or disable it, or delete it."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.EDIT)
    prompt = access_golden_prompt(gpt, prompt_id)
    act, now = request.POST.get("act", ""), timezone.now()
    if act in ("up", "down"):
        move_prompt(prompt=prompt, up=act == "up", by=user, at=now)
    elif act in ("on", "off"):
        change_prompt(prompt=prompt, fields={"is_enabled": act == "on"}, by=user, at=now)
    elif act == "delete":
        delete_prompt(prompt=prompt, by=user, at=now)
        messages.success(request, _("“%(name)s” was removed.") % {"name": prompt.name})
    else:
        raise InvalidInput(_("Choose what to do with it."), code="unknown_choice", field="act")
    return redirect("gpts:build-tests", slug)


@login_required
@require_POST
def add_suggestions(request: HttpRequest, slug: str) -> HttpResponse:
    """Add the suggestions that were ticked; ``take`` holds their indices in the list."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.EDIT)
    suggestions = suggest_prompts(gpt)
    chosen = [
        suggestions[int(index)].fields
        for index in request.POST.getlist("take")
        if index in map(str, range(len(suggestions)))
    ]
    if not chosen:
        messages.error(request, _("Choose at least one suggestion."))
        return redirect("gpts:build-tests", slug)
    added = add_prompts(gpt=gpt, prompts=chosen, by=user, at=timezone.now())
    text = ngettext("%(count)d prompt was added.", "%(count)d prompts were added.", len(added))
    messages.success(request, text % {"count": len(added)})
    return redirect("gpts:build-tests", slug)


@login_required
@require_POST
def import_file(request: HttpRequest, slug: str) -> HttpResponse:
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.EDIT)
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise InvalidInput(_("Choose a file first."), code="required", field="file")
        imported = import_prompts(
            gpt=gpt,
            data=upload.read(MAX_FILE_BYTES + 1),
            name=upload.name or "",
            replace=request.POST.get("mode") == "replace",
            by=user,
            at=timezone.now(),
        )
    except DomainError as refusal:
        return render_prompt_list(request, gpt, status=refusal.status, import_refusal=refusal)
    text = ngettext("%(count)d prompt was imported.", "%(count)d prompts were imported.", len(imported))
    messages.success(request, text % {"count": len(imported)})
    return redirect("gpts:build-tests", slug)


@login_required
@require_GET
def export_file(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(person_of(request), slug, to=GPTAct.VIEW_SETTINGS)
    return build_export_response(gpt, request.GET.get("format", "csv"))


def build_export_response(gpt: GPT, file_format: str) -> HttpResponse:
    """Return all prompts as a file; raises InvalidInput for an unknown format."""
    if file_format not in FORMATS:
        raise InvalidInput(_("Choose csv or jsonl."), code="unknown_choice", field="format")
    prompts = [vars(prompt) for prompt in list_golden_prompts(gpt)]
    body, kind = (
        (write_prompts_csv(prompts), "text/csv")
        if file_format == "csv"
        else (write_jsonl(prompts), "application/jsonl")
    )
    response = HttpResponse(body, content_type=f"{kind}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{gpt.slug}-golden.{file_format}"'
    return response

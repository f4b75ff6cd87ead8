"""/w/<workspace>/admin/gpts: every GPT of a company, what it costs and who has access; changes of several."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError, InvalidInput
from core.pagination import paginate
from gpts.assistants.audiences import DIRECT_AUDIENCES
from gpts.assistants.gpt_filters import NONE, ORDER_COLUMNS, GPTFilter, GPTOrder, Unused, read_gpt_filter
from gpts.assistants.queries.gpt_table import (
    describe_access,
    list_company_gpts,
    list_gpt_filters,
    read_filter_choices,
)
from gpts.assistants.services.gpt_filters import delete_gpt_filter, save_gpt_filter
from gpts.assistants.services.gpt_table_exports import record_gpt_table_export
from gpts.assistants.states import Audience
from gpts.assistants.web.builder_frame import get_icon_url
from gpts.studio.web.gpt_batches import BatchAct, BatchResult, apply_batch, read_chosen
from gpts.studio.web.gpt_table_files import stream_gpt_table
from gpts.studio.web.new_owner import build_company_owner_form
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.web.people import person_of

PAGE_ROWS = 50


@login_required
@require_safe
def gpt_table(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show the table; a wrong filter is answered with an error (400) and the whole list."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_GPTS)
    refusal: InvalidInput | None = None
    try:
        wanted = read_gpt_filter(request.GET)
    except InvalidInput as problem:
        wanted, refusal = GPTFilter(), problem
    page = paginate(
        list_company_gpts(tenant, wanted, today=timezone.now().date()),
        order=ORDER_COLUMNS[wanted.order],
        cursor="" if refusal else request.GET.get("cursor", ""),
        size=PAGE_ROWS,
    )
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "page": page,
        "rows": [
            {"gpt": gpt, "icon_url": get_icon_url(gpt), "access": describe_access(gpt)} for gpt in page.items
        ],
        "wanted": wanted,
        "refusal": refusal,
        "choices": read_filter_choices(tenant),
        "saved": [
            one | {"is_current": one["query"] == wanted.as_query()} for one in list_gpt_filters(tenant, user)
        ],
        "audiences": Audience.choices,
        "unused": Unused.choices,
        "orders": GPTOrder.choices,
        "none": NONE,
        "acts": BatchAct.choices,
        "currency": settings.PAYOUT_CURRENCY,
    }
    return render(request, "gpts/studio/gpt_table.html", context, status=refusal.status if refusal else 200)


@login_required
@require_safe
def download(request: HttpRequest, workspace: str) -> HttpResponseBase:
    """Send the GPTs of the filter as CSV, by age."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_GPTS)
    wanted, now = read_gpt_filter(request.GET), timezone.now()
    if request.method == "GET":
        record_gpt_table_export(workspace=tenant, wanted=wanted, today=now.date(), by=user, at=now)
    return stream_gpt_table(tenant, wanted, user=user, today=now.date())


@login_required
@require_POST
def change_filters(request: HttpRequest, workspace: str) -> HttpResponse:
    """Save the filter of ``query`` under ``name``, or with ``delete`` forget that name."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_GPTS)
    wanted = read_gpt_filter(QueryDict(request.POST.get("query", "")[:1_000]))
    name = request.POST.get("name", "")
    try:
        if request.POST.get("delete"):
            delete_gpt_filter(workspace=tenant, name=name, by=user)
            messages.success(request, _("The filter is gone."))
        else:
            save_gpt_filter(workspace=tenant, name=name, wanted=wanted, by=user)
            messages.success(request, _("Saved for you."))
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return redirect(f"{reverse('gpts:gpt-table', args=[tenant.slug])}?{wanted.as_query()}")


@login_required
@require_POST
def batch(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show what an act would do to the chosen GPTs; with ``confirmed`` do it and show what became of each."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_GPTS)
    act = request.POST.get("act", "")
    try:
        if act not in BatchAct.values:
            raise InvalidInput(_("Choose what to do with them."), code="unknown_choice", field="act")
        chosen = read_chosen(tenant, request.POST.getlist("gpt"))
    except InvalidInput as refusal:
        messages.error(request, str(refusal.message))
        return redirect("gpts:gpt-table", tenant.slug)
    context: dict[str, Any] = {
        "workspace": tenant,
        "accent": tenant.accent,
        "act": BatchAct(act),
        "chosen": chosen,
        "audiences": [(one.value, one.label) for one in DIRECT_AUDIENCES],
        "posted": request.POST,
    }
    is_confirmed = bool(request.POST.get("confirmed"))
    heir = None
    if act == BatchAct.TRANSFER:
        form = build_company_owner_form(tenant, request.POST if is_confirmed else None)
        context["form"], heir = form, form.chosen
    if not is_confirmed:
        return render(request, "gpts/studio/gpt_batch.html", context)
    if act == BatchAct.TRANSFER and heir is None:
        return render(request, "gpts/studio/gpt_batch.html", context, status=400)
    try:
        results = apply_batch(
            workspace=tenant,
            gpts=chosen,
            act=act,
            audience=request.POST.get("audience", ""),
            to=heir,
            typed_count=request.POST.get("typed_count", ""),
            by=user,
            at=timezone.now(),
        )
    except InvalidInput as refusal:
        context["refusal"] = refusal
        return render(request, "gpts/studio/gpt_batch.html", context, status=refusal.status)
    return render(request, "gpts/studio/gpt_batch.html", context | _count(results))


def _count(results: list[BatchResult]) -> dict[str, Any]:
    done = sum(result.is_done for result in results)
    return {"results": results, "done": done, "refused": len(results) - done}

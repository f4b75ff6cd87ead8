"""/w/<workspace>/admin/gpts/orphans: GPTs without an owner, and giving them to one."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core.errors import DomainError, InvalidInput
from core.pagination import paginate
from gpts.assistants.queries.orphans import list_orphans, list_recent_transfers
from gpts.assistants.services.transfers import request_transfer
from gpts.assistants.web.builder_frame import get_icon_url
from gpts.studio.web.new_owner import build_company_owner_form
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.models import User, Workspace
from workspaces.web.people import person_of

SHOWN_TRANSFERS = 5
SHOWN_FOR = timedelta(days=7)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def orphans(request: HttpRequest, workspace: str) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_GPTS)
    form = build_company_owner_form(tenant, request.POST or None)
    chosen = _read_chosen(request) if request.method == "POST" else None
    if chosen is not None and form.is_valid():
        return _transfer(request, tenant, user, chosen, form.chosen)
    page = paginate(
        list_orphans(tenant),
        order=("-updated_at", "-id"),
        cursor=request.GET.get("cursor", ""),
        size=50,
    )
    transfers = list_recent_transfers(tenant, since=timezone.now() - SHOWN_FOR)[:SHOWN_TRANSFERS]
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "page": page,
        "rows": [
            {
                "gpt": gpt,
                "icon_url": get_icon_url(gpt),
                "is_chosen": chosen is None or gpt.pk in chosen,
            }
            for gpt in page.items
        ],
        "form": form,
        "transfers": list(transfers),
        "runs": any(transfer.finished_at is None for transfer in transfers),
    }
    return render(request, "gpts/studio/orphans.html", context, status=400 if form.errors else 200)


def _read_chosen(request: HttpRequest) -> set[int]:
    sent = request.POST.getlist("gpt")
    return {int(one) for one in sent if one.isascii() and one.isdigit() and len(one) < 19}


def _transfer(
    request: HttpRequest, tenant: Workspace, user: User, chosen: set[int], heir: User
) -> HttpResponse:
    try:
        if not chosen:
            raise InvalidInput(_("Choose at least one GPT."), code="nothing_chosen", field="gpt")
        wanted = list(list_orphans(tenant).filter(pk__in=chosen).values_list("pk", flat=True))
        transfer = request_transfer(
            workspace=tenant,
            gpt_ids=wanted,
            to_user=heir,
            by=user,
            at=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        count = len(transfer.gpt_ids)
        messages.success(
            request,
            ngettext(
                "%(count)d GPT is on its way to %(person)s.",
                "%(count)d GPTs are on their way to %(person)s.",
                count,
            )
            % {"count": count, "person": transfer.to_user},
        )
    return redirect("gpts:orphan-list", tenant.slug)

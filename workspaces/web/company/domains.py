"""/w/<workspace>/admin/domains, and /join/domain/<workspace> for people with an address at one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, InvalidInput
from workspaces.access import (
    WorkspaceAct,
    access_domain_claim,
    access_join_offer,
    access_workspace,
)
from workspaces.queries.domains import list_domains
from workspaces.services.domain_claims import (
    claim_domain,
    get_record_name,
    get_record_text,
    request_check,
    set_domain_joining,
)
from workspaces.services.domain_joining import join_by_domain
from workspaces.services.proved_domains import release_domain
from workspaces.web.company.joining_forms import DomainForm, DomainJoiningForm
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def domains(request: HttpRequest, workspace: str) -> HttpResponse:
    """List the domains with the records that prove them; POST adds one."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    form = DomainForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            claim_domain(workspace=tenant, **form.cleaned_data, by=user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Add the record to the DNS of the domain, then check it."))
            return redirect("workspaces:domain-list", tenant.slug)
    rows = [
        {
            "row": row,
            "record_name": get_record_name(row.domain),
            "record_text": get_record_text(row.claim) if row.claim else "",
        }
        for row in list_domains(tenant)
    ]
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "rows": rows,
        "form": form,
        "joining_form": DomainJoiningForm(initial={"joining": tenant.domain_joining}),
    }
    return render(request, "workspaces/admin/domains.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def check(request: HttpRequest, workspace: str, domain: str) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    request_check(claim=access_domain_claim(tenant, domain), by=user, at=timezone.now())
    messages.success(request, _("The name servers are being asked. Look again in a few seconds."))
    return redirect("workspaces:domain-list", tenant.slug)


@login_required
@require_POST
def remove(request: HttpRequest, workspace: str, domain: str) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    if request.POST.get("confirmation", "").strip() != domain:
        raise InvalidInput(
            _("Type the name exactly to confirm."), code="confirmation_wrong", field="confirmation"
        )
    if release_domain(workspace=tenant, domain=domain, by=user, at=timezone.now()):
        messages.success(request, _("%(domain)s was removed. Members stay.") % {"domain": domain})
    return redirect("workspaces:domain-list", tenant.slug)


@login_required
@require_POST
def joining(request: HttpRequest, workspace: str) -> HttpResponse:
    """Say how people at the domains join."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    set_domain_joining(workspace=tenant, joining=request.POST.get("joining", ""), by=user, at=timezone.now())
    messages.success(request, _("Saved."))
    return redirect("workspaces:domain-list", tenant.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, workspace: str) -> HttpResponse:
    """Offer a workspace to who has an address at its domain; POST joins."""
    user = person_of(request)
    offer = access_join_offer(user, workspace)
    if request.method == "POST":
        join_by_domain(workspace=offer.workspace, by=user, at=timezone.now())
        messages.success(request, _("Welcome to %(name)s.") % {"name": offer.workspace.name})
        return redirect(f"/w/{offer.workspace.slug}/")
    return render(request, "workspaces/join_domain.html", {"offer": offer})

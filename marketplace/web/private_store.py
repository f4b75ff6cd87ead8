"""The private store of a workspace, for its members."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from marketplace import queries
from marketplace.search.tsquery import MAX_TEXT_LENGTH
from marketplace.services.company_store import close_onboarding
from marketplace.web.labels import get_cursor
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.web.people import person_of


@login_required
@require_safe
def private_store_show(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show the sections and all GPTs; with ``q`` those found, further pages without the sections."""
    person = person_of(request)
    company = access_workspace(person, workspace, to=WorkspaceAct.ENTER)
    text = " ".join(request.GET.get("q", "")[:MAX_TEXT_LENGTH].replace("\x00", "").split())
    cursor = get_cursor(request)
    store = None if text or cursor else queries.get_private_store(company, person, at=timezone.now())
    marks = None if store is None else store.marks
    page, cards = queries.page_private_store(company, person, text=text, cursor=cursor, marks=marks)
    context = {
        "workspace": company,
        "accent": company.accent,
        "q": text,
        "page": page,
        "cards": cards,
        "store": store,
        "may_administer": person.has_perm(WorkspaceAct.ADMINISTER, company),
        "may_manage_store": person.has_perm(WorkspaceAct.MANAGE_STORE, company),
        "shows_public_store": queries.may_use_some_external(person),
    }
    return render(request, "marketplace/private_store.html", context)


@login_required
@require_POST
def onboarding_close(request: HttpRequest, workspace: str) -> HttpResponse:
    """Do not show the set for new members any more."""
    person = person_of(request)
    company = access_workspace(person, workspace, to=WorkspaceAct.ENTER)
    close_onboarding(workspace=company, by=person, at=timezone.now())
    return redirect("marketplace:private-store-show", company.slug)

"""The private store of a workspace, for its members."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from marketplace import queries
from marketplace.search.tsquery import MAX_TEXT_LENGTH
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.web.people import person_of


@login_required
def private_store_show(request: HttpRequest, workspace: str) -> HttpResponse:
    person = person_of(request)
    company = access_workspace(person, workspace, to=WorkspaceAct.ENTER)
    text = request.GET.get("q", "")[:MAX_TEXT_LENGTH].strip().replace("\x00", "")
    cards = queries.list_private_store(company.pk, text=text)
    context = {
        "workspace": company,
        "accent": company.accent,
        "q": text,
        "cards": cards,
        "may_administer": person.has_perm(WorkspaceAct.ADMINISTER, company),
    }
    return render(request, "marketplace/private_store.html", context)

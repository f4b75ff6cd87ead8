"""A company's own store: what is live for its people, for them alone."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from marketplace import queries
from marketplace.search.expressions import LONGEST_TEXT
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.models import User


@login_required
def private_store_show(request: HttpRequest, workspace: str) -> HttpResponse:
    assert isinstance(request.user, User)
    place = access_workspace(request.user, workspace, to=WorkspaceAct.ENTER)
    text = request.GET.get("q", "")[:LONGEST_TEXT].strip().replace("\x00", "")
    cards = queries.private_store(place.pk, text=text)
    context = {
        "workspace": place,
        "accent": place.accent,
        "q": text,
        "cards": cards,
        "may_administer": request.user.has_perm(WorkspaceAct.ADMINISTER, place),
    }
    return render(request, "marketplace/private_store.html", context)

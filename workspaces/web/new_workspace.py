"""/w/new."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from workspaces.queries.domains import list_join_offers
from workspaces.services.workspaces import create_workspace
from workspaces.web.forms import NewWorkspaceForm, add_refusal
from workspaces.web.people import person_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    form = NewWorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            workspace = create_workspace(name=form.cleaned_data["name"], by=user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("%(name)s is ready. Invite your colleagues.") % {"name": workspace})
            return redirect("workspaces:member-list", workspace.slug)
    context = {"form": form, "offers": list_join_offers(user)}
    return render(request, "workspaces/new.html", context, status=400 if form.errors else 200)

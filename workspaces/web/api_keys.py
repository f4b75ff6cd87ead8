"""/settings/api-keys/: create, list and revoke API keys."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from core.pagination import paginate
from workspaces.access import WorkspaceAct, access_api_key, access_workspace
from workspaces.queries import get_user_roles, list_api_keys
from workspaces.services.api_keys import create_api_key, revoke_api_key
from workspaces.web.forms import ApiKeyForm, add_refusal
from workspaces.web.people import person_of
from workspaces.web.reauthentication import asks_again


@asks_again("POST")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def api_keys(request: HttpRequest) -> HttpResponse:
    """List the valid keys; a new key's secret is shown once, in the response to the form."""
    user = person_of(request)
    plain = ""
    form = ApiKeyForm(request.POST or None, roles=get_user_roles(user))
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            _key, plain = create_api_key(
                user=user,
                workspace=access_workspace(user, form.cleaned_data["workspace"], to=WorkspaceAct.ENTER),
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=now + form.lifetime if form.lifetime else None,
                by=user,
                at=now,
            )
            form = ApiKeyForm(roles=get_user_roles(user))
        except DomainError as error:
            add_refusal(form, error)
    page = paginate(list_api_keys(user), order=("-id",), cursor=request.GET.get("cursor", ""), size=50)
    context = {"form": form, "page": page, "plain": plain, "now": timezone.now()}
    return render(request, "workspaces/settings/api_keys.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    user = person_of(request)
    revoke_api_key(key=access_api_key(user, key_id), by=user, at=timezone.now())
    messages.success(request, _("The key is revoked and works no more."))
    return redirect("workspaces:api-key-list")

"""/w/<workspace>/admin/people/search: the suggestions of fields in which admins name a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from core.picks import Pick
from workspaces.access import WorkspaceAct, access_workspace, not_found
from workspaces.models import User, Workspace
from workspaces.queries import pick_builders, pick_members, pick_new_owners
from workspaces.web.people import person_of
from workspaces.web.picks import show_picks

# What a field is for: the part of the administration that it belongs to, and whom it may name.
USES: Mapping[str, tuple[WorkspaceAct, Callable[[Workspace, User], Pick[User]]]] = {
    "budget": (WorkspaceAct.MANAGE_BUDGETS, lambda tenant, _user: pick_members(tenant)),
    "hold": (WorkspaceAct.MANAGE_RETENTION, lambda tenant, _user: pick_members(tenant)),
    "gpts": (WorkspaceAct.MANAGE_GPTS, lambda tenant, _user: pick_builders(tenant)),
    "workspace": (WorkspaceAct.OWN, pick_new_owners),
}


def people_search_url(workspace: Workspace, use: str) -> str:
    return f"{reverse('workspaces:people-search', args=[workspace.slug])}?for={use}"


@login_required
@require_safe
def search(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show people who match ``q`` for the field ``for``; each field needs the right of its page."""
    user = person_of(request)
    use = USES.get(request.GET.get("for", ""))
    if use is None:
        access_workspace(user, workspace, to=WorkspaceAct.ADMINISTER)
        raise not_found()
    act, pick = use
    tenant = access_workspace(user, workspace, to=act)
    return show_picks(request, pick(tenant, user))

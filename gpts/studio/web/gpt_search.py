"""/w/<workspace>/admin/gpts/search: the suggestions of fields in which admins name a GPT."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import list_gpts_of
from gpts.assistants.queries.picks import pick_gpts
from gpts.chat.queries.retention import list_gpts_to_hold
from workspaces.access import WorkspaceAct, access_workspace, not_found
from workspaces.models import Workspace
from workspaces.web.people import person_of
from workspaces.web.picks import show_picks

# What a field is for: the part of the administration that it belongs to, and which GPTs it may name.
USES: Mapping[str, tuple[WorkspaceAct, Callable[[Workspace], QuerySet[GPT]]]] = {
    "budget": (WorkspaceAct.MANAGE_BUDGETS, list_gpts_of),
    "rule": (WorkspaceAct.MANAGE_RETENTION, list_gpts_of),
    "hold": (WorkspaceAct.MANAGE_RETENTION, list_gpts_to_hold),
}


@login_required
@require_safe
def search(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show GPTs that match ``q`` for the field ``for``; each field needs the right of its page."""
    user = person_of(request)
    use = USES.get(request.GET.get("for", ""))
    if use is None:
        access_workspace(user, workspace, to=WorkspaceAct.ADMINISTER)
        raise not_found()
    act, list_rows = use
    tenant = access_workspace(user, workspace, to=act)
    return show_picks(request, pick_gpts(list_rows(tenant)))

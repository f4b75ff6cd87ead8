"""Cost centres on the pages of groups and members; admins alone set them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from workspaces.access import WorkspaceAct, access_group, access_member, access_workspace
from workspaces.services.cost_centres import set_group_cost_centre, set_member_cost_centre
from workspaces.web.people import person_of


@login_required
@require_POST
def of_group(request: HttpRequest, workspace: str, group_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_GROUPS)
    group = access_group(user, tenant, group_id)
    set_group_cost_centre(group=group, code=request.POST.get("cost_centre", ""), by=user, at=timezone.now())
    messages.success(request, _("Saved"))
    return redirect("workspaces:group-detail", tenant.slug, group.pk)


@login_required
@require_POST
def of_member(request: HttpRequest, workspace: str, member_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    member = access_member(tenant, member_id)
    set_member_cost_centre(
        member=member, code=request.POST.get("cost_centre", ""), by=user, at=timezone.now()
    )
    messages.success(request, _("The cost centre of %(name)s is saved.") % {"name": member.user.display_name})
    return redirect("workspaces:member-list", tenant.slug)

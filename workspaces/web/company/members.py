"""/w/<workspace>/admin/members, leaving a workspace, and the page of an invitation's link."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, InvalidInput
from core.pagination import paginate
from gpts.assistants.queries.owned import count_owned_gpts
from gpts.assistants.services.leavers import remove_leaver
from workspaces.access import (
    WorkspaceAct,
    access_invitation,
    access_invitation_by_token,
    access_member,
    access_own_membership,
    access_workspace,
)
from workspaces.models import Member, Workspace
from workspaces.queries import count_members, list_groups, list_members, list_open_invitations, pick_builders
from workspaces.services.members import (
    accept_invitation,
    change_role,
    invite_member,
    revoke_invitation,
)
from workspaces.states import Role
from workspaces.web.company.joining_forms import MemberFilterForm
from workspaces.web.company.member_batches import read_member_filter
from workspaces.web.company.people_search import people_search_url
from workspaces.web.forms import InviteForm, RoleForm, add_refusal
from workspaces.web.people import person_of
from workspaces.web.picks import PickField, PickForm
from workspaces.web.reauthentication import ask_again


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: HttpRequest, workspace: str) -> HttpResponse:
    """List members and open invitations; POST invites."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["role"] == Role.OWNER:
            ask_again(request)
        try:
            invite_member(
                workspace=tenant,
                **form.cleaned_data,
                language=get_language() or "",
                by=user,
                at=timezone.now(),
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("The invitation is on its way."))
            return redirect("workspaces:member-list", tenant.slug)
    chosen = read_member_filter(MemberFilterForm(request.GET))
    page = paginate(
        list_members(tenant, **chosen), order=("id",), cursor=request.GET.get("cursor", ""), size=50
    )
    owned = count_owned_gpts(tenant, [member.user_id for member in page.items])
    may_give = user.has_perm(WorkspaceAct.MANAGE_GPTS, tenant)
    removals = [
        {
            "member": member,
            "owned_count": owned.get(member.user_id, 0),
            "form": _build_heir_form(tenant, member) if may_give and member.user_id in owned else None,
        }
        for member in page.items
    ]
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "form": form,
        "chosen": chosen,
        "is_filtered": any(chosen.values()),
        "groups": list(list_groups(tenant).order_by("name", "pk")[:500]),
        "member_count": count_members(tenant),
        "page": page,
        "removals": removals,
        "invitations": list(list_open_invitations(tenant, at=timezone.now())[:100]),
        "roles": Role.choices,
        "now": timezone.now(),
    }
    return render(request, "workspaces/admin/members.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def role(request: HttpRequest, workspace: str, member_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    form = RoleForm(request.POST)
    wanted = form.cleaned_data["role"] if form.is_valid() else ""
    member = access_member(tenant, member_id)
    if Role.OWNER in (wanted, member.role):
        ask_again(request)
    change_role(member=member, role=wanted, by=user, at=timezone.now())
    messages.success(request, _("%(name)s has a new role.") % {"name": member.user.display_name})
    return redirect("workspaces:member-list", tenant.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, workspace: str, member_id: int) -> HttpResponse:
    """Say what the removal does; POST removes. GPTs go to ``successor``, if one is named."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    member = access_member(tenant, member_id)
    form = _build_heir_form(tenant, member, request.POST or None)
    if request.method != "POST":
        return _show_removal(request, tenant, member, form)
    if member.role == Role.OWNER:
        ask_again(request)
    successor = None
    if request.POST.get("successor", "").strip():
        # Giving GPTs away is a part of its own.
        access_workspace(user, workspace, to=WorkspaceAct.MANAGE_GPTS)
        if form.chosen is None:
            return _show_removal(request, tenant, member, form)
        successor = access_own_membership(tenant, form.chosen)
    try:
        remove_leaver(member=member, successor=successor, by=user, at=timezone.now())
    except InvalidInput as refusal:
        add_refusal(form, refusal)
        return _show_removal(request, tenant, member, form)
    messages.success(request, _("%(name)s is no longer a member.") % {"name": member.user.display_name})
    if member.user_id == user.pk:
        return redirect("/")
    return redirect("workspaces:member-list", tenant.slug)


def _build_heir_form(tenant: Workspace, member: Member, data: Any = None) -> PickForm:
    pick = pick_builders(tenant)
    field = PickField(
        replace(pick, rows=pick.rows.exclude(pk=member.user_id)),
        url=people_search_url(tenant, "gpts"),
        label=_("Who gets them"),
        required=False,
        help_text=_("Type a name and choose, or type an e-mail address; empty for nobody for now."),
    )
    return PickForm(data, "successor", field, auto_id=f"%s-{member.pk}")


def _show_removal(request: HttpRequest, tenant: Workspace, member: Member, form: PickForm) -> HttpResponse:
    may_give = person_of(request).has_perm(WorkspaceAct.MANAGE_GPTS, tenant)
    owned = count_owned_gpts(tenant, [member.user_id]).get(member.user_id, 0)
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "removal": {
            "member": member,
            "owned_count": owned,
            "form": form if may_give and (owned or form.errors) else None,
        },
    }
    status = 400 if form.errors else 200
    return render(request, "workspaces/admin/member_remove.html", context, status=status)


@login_required
@require_POST
def leave(request: HttpRequest, workspace: str) -> HttpResponse:
    """End one's own membership; every member may, except the last owner."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.ENTER)
    remove_leaver(member=access_own_membership(tenant, user), successor=None, by=user, at=timezone.now())
    messages.success(request, _("You have left %(name)s.") % {"name": tenant.name})
    return redirect("workspaces:settings-profile")


@login_required
@require_POST
def revoke(request: HttpRequest, workspace: str, invitation_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    revoke_invitation(invitation=access_invitation(tenant, invitation_id), by=user, at=timezone.now())
    messages.success(request, _("The invitation is closed."))
    return redirect("workspaces:member-list", tenant.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Show the invitation; POST accepts it."""
    user = person_of(request)
    invitation = access_invitation_by_token(token, at=timezone.now())
    if request.method == "POST":
        member = accept_invitation(invitation=invitation, by=user, at=timezone.now())
        messages.success(request, _("Welcome to %(name)s.") % {"name": invitation.workspace.name})
        # A guest has no page of the workspace.
        return redirect("/" if member is None else f"/w/{invitation.workspace.slug}/")
    context = {
        "invitation": invitation,
        "is_for_me": invitation.email == user.email,
        "role": Role(invitation.role).label if invitation.role else "",
    }
    return render(request, "workspaces/invitation.html", context)

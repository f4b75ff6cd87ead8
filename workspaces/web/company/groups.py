"""/w/<workspace>/admin/groups, a page for each group, and /w/<workspace>/groups for members."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, Forbidden, InvalidInput
from core.pagination import paginate
from workspaces.access import WorkspaceAct, access_group, access_member, access_workspace
from workspaces.acts import Act, check_act
from workspaces.models import Group, User, Workspace
from workspaces.queries import (
    find_member_ids,
    find_members_outside,
    list_group_members,
    list_groups,
    list_own_groups,
)
from workspaces.services.groups import (
    add_group_members,
    create_group,
    delete_group,
    remove_group_member,
    update_group,
)
from workspaces.states import GroupSource
from workspaces.web.company.group_forms import AddressesForm, GroupForm, NewGroupForm
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of

SEARCH_LENGTH = 200


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def groups(request: HttpRequest, workspace: str) -> HttpResponse:
    """List all groups for admins; POST makes one."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_GROUPS)
    form = NewGroupForm(request.POST or None)
    made = _make(request, tenant, form, is_owned=False)
    if made is not None:
        return redirect("workspaces:group-detail", tenant.slug, made.pk)
    search = request.GET.get("q", "").strip()[:SEARCH_LENGTH]
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "form": form,
        "q": search,
        "page": paginate(
            list_groups(tenant, search=search),
            order=("name", "id"),
            cursor=request.GET.get("cursor", ""),
            size=50,
        ),
    }
    return render(request, "workspaces/admin/groups.html", context, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own_groups(request: HttpRequest, workspace: str) -> HttpResponse:
    """List the groups that a member belongs to or owns; POST makes one, where the policy allows it."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.ENTER)
    refusal = _find_refusal(user, tenant)
    form = NewGroupForm(request.POST or None)
    if request.method == "POST" and refusal is not None:
        raise refusal
    made = _make(request, tenant, form, is_owned=True)
    if made is not None:
        return redirect("workspaces:group-detail", tenant.slug, made.pk)
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "form": form,
        "refusal": refusal,
        "is_admin": user.has_perm(WorkspaceAct.MANAGE_GROUPS, tenant),
        "groups": list(list_own_groups(tenant, user).order_by("name", "pk")[:200]),
    }
    return render(request, "workspaces/groups.html", context, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def group(request: HttpRequest, workspace: str, group_id: int) -> HttpResponse:
    """Show a group with its members; POST changes its settings. For its owner and admins."""
    user, tenant, found = _access(request, workspace, group_id)
    form = GroupForm(request.POST or None, initial=_read(found))
    if request.method == "POST" and form.is_valid():
        try:
            update_group(group=found, **form.cleaned_data, by=user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("workspaces:group-detail", tenant.slug, found.pk)
    return _group_page(request, tenant, found, form=form)


@login_required
@require_POST
def add_addresses(request: HttpRequest, workspace: str, group_id: int) -> HttpResponse:
    """Add the members with the typed addresses; an address of nobody here refuses all of them."""
    user, tenant, found = _access(request, workspace, group_id)
    addresses = AddressesForm(request.POST)
    if addresses.is_valid():
        try:
            member_ids, unknown = find_member_ids(tenant, addresses.cleaned_data["emails"][:1000])
            if unknown:
                raise InvalidInput(
                    _("No member has these addresses: %(list)s. Nobody was added.")
                    % {"list": _(", ").join(unknown[:10])},
                    code="not_a_member",
                    field="emails",
                )
            change = add_group_members(group=found, member_ids=member_ids, by=user, at=timezone.now())
        except DomainError as error:
            add_refusal(addresses, error)
        else:
            messages.success(
                request,
                ngettext("%(count)d person was added.", "%(count)d people were added.", change.added)
                % {"count": change.added},
            )
            return redirect("workspaces:group-detail", tenant.slug, found.pk)
    return _group_page(request, tenant, found, addresses=addresses)


@login_required
@require_POST
def add(request: HttpRequest, workspace: str, group_id: int, member_id: int) -> HttpResponse:
    user, tenant, found = _access(request, workspace, group_id)
    member = access_member(tenant, member_id)
    add_group_members(group=found, member_ids=[member.pk], by=user, at=timezone.now())
    messages.success(request, _("%(name)s was added.") % {"name": member.user.display_name})
    return redirect("workspaces:group-detail", tenant.slug, found.pk)


@login_required
@require_POST
def remove(request: HttpRequest, workspace: str, group_id: int, member_id: int) -> HttpResponse:
    user, tenant, found = _access(request, workspace, group_id)
    member = access_member(tenant, member_id)
    remove_group_member(group=found, member_id=member.pk, by=user, at=timezone.now())
    messages.success(request, _("%(name)s is no longer in the group.") % {"name": member.user.display_name})
    return redirect("workspaces:group-detail", tenant.slug, found.pk)


@login_required
@require_POST
def delete(request: HttpRequest, workspace: str, group_id: int) -> HttpResponse:
    """Delete a group after its name was typed."""
    user, tenant, found = _access(request, workspace, group_id)
    if request.POST.get("confirmation", "").strip() != found.name:
        raise InvalidInput(
            _("Type the name exactly to confirm."), code="confirmation_wrong", field="confirmation"
        )
    delete_group(group=found, by=user, at=timezone.now(), is_by_hand=True)
    messages.success(request, _("The group was deleted."))
    is_admin = user.has_perm(WorkspaceAct.MANAGE_GROUPS, tenant)
    return redirect("workspaces:group-list" if is_admin else "workspaces:group-own", tenant.slug)


def _access(request: HttpRequest, workspace: str, group_id: int) -> tuple[User, Workspace, Group]:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.ENTER)
    return user, tenant, access_group(user, tenant, group_id)


def _make(request: HttpRequest, tenant: Workspace, form: NewGroupForm, *, is_owned: bool) -> Group | None:
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return create_group(
            workspace=tenant,
            **form.cleaned_data,
            is_owned=is_owned,
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        add_refusal(form, error)
    return None


def _find_refusal(user: User, tenant: Workspace) -> Forbidden | None:
    """Return why the member may make no group here, None if they may."""
    try:
        check_act(user, Act.MAKE_GROUP, workspace_id=tenant.pk)
    except Forbidden as refusal:
        return refusal
    return None


def _read(found: Group) -> dict[str, str]:
    return {name: getattr(found, name) for name in ("name", "description", "email_domain", "sharing")}


def _group_page(
    request: HttpRequest,
    tenant: Workspace,
    found: Group,
    *,
    form: GroupForm | None = None,
    addresses: AddressesForm | None = None,
) -> HttpResponse:
    search = request.GET.get("q", "").strip()[:SEARCH_LENGTH]
    wanted = request.GET.get("find", "").strip()[:SEARCH_LENGTH]
    form, addresses = form or GroupForm(initial=_read(found)), addresses or AddressesForm()
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "group": found,
        "is_from_scim": found.source == GroupSource.SCIM,
        "is_admin": person_of(request).has_perm(WorkspaceAct.MANAGE_GROUPS, tenant),
        "form": form,
        "addresses": addresses,
        "q": search,
        "find": wanted,
        "found": find_members_outside(found, wanted),
        "member_count": list_group_members(found).count(),
        "page": paginate(
            list_group_members(found, search=search),
            order=("name", "id"),
            cursor=request.GET.get("cursor", ""),
            size=50,
        ),
    }
    status = 400 if form.errors or addresses.errors else 200
    return render(request, "workspaces/admin/group.html", context, status=status)

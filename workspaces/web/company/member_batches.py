"""Several members at once: change and removal, invitations from a file, and the list as a file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.csv_files import write_csv
from core.errors import DomainError
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.queries import list_members
from workspaces.services.invitation_import import IMPORT_BYTES, ImportResult, import_invitations
from workspaces.services.member_batches import change_roles, remove_members
from workspaces.states import Role
from workspaces.web.company.joining_forms import ImportForm, MemberFilterForm
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of
from workspaces.web.reauthentication import ask_again

# Refused rows that the page shows.
SHOWN = 200


@login_required
@require_POST
def change(request: HttpRequest, workspace: str) -> HttpResponse:
    """Give the chosen members a role, or remove them: all of them or none."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    typed = request.POST.getlist("member")
    # Longer texts are no ids, and int() refuses very long ones.
    ids = [int(one) for one in typed if one.isascii() and one.isdigit() and len(one) < 19]
    act = request.POST.get("act", "")
    chosen = list_members(tenant).filter(pk__in=ids)
    if act == Role.OWNER or chosen.filter(role=Role.OWNER).exists():
        ask_again(request)
    if act == "remove":
        count = remove_members(workspace=tenant, member_ids=ids, by=user, at=timezone.now())
        text = ngettext("%(count)d member was removed.", "%(count)d members were removed.", count)
    else:
        count = change_roles(workspace=tenant, member_ids=ids, role=act, by=user, at=timezone.now())
        text = ngettext("%(count)d member has the role.", "%(count)d members have the role.", count)
    messages.success(request, text % {"count": count})
    return redirect("workspaces:member-list", tenant.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request: HttpRequest, workspace: str) -> HttpResponse:
    """Invite everybody in a CSV file; the answer says which rows were refused and why."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    form = ImportForm(request.POST or None, request.FILES or None)
    result: ImportResult | None = None
    if request.method == "POST" and form.is_valid():
        try:
            result = import_invitations(
                workspace=tenant,
                content=form.cleaned_data["file"].read(IMPORT_BYTES + 1),
                language=get_language() or "",
                by=user,
                at=timezone.now(),
            )
        except DomainError as error:
            add_refusal(form, error)
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "form": form,
        "result": result,
        "shown": result.refused[:SHOWN] if result else [],
        "left": max(len(result.refused) - SHOWN, 0) if result else 0,
    }
    status = 400 if form.errors else 200
    return render(request, "workspaces/admin/member_import.html", context, status=status)


@login_required
@require_safe
def export(request: HttpRequest, workspace: str) -> HttpResponse:
    """Send the list of members, as it is filtered, as CSV."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
    rows = list_members(tenant, **read_member_filter(MemberFilterForm(request.GET)))
    header = [_("Name"), _("E-mail"), _("Role"), _("Since"), _("Last active")]
    cells = (
        [
            member.user.display_name,
            member.user.email,
            member.role,
            member.joined_at.date().isoformat(),
            member.last_active_at.date().isoformat() if member.last_active_at else "",
        ]
        for member in rows.order_by("pk").iterator(chunk_size=2_000)
    )
    response = HttpResponse(write_csv(header, cells, has_mark=True), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="members-{tenant.slug}.csv"'
    return response


def read_member_filter(form: MemberFilterForm) -> dict[str, Any]:
    """Return what ``list_members`` takes; values that are not valid filter nothing."""
    form.is_valid()
    return {
        "search": form.cleaned_data.get("q", "").strip(),
        "role": form.cleaned_data.get("role", ""),
        "group_id": form.cleaned_data.get("group"),
    }

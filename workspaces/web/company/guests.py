"""/w/<workspace>/admin/guests: all guests for who manages people, for other members those they invited."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, Forbidden
from core.pagination import paginate
from workspaces.access import WorkspaceAct, access_guest, access_workspace
from workspaces.acts import Act, check_act
from workspaces.queries import list_guest_invitations, list_guests
from workspaces.services.guests import check_guest_allowed, end_guest, extend_guest, invite_guest
from workspaces.web.company.joining_forms import GUEST_TIMES, GuestForm, GuestTimeForm
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def guests(request: HttpRequest, workspace: str) -> HttpResponse:
    """List guests; POST invites one, where the policy allows it."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.ENTER)
    is_admin = user.has_perm(WorkspaceAct.MANAGE_PEOPLE, tenant)
    refusal: Forbidden | None = None
    try:
        check_act(user, Act.INVITE_GUEST, workspace_id=tenant.pk)
    except Forbidden as error:
        refusal = error
    form = GuestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            check_guest_allowed(workspace=tenant, email=form.cleaned_data["email"], by=user)
            invite_guest(
                workspace=tenant,
                **form.cleaned_data,
                language=get_language() or "",
                by=user,
                at=timezone.now(),
            )
        except Forbidden:
            raise
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("The invitation is on its way."))
            return redirect("workspaces:guest-list", tenant.slug)
    now = timezone.now()
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "form": form,
        "refusal": refusal,
        "is_admin": is_admin,
        "times": GUEST_TIMES,
        "invitations": list(list_guest_invitations(tenant, at=now)[:100]) if is_admin else [],
        "page": paginate(
            list_guests(tenant, at=now, invited_by=None if is_admin else user),
            order=("-id",),
            cursor=request.GET.get("cursor", ""),
            size=50,
        ),
    }
    return render(request, "workspaces/admin/guests.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def extend(request: HttpRequest, workspace: str, guest_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.ENTER)
    guest = access_guest(user, tenant, guest_id)
    check_guest_allowed(workspace=tenant, email=guest.user.email, by=user)
    form = GuestTimeForm(request.POST)
    days = form.cleaned_data["days"] if form.is_valid() else 0
    extend_guest(guest=guest, days=days, by=user, at=timezone.now())
    messages.success(request, _("Saved"))
    return redirect("workspaces:guest-list", tenant.slug)


@login_required
@require_POST
def end(request: HttpRequest, workspace: str, guest_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.ENTER)
    guest = access_guest(user, tenant, guest_id)
    end_guest(guest=guest, by=user, at=timezone.now())
    messages.success(request, _("%(name)s is no longer a guest.") % {"name": guest.user.display_name})
    return redirect("workspaces:guest-list", tenant.slug)

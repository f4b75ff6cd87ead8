"""/operator/staff: who has a staff role, whether it counts, granting and revoking."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from workspaces.access import access_staff_member
from workspaces.queries import find_user, list_staff_members
from workspaces.services.staff import grant_staff_role, revoke_staff_role
from workspaces.web.forms import StaffRoleForm, add_refusal
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required("operator")
@reauthentication_required
def staff_roles(request: HttpRequest) -> HttpResponse:
    """List staff; POST grants a role to the account with this address."""
    form = StaffRoleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user = find_user(form.cleaned_data["email"])
        try:
            if user is None:
                form.add_error("email", _("There is no account with this address."))
            else:
                grant_staff_role(
                    user=user, role=form.cleaned_data["role"], by=person_of(request), at=timezone.now()
                )
        except DomainError as error:
            add_refusal(form, error)
        if not form.errors:
            messages.success(request, _("Saved"))
            return redirect("workspaces:staff-list")
    context = {"form": form, "members": list_staff_members()}
    return render(request, "workspaces/operator/staff.html", context, status=400 if form.errors else 200)


@require_POST
@staff_required("operator")
@reauthentication_required
def revoke(request: HttpRequest, user_id: int, role: str) -> HttpResponse:
    user = access_staff_member(user_id)
    try:
        revoke_staff_role(user=user, role=role, by=person_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Saved"))
    return redirect("workspaces:staff-list")

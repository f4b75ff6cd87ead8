"""/settings/: profile, appearance, security, export and deletion of the account."""

from __future__ import annotations

import json

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from workspaces.queries import build_account_export, get_security_overview
from workspaces.queries.domains import list_join_offers
from workspaces.services.leaving import delete_account
from workspaces.services.security_notices import SecurityEvent, notify_security
from workspaces.services.users import set_theme, update_profile
from workspaces.web.forms import ProfileForm, ThemeForm, add_refusal
from workspaces.web.people import person_of
from workspaces.web.reauthentication import asks_again


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm.for_user(user)
    if request.method == "POST" and form.is_valid():
        try:
            update_profile(user=user, **form.cleaned_data, by=user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("workspaces:settings-profile")
    context = {"form": form, "offers": list_join_offers(user)}
    return render(request, "workspaces/settings/profile.html", context, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def appearance(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    form = ThemeForm(request.POST or None, initial={"theme": user.theme})
    if request.method == "POST" and form.is_valid():
        set_theme(user=user, theme=form.cleaned_data["theme"], by=user, at=timezone.now())
        messages.success(request, _("Saved"))
        return redirect("workspaces:settings-appearance")
    return render(
        request, "workspaces/settings/appearance.html", {"form": form}, status=400 if form.errors else 200
    )


@login_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    overview = get_security_overview(person_of(request))
    return render(request, "workspaces/settings/security.html", {"overview": overview})


@login_required
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    return render(request, "workspaces/settings/data.html")


@asks_again("GET", "HEAD")
@login_required
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """Download what the account app stores about the person, as JSON; the person is told of it."""
    user = person_of(request)
    body = json.dumps(build_account_export(user), ensure_ascii=False, indent=2)
    if request.method == "GET":
        notify_security(user=user, event=SecurityEvent.DATA_EXPORTED, at=timezone.now())
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="loggia-account.json"'
    return response


@asks_again("GET", "HEAD", "POST")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    refusal: DomainError | None = None
    if request.method == "POST":
        try:
            erasure = delete_account(
                user=user, confirmation=request.POST.get("confirmation", ""), by=user, at=timezone.now()
            )
        except DomainError as error:
            refusal = error
        else:
            logout(request)
            return redirect("workspaces:erasure-progress", erasure.pk)
    context = {"refusal": refusal, "typed": request.POST.get("confirmation", "")}
    return render(
        request, "workspaces/settings/delete.html", context, status=refusal.status if refusal else 200
    )

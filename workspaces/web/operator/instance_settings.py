"""/operator/settings: settings of the instance that may change while it runs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError, NotFound
from core.instance_settings import DEFINITIONS, Group
from workspaces.queries.instance_settings import MEGABYTE, list_settings
from workspaces.services.instance_settings import NEEDS_PASSWORD, change_setting, reset_setting
from workspaces.web.people import person_of
from workspaces.web.reauthentication import ask_again
from workspaces.web.staff import staff_required


@require_safe
@staff_required("operator")
def settings_page(request: HttpRequest) -> HttpResponse:
    return _show(request)


@require_POST
@staff_required("operator")
def change(request: HttpRequest, key: str) -> HttpResponse:
    """Set one setting; a refusal shows the page again with what was typed."""
    typed = request.POST.get("value", "")
    if key in NEEDS_PASSWORD:
        ask_again(request)
    value: Any = typed.strip()
    is_megabytes = key in DEFINITIONS and DEFINITIONS[key].kind == "megabytes"
    if is_megabytes and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value) * MEGABYTE
    try:
        change_setting(key=key, value=value, by=person_of(request), at=timezone.now())
    except NotFound:
        raise
    except DomainError as error:
        return _show(request, refused=key, typed=typed, refusal=error)
    messages.success(request, _("Saved. It holds everywhere within ten seconds."))
    return redirect(f"/operator/settings#{key}")


@require_POST
@staff_required("operator")
def reset(request: HttpRequest, key: str) -> HttpResponse:
    if key in NEEDS_PASSWORD:
        ask_again(request)
    try:
        reset_setting(key=key, by=person_of(request), at=timezone.now())
    except NotFound:
        raise
    except DomainError as error:
        return _show(request, refused=key, refusal=error)
    messages.success(request, _("The value of the environment holds again."))
    return redirect(f"/operator/settings#{key}")


def _show(
    request: HttpRequest, *, refused: str = "", typed: str = "", refusal: DomainError | None = None
) -> HttpResponse:
    rows = list_settings()
    context = {
        "groups": [(group.label, [row for row in rows if row.definition.group == group]) for group in Group],
        "refused": refused,
        "typed": typed,
        "refusal": refusal,
    }
    status = refusal.status if refusal else 200
    return render(request, "workspaces/operator/settings.html", context, status=status)

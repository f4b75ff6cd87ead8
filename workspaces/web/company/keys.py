"""/w/<workspace>/admin/keys: the API keys that act in a company, and revoking them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.pagination import paginate
from workspaces.access import KEY_START, WorkspaceAct, access_workspace, access_workspace_key
from workspaces.models import ApiKey
from workspaces.queries import list_workspace_keys
from workspaces.queries.identity import get_identity_rules
from workspaces.services.api_keys import revoke_api_key
from workspaces.web.people import person_of

ROWS = 50


@login_required
@require_safe
def keys(request: HttpRequest, workspace: str) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_IDENTITY)
    sent = request.GET.get("person", "")
    person_id = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 19 else None
    page = paginate(
        list_workspace_keys(tenant, user_id=person_id),
        order=("-id",),
        cursor=request.GET.get("cursor", ""),
        size=ROWS,
    )
    days, now = get_identity_rules(tenant).api_key_days, timezone.now()
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "page": page,
        "rows": [_describe(key, days, at=now) for key in page.items],
        "start": KEY_START,
        "days": days,
        "is_filtered": person_id is not None,
    }
    return render(request, "workspaces/admin/keys.html", context)


def _describe(key: ApiKey, days: int | None, *, at: datetime) -> dict[str, Any]:
    """Return the key with the moment on which it ends: its own, or the one of the rule if that is earlier."""
    ends = [key.expires_at] if key.expires_at else []
    if days is not None:
        ends.append(key.created_at + timedelta(days=days))
    ends_at = min(ends, default=None)
    return {"key": key, "ends_at": ends_at, "has_ended": ends_at is not None and ends_at <= at}


@login_required
@require_POST
def revoke(request: HttpRequest, workspace: str, key_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_IDENTITY)
    key = access_workspace_key(tenant, key_id)
    revoke_api_key(key=key, by=user, at=timezone.now())
    if key.user_id == user.pk:
        messages.success(request, _("The key is revoked and works no more."))
    else:
        messages.success(
            request, _("The key is revoked and works no more. %(person)s was told.") % {"person": key.user}
        )
    return redirect("workspaces:workspace-key-list", tenant.slug)

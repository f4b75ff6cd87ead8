"""/settings/notifications/: list, open and mark notifications as read."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.pagination import paginate
from workspaces.access import access_notification
from workspaces.notification_words import show_notification
from workspaces.queries import list_notifications
from workspaces.services.notifications import mark_read
from workspaces.services.users import set_edit_mails
from workspaces.web.people import person_of


@login_required
@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    page = paginate(
        list_notifications(person_of(request)), order=("-id",), cursor=request.GET.get("cursor", ""), size=30
    )
    shown = [show_notification(note) for note in page.items]
    return render(request, "workspaces/settings/notifications.html", {"page": page, "shown": shown})


@login_required
@require_POST
def open_notification(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    """Mark one as read and redirect to its target."""
    user = person_of(request)
    note = access_notification(user, notification_id)
    mark_read(user=user, notification=note, by=user, at=timezone.now())
    return redirect(note.url or "workspaces:notification-list")


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    mark_read(user=user, by=user, at=timezone.now())
    return redirect("workspaces:notification-list")


@login_required
@require_POST
def set_mails(request: HttpRequest) -> HttpResponse:
    """Switch mails about other people's edits on or off."""
    user = person_of(request)
    set_edit_mails(user=user, is_wanted=bool(request.POST.get("edits")), by=user, at=timezone.now())
    messages.success(request, _("Saved."))
    return redirect("workspaces:notification-list")

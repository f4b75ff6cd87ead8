"""/operator/people: finding an account, and what an operator may do with it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core.audit_words import Reader
from core.errors import DomainError
from core.pagination import paginate
from workspaces.access import access_person
from workspaces.audit_filter import AuditFilter
from workspaces.audit_log import describe_events
from workspaces.models import User
from workspaces.queries import PersonState, get_person_overview, list_audit_events, list_people
from workspaces.services.people import (
    end_sessions,
    restore_person,
    send_confirmation_reminder,
    suspend_person,
)
from workspaces.services.second_factor import reset_second_factor
from workspaces.web.people import person_of
from workspaces.web.reauthentication import ask_again
from workspaces.web.staff import staff_required

PAGE_ROWS = 50
EVENTS_SHOWN = 20


@require_safe
@staff_required("operator")
def people(request: HttpRequest) -> HttpResponse:
    """List accounts, newest first; ``q`` searches, ``state`` narrows."""
    q, state = request.GET.get("q", "")[:200], request.GET.get("state", "")
    page = paginate(
        list_people(q=q, state=state), order=("-id",), cursor=request.GET.get("cursor", ""), size=PAGE_ROWS
    )
    context = {"page": page, "q": q, "state": state, "states": PersonState.choices}
    return render(request, "workspaces/operator/people.html", context)


@require_safe
@staff_required("operator")
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    user = access_person(user_id)
    object_key = f"workspaces.user:{user.pk}"
    events = list_audit_events(None, AuditFilter(object=object_key)).order_by("-id")[:EVENTS_SHOWN]
    context = {
        "one": get_person_overview(user, at=timezone.now()),
        "account": user,
        "is_self": user.pk == person_of(request).pk,
        "entries": describe_events(events, Reader(person_of(request), None)),
        "object_key": object_key,
    }
    return render(request, "workspaces/operator/person.html", context)


@require_POST
@staff_required("operator")
def suspend(request: HttpRequest, user_id: int) -> HttpResponse:
    ask_again(request)
    return _act(
        request,
        user_id,
        lambda user, by: suspend_person(
            user=user, reason=request.POST.get("reason", ""), by=by, at=timezone.now()
        ),
        _("The account is suspended."),
    )


@require_POST
@staff_required("operator")
def restore(request: HttpRequest, user_id: int) -> HttpResponse:
    ask_again(request)
    return _act(
        request,
        user_id,
        lambda user, by: restore_person(
            user=user, reason=request.POST.get("reason", ""), by=by, at=timezone.now()
        ),
        _("The account is open again."),
    )


@require_POST
@staff_required("operator")
def reset(request: HttpRequest, user_id: int) -> HttpResponse:
    """Remove the second factors of a person who has lost them."""
    ask_again(request)
    return _act(
        request,
        user_id,
        lambda user, by: reset_second_factor(
            user=user, by=by, at=timezone.now(), reason=request.POST.get("reason", "")[:300]
        ),
        _("Two-factor sign-in is off for this account, and its sessions have ended."),
    )


@require_POST
@staff_required("operator")
def end(request: HttpRequest, user_id: int) -> HttpResponse:
    by = person_of(request)
    count = end_sessions(user=access_person(user_id), by=by, at=timezone.now())
    text = ngettext("%(count)d session has ended.", "%(count)d sessions have ended.", count)
    messages.success(request, text % {"count": count})
    return redirect("/" if by.pk == user_id else f"/operator/people/{user_id}")


@require_POST
@staff_required("operator")
def remind(request: HttpRequest, user_id: int) -> HttpResponse:
    return _act(
        request,
        user_id,
        lambda user, by: send_confirmation_reminder(user=user, by=by, at=timezone.now()),
        _("The mail is on its way."),
    )


def _act(
    request: HttpRequest, user_id: int, act: Callable[[User, User], object], success: str
) -> HttpResponse:
    """Do something with an account and go back to its page, which says what came of it."""
    user = access_person(user_id)
    try:
        act(user, person_of(request))
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, success)
    return redirect("workspaces:operator-person-show", user.pk)

"""Restricts pages to staff; to all others they do not exist. Staff without a second factor are led to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from workspaces.access import not_found
from workspaces.queries import get_user_roles
from workspaces.rules import STAFF_PREDICATES
from workspaces.states import Staff

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def staff_required(*roles: str) -> Callable[[View], View]:
    """Admit people with one of ``roles``; all others get the page of an unknown address.

    People whose role waits for a second factor are sent to where they set it up.
    """
    predicates = [STAFF_PREDICATES[Staff(role)] for role in roles]

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(predicate(request.user) for predicate in predicates):
                if get_user_roles(request.user).waiting_staff.isdisjoint(roles):
                    raise not_found()
                messages.warning(request, _("Set up two-factor sign-in first. Then your staff pages open."))
                return redirect("workspaces:settings-security")
            return view(request, *args, **kwargs)

        return cast(View, guarded)

    return decorate

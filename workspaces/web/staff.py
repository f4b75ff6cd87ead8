"""Restricts pages to staff; to all others they do not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from workspaces.access import not_found
from workspaces.rules import STAFF_PREDICATES
from workspaces.states import Staff

View = Callable[..., HttpResponse]


def staff_required(*roles: str) -> Callable[[View], View]:
    """Admit people with one of ``roles``; all others get the page of an unknown address."""
    predicates = [STAFF_PREDICATES[Staff(role)] for role in roles]

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not any(predicate(request.user) for predicate in predicates):
                raise not_found()
            return view(request, *args, **kwargs)

        return guarded

    return decorate

"""Marks views that open their database scopes themselves, because they wait for another host in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest

from core.scope import Scope

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "opens_own_scopes"
# Views of libraries that ask a company's sign-in server.
_MODULES = frozenset({"allauth.socialaccount.providers.openid_connect.views"})


def opens_own_scopes(view: View) -> View:
    """Mark a view, or the class of an API view. The middleware signs its person in, but opens no transaction.

    The view opens a scope of ``get_scope(request)`` for each step. Must be the outermost decorator, so that
    the middleware sees the mark.
    """
    setattr(view, _MARK, True)
    return view


def has_own_scopes(view: Any) -> bool:
    if getattr(view, "__module__", "") in _MODULES:
        return True
    return getattr(view, _MARK, False) or getattr(getattr(view, "view_class", None), _MARK, False)


def get_scope(request: HttpRequest) -> Scope:
    """Return the scope of the person, which the middleware found out."""
    scope: Scope = request.scope_of_person  # type: ignore[attr-defined]  # set by ScopeMiddleware
    return scope

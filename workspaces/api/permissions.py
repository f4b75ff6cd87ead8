"""The scope that an API key needs before a view runs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core.errors import Forbidden
from workspaces.access import STAFF_SCOPES
from workspaces.models import ApiKey
from workspaces.queries import get_user_roles

PUBLIC = ""


class HasRequiredScope(BasePermission):
    """Checks the view's ``required_scopes`` for the method; a method that is not named there is refused.

    ``PUBLIC`` opens a method to visitors and to every key. Raises Forbidden (``second_factor_missing``) for a
    staff scope whose person must set up a second factor first.
    """

    message: Any = _("This API key does not have the permission for this.")
    code = "scope_missing"

    def has_permission(self, request: Request, view: Any) -> bool:
        method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
        if not hasattr(view, str(request.method).lower()):
            return True  # the answer will be 405
        wanted = view.required_scopes.get(method)
        if wanted == PUBLIC:
            return True
        if not isinstance(request.auth, ApiKey) or wanted is None or wanted not in request.auth.scopes:
            return False
        waiting = get_user_roles(request.auth.user).waiting_staff
        if any(scope == wanted and role in waiting for role, scope in STAFF_SCOPES.items()):
            raise Forbidden(
                _("Set up two-factor sign-in in your settings first. Then your staff role counts again."),
                code="second_factor_missing",
            )
        return True

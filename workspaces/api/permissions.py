"""The scope that an API key needs before a view runs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from workspaces.models import ApiKey

PUBLIC = ""


class HasRequiredScope(BasePermission):
    """Checks the view's ``required_scopes`` for the method; a method that is not named there is refused.

    ``PUBLIC`` opens a method to visitors and to every key.
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
        return isinstance(request.auth, ApiKey) and wanted is not None and wanted in request.auth.scopes

"""API keys for Django REST framework; ScopeMiddleware has looked the key up already."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from workspaces.models import ApiKey, User


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer <key>`` and nothing else: sessions and other headers do not count."""

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, ApiKey] | None:
        plain: Any = request._request
        if getattr(plain, "api_key_refused", False):
            raise AuthenticationFailed(_("This API key is unknown, expired or revoked."))
        key: ApiKey | None = getattr(plain, "api_key", None)
        return None if key is None else (key.user, key)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Loggia"'

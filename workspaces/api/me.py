"""/api/v1/me and the person's API keys."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Forbidden
from workspaces.access import WorkspaceAct, access_api_key, access_workspace
from workspaces.api.base import LoggiaAPIView
from workspaces.api.fresh_password import require_password
from workspaces.api.serializers import (
    ApiKeySerializer,
    MadeApiKeySerializer,
    MeChangeSerializer,
    MeSerializer,
    NewApiKeySerializer,
)
from workspaces.models import ApiKey, User
from workspaces.queries import list_api_keys
from workspaces.services.api_keys import create_api_key, revoke_api_key
from workspaces.services.users import set_theme, update_profile
from workspaces.states import ApiScope
from workspaces.web.people import person_of


def bearer(request: Request) -> tuple[User, ApiKey]:
    """Return the person and the API key of a request that HasRequiredScope has let through."""
    key = request.auth
    assert isinstance(key, ApiKey)
    return person_of(request), key


class MeView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "PATCH": ApiScope.ACCOUNT}

    @extend_schema(operation_id="me_read", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(self.person).data)

    @extend_schema(operation_id="me_change", request=MeChangeSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        user, now = self.person, timezone.now()
        values = self.read(MeChangeSerializer)
        theme = values.pop("theme", None)
        unchanged = {name: getattr(user, name) for name in ("display_name", "language", "time_zone")}
        update_profile(user=user, **(unchanged | values), by=user, at=now)
        if theme is not None:
            set_theme(user=user, theme=theme, by=user, at=now)
        return Response(MeSerializer(user).data)


class ApiKeysView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="api_key_list", responses=ApiKeySerializer(many=True))
    def get(self, request: Request) -> Response:
        return self.page(list_api_keys(self.person), ApiKeySerializer)

    @extend_schema(
        operation_id="api_key_create", request=NewApiKeySerializer, responses={201: MadeApiKeySerializer}
    )
    def post(self, request: Request) -> Response:
        """Make a key with at most the permissions, workspace and life of the one that asks.

        Needs the password.
        """
        user, own = bearer(request)
        values = self.read(NewApiKeySerializer)
        require_password(request, values.get("password", ""))
        slug = values.get("workspace") or own.workspace.slug
        expires_at = values.get("expires_at")
        if not set(values["scopes"]) <= set(own.scopes) or slug != own.workspace.slug:
            raise Forbidden(
                _("A key cannot make one that may do more than itself. Use the settings page."),
                code="key_beyond_own",
                field="scopes",
            )
        if own.expires_at is not None:
            expires_at = min(expires_at or own.expires_at, own.expires_at)
        key, plain = create_api_key(
            user=user,
            workspace=access_workspace(user, slug, to=WorkspaceAct.ENTER),
            name=values["name"],
            scopes=values["scopes"],
            expires_at=expires_at,
            by=user,
            at=timezone.now(),
        )
        return Response(ApiKeySerializer(key).data | {"key": plain}, status=201)


class ApiKeyView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="api_key_revoke", request=None, responses={204: None})
    def delete(self, request: Request, key_id: int) -> Response:
        revoke_api_key(key=access_api_key(self.person, key_id), by=self.person, at=timezone.now())
        return Response(status=204)

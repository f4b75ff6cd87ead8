"""Base classes of all API views: API keys, scopes, one shape of errors and of pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.pagination import BasePagination
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from workspaces.api.authentication import ApiKeyAuthentication
from workspaces.api.errors import handle_exception
from workspaces.api.pagination import KeysetPagination
from workspaces.api.parsers import BoundedJSONParser
from workspaces.api.permissions import HasRequiredScope
from workspaces.models import User
from workspaces.web.people import person_of


# No docstrings on these two classes: the OpenAPI document would repeat them for every view without its own.
class LoggiaAPIMixin:
    # Maps HTTP methods to the scope that a key needs; methods that are absent are refused.
    required_scopes: ClassVar[Mapping[str, str]] = {}
    authentication_classes: ClassVar[Any] = [ApiKeyAuthentication]
    permission_classes: ClassVar[Any] = [HasRequiredScope]
    parser_classes: ClassVar[Any] = [BoundedJSONParser, MultiPartParser]
    pagination_class: ClassVar[type[BasePagination] | None] = KeysetPagination
    filter_backends: ClassVar[Any] = []

    def get_exception_handler(self) -> Any:
        return handle_exception


class LoggiaAPIView(LoggiaAPIMixin, APIView):
    ordering: ClassVar[tuple[str, ...]] = ("-id",)

    @property
    def person(self) -> User:
        """The actor; see ``workspaces.web.people``."""
        return person_of(self.request)

    def page(self, queryset: Any, serializer: Any) -> Response:
        """Return one keyset page of ``queryset``, each row through the serializer class."""
        pagination = KeysetPagination()
        items = pagination.paginate_queryset(queryset, self.request, self)
        return pagination.get_paginated_response(serializer(items, many=True).data)

    def read(self, serializer: Any) -> dict[str, Any]:
        """Return the validated body; raises ValidationError, which becomes 400 with the field."""
        bound = serializer(data=self.request.data)
        bound.is_valid(raise_exception=True)
        values: dict[str, Any] = bound.validated_data
        return values

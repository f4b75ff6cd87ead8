"""What every view of the API stands on: bearer keys, scopes, one shape of errors and of pages."""

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


class LoggiaAPIMixin:
    """For viewsets and generic views; ``required_scopes`` maps methods to scopes, absent ones are closed."""

    authentication_classes: ClassVar[Any] = [ApiKeyAuthentication]
    permission_classes: ClassVar[Any] = [HasRequiredScope]
    parser_classes: ClassVar[Any] = [BoundedJSONParser, MultiPartParser]
    pagination_class: ClassVar[type[BasePagination] | None] = KeysetPagination
    filter_backends: ClassVar[Any] = []
    required_scopes: ClassVar[Mapping[str, str]] = {}

    def get_exception_handler(self) -> Any:
        return handle_exception


class LoggiaAPIView(LoggiaAPIMixin, APIView):
    """A view with one method a verb. ``page(queryset, serializer)`` answers a list."""

    ordering: ClassVar[tuple[str, ...]] = ("-id",)

    def page(self, queryset: Any, serializer: Any) -> Response:
        """Answer one keyset page of ``queryset`` through the serializer class."""
        pagination = KeysetPagination()
        items = pagination.paginate_queryset(queryset, self.request, self)
        return pagination.get_paginated_response(serializer(items, many=True).data)

    def read(self, serializer: Any) -> dict[str, Any]:
        """Return the checked body; raises ValidationError, which becomes 400 with the field."""
        checked = serializer(data=self.request.data)
        checked.is_valid(raise_exception=True)
        values: dict[str, Any] = checked.validated_data
        return values

"""Keyset pagination of the API: {"items": […], "next_cursor": "…", "previous_cursor": "…"}."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import InvalidInput
from core.pagination import MAXIMUM_SIZE, Page, paginate

DEFAULT_SIZE = 24


class KeysetPagination(BasePagination):
    """Reads ``cursor`` and ``size``; the view's ``ordering`` names the sort key, newest first by default."""

    page: Page[Any]

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: Any | None = None
    ) -> list[Any]:
        order: Sequence[str] = getattr(view, "ordering", None) or ("-id",)
        self.page = paginate(
            queryset,
            order=order,
            cursor=request.query_params.get("cursor", ""),
            size=_size(request.query_params.get("size", "")),
        )
        return self.page.items

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "items": data,
                "next_cursor": self.page.next_cursor,
                "previous_cursor": self.page.previous_cursor,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        cursor = {"type": "string", "description": "Opaque; empty when there is no page on that side."}
        return {
            "type": "object",
            "required": ["items", "next_cursor", "previous_cursor"],
            "properties": {"items": schema, "next_cursor": cursor, "previous_cursor": cursor},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}},
            {
                "name": "size",
                "in": "query",
                "required": False,
                "schema": {"type": "integer", "minimum": 1, "maximum": MAXIMUM_SIZE},
            },
        ]


def _size(text: str) -> int:
    if not text:
        return DEFAULT_SIZE
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= MAXIMUM_SIZE:
        raise InvalidInput(_("Ask for 1 to 200 items a page."), code="page_size_invalid", field="size")
    return int(text[:6])

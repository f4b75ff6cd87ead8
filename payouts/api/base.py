"""The base class of finance's API views."""

from __future__ import annotations

from typing import ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from workspaces.access import not_found
from workspaces.api.base import LoggiaAPIView
from workspaces.states import ApiScope


class IsFinance(BasePermission):
    """Answers 404 to everybody who is not finance staff, whatever scope their key has."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.has_perm("payouts.work_finance"):
            raise not_found()
        return True


# No docstring: the OpenAPI document would repeat it for every view below.
class FinanceView(LoggiaAPIView):
    permission_classes = [*LoggiaAPIView.permission_classes, IsFinance]  # type: ignore[misc]  # per class, not per instance
    required_scopes: ClassVar = {"GET": ApiScope.FINANCE_WORK, "POST": ApiScope.FINANCE_WORK}

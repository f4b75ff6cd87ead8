"""A creator's earnings by API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from payouts.access import access_statement
from payouts.api.serializers import (
    HoldSerializer,
    StatementDetailSerializer,
    StatementLineSerializer,
    StatementSerializer,
    amount,
)
from payouts.models import Statement
from payouts.queries import MonthEstimate, get_earnings, list_holds, list_own_statements
from workspaces.access import not_found
from workspaces.api.base import LoggiaAPIView
from workspaces.models import User
from workspaces.states import ApiScope


class EarningsView(LoggiaAPIView):
    """Balances, holds in force, and estimates of the months that are not closed."""

    required_scopes: ClassVar = {"GET": ApiScope.USAGE_READ}

    @extend_schema(operation_id="earnings_summary", responses={200: dict})
    def get(self, request: Request) -> Response:
        found = get_earnings(self.person, at=timezone.now())
        sums = {
            name: amount(getattr(found, f"{name}_minor"), found.currency)
            for name in ("pending", "available", "on_its_way", "paid", "issued")
        }
        holds = HoldSerializer(list_holds(self.person), many=True).data
        return Response(sums | {"holds": holds, "estimates": [_estimate(month) for month in found.estimates]})


def _estimate(month: MonthEstimate) -> dict[str, Any]:
    return {
        "month": month.month,
        "is_estimate": True,
        "amount": None if month.amount_minor is None else amount(month.amount_minor, month.currency),
        "rate_card": month.card.version,
        "qualified": month.qualified,
        "estimated_answers": month.estimated,
        "not_paid": {row.verdict: row.messages for row in month.unpaid},
        "gpts": [
            {
                "gpt_id": gpt.gpt_id,
                "name": gpt.name,
                "conversations": gpt.conversations,
                "messages": gpt.messages,
                "not_paid": gpt.unpaid,
                "amount_minor": gpt.amount_minor,
            }
            for gpt in month.gpts
        ],
    }


class StatementListView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.USAGE_READ}

    @extend_schema(operation_id="earnings_statements", responses={200: StatementSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return self.page(list_own_statements(self.person), StatementSerializer)


class StatementView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.USAGE_READ}

    @extend_schema(operation_id="earnings_statement", responses={200: StatementDetailSerializer})
    def get(self, request: Request, statement_id: int) -> Response:
        statement = _access_own_statement(self.person, statement_id)
        holds = HoldSerializer(list_holds(self.person), many=True).data
        return Response(StatementSerializer(statement).data | {"holds": holds})


class StatementLinesView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.USAGE_READ}
    ordering: ClassVar = ("position", "id")

    @extend_schema(
        operation_id="earnings_statement_lines", responses={200: StatementLineSerializer(many=True)}
    )
    def get(self, request: Request, statement_id: int) -> Response:
        return self.page(
            _access_own_statement(self.person, statement_id).lines.all(), StatementLineSerializer
        )


def _access_own_statement(user: User, statement_id: int) -> Statement:
    """Return the user's own statement; NotFound for all others, also when the user is finance staff."""
    statement = access_statement(user, statement_id)
    if statement.payee_id != user.pk:
        raise not_found()
    return statement

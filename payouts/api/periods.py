"""Accounting periods by API: list, detail, and the steps of a close."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.periods import Period
from payouts.access import access_period
from payouts.api.base import FinanceView
from payouts.api.serializers import (
    ApprovalSerializer,
    NothingSerializer,
    PeriodSerializer,
    ReasonSerializer,
    RunSerializer,
)
from payouts.queries import get_month_summary, list_periods
from payouts.services import approve_close, cancel_close, reject_close, start_close


class PeriodListView(FinanceView):
    ordering: ClassVar = ("-month",)

    @extend_schema(operation_id="finance_periods", responses={200: PeriodSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return self.page(list_periods(), PeriodSerializer)


class PeriodView(FinanceView):
    @extend_schema(operation_id="finance_period", responses={200: PeriodSerializer})
    def get(self, request: Request, month: str) -> Response:
        row = access_period(self.person, Period.parse(month))
        summary = get_month_summary(row)
        return Response(
            PeriodSerializer(row).data
            | {
                "runs": RunSerializer(summary.runs, many=True).data,
                "verdicts": {total.verdict: total.messages for total in summary.verdicts},
                "total_minor": summary.total_minor,
            }
        )


class CloseView(FinanceView):
    """Start the close of a month; a worker calculates it."""

    @extend_schema(operation_id="finance_close", request=NothingSerializer, responses={202: RunSerializer})
    def post(self, request: Request, month: str) -> Response:
        run = start_close(period=Period.parse(month), by=self.person, at=timezone.now())
        return Response(RunSerializer(run).data, status=202)


class ApproveCloseView(FinanceView):
    @extend_schema(
        operation_id="finance_close_approve", request=ApprovalSerializer, responses={200: PeriodSerializer}
    )
    def post(self, request: Request, month: str) -> Response:
        values = self.read(ApprovalSerializer)
        row = approve_close(period=Period.parse(month), by=self.person, at=timezone.now(), **values)
        return Response(PeriodSerializer(row).data)


class RejectCloseView(FinanceView):
    @extend_schema(
        operation_id="finance_close_reject", request=ReasonSerializer, responses={202: RunSerializer}
    )
    def post(self, request: Request, month: str) -> Response:
        values = self.read(ReasonSerializer)
        run = reject_close(period=Period.parse(month), by=self.person, at=timezone.now(), **values)
        return Response(RunSerializer(run).data, status=202)


class CancelCloseView(FinanceView):
    """Break off a calculation that does not end; the close can then be started again."""

    @extend_schema(
        operation_id="finance_close_cancel", request=ReasonSerializer, responses={200: PeriodSerializer}
    )
    def post(self, request: Request, month: str) -> Response:
        values = self.read(ReasonSerializer)
        row = cancel_close(period=Period.parse(month), by=self.person, at=timezone.now(), **values)
        return Response(PeriodSerializer(row).data)

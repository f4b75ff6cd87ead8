"""Payout batches and the bank's results by API."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from payouts.access import access_batch, access_payout
from payouts.api.base import FinanceView
from payouts.api.serializers import (
    BatchDetailSerializer,
    BatchSerializer,
    FormatSerializer,
    NothingSerializer,
    OutcomeSerializer,
    PayoutSerializer,
    ReasonSerializer,
)
from payouts.queries import list_batch_payouts, list_batches, list_block_labels
from payouts.services import (
    approve_batch,
    cancel_batch,
    export_batch,
    fail_payout,
    propose_batch,
    return_payout,
    settle_payout,
)


class BatchListView(FinanceView):
    @extend_schema(operation_id="finance_batches", responses={200: BatchSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return self.page(list_batches(), BatchSerializer)

    @extend_schema(
        operation_id="finance_batch_propose", request=NothingSerializer, responses={201: BatchSerializer}
    )
    def post(self, request: Request) -> Response:
        batch = propose_batch(currency=settings.PAYOUT_CURRENCY, by=self.person, at=timezone.now())
        return Response(BatchSerializer(batch).data, status=201)


class BatchView(FinanceView):
    @extend_schema(operation_id="finance_batch", responses={200: BatchDetailSerializer})
    def get(self, request: Request, batch_id: int) -> Response:
        batch = access_batch(self.person, batch_id)
        blocks = list_block_labels(batch, at=timezone.now())
        payouts = [
            {**PayoutSerializer(payout).data, "block_reason": blocks.get(payout.pk, "")}
            for payout in list_batch_payouts(batch)
        ]
        return Response(BatchSerializer(batch).data | {"payouts": payouts})


class ApproveBatchView(FinanceView):
    @extend_schema(
        operation_id="finance_batch_approve", request=ReasonSerializer, responses={200: BatchSerializer}
    )
    def post(self, request: Request, batch_id: int) -> Response:
        values = self.read(ReasonSerializer)
        batch = approve_batch(batch_id=batch_id, by=self.person, at=timezone.now(), **values)
        return Response(BatchSerializer(batch).data)


class CancelBatchView(FinanceView):
    @extend_schema(
        operation_id="finance_batch_cancel", request=ReasonSerializer, responses={200: BatchSerializer}
    )
    def post(self, request: Request, batch_id: int) -> Response:
        values = self.read(ReasonSerializer)
        batch = cancel_batch(batch_id=batch_id, by=self.person, at=timezone.now(), **values)
        return Response(BatchSerializer(batch).data)


class ExportBatchView(FinanceView):
    """The bank file; the same bytes on every call."""

    @extend_schema(
        operation_id="finance_batch_export",
        request=FormatSerializer,
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def post(self, request: Request, batch_id: int) -> HttpResponse:
        values = self.read(FormatSerializer)
        content = export_batch(batch_id=batch_id, by=self.person, at=timezone.now(), **values)
        response = HttpResponse(content, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="payouts-{batch_id}.csv"'
        return response


class PayoutOutcomeView(FinanceView):
    """What the bank did with one payout."""

    @extend_schema(
        operation_id="finance_payout_outcome", request=OutcomeSerializer, responses={200: PayoutSerializer}
    )
    def post(self, request: Request, payout_id: int) -> Response:
        values = self.read(OutcomeSerializer)
        payout_id = access_payout(self.person, payout_id).pk
        by, at = self.person, timezone.now()
        reference, reason = values["bank_reference"], values["reason"]
        if values["outcome"] == "paid":
            payout = settle_payout(payout_id=payout_id, bank_reference=reference, by=by, at=at)
        elif values["outcome"] == "returned":
            payout = return_payout(payout_id=payout_id, bank_reference=reference, by=by, at=at, reason=reason)
        else:
            payout = fail_payout(payout_id=payout_id, by=by, at=at, reason=reason)
        return Response(PayoutSerializer(payout).data)

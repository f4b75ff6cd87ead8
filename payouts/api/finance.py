"""Finance by API: months, batches, the ledger, rate cards. The same services as the pages."""

from __future__ import annotations

from typing import ClassVar, cast

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.jobs import enqueue_on_commit
from core.periods import Period
from payouts.access import access_batch, access_payout, access_period
from payouts.api.serializers import (
    AccountSerializer,
    ApprovalSerializer,
    BatchSerializer,
    EntrySerializer,
    FormatSerializer,
    NothingSerializer,
    OutcomeSerializer,
    PayoutSerializer,
    PeriodSerializer,
    RateCardSerializer,
    ReasonSerializer,
    RunSerializer,
)
from payouts.queries import accounts, batches, entries, month_sheet, payouts_in, periods, rate_cards
from payouts.services import (
    approve_batch,
    approve_close,
    cancel_batch,
    create_rate_card,
    export_batch,
    fail_payout,
    propose_batch,
    reject_close,
    return_payout,
    settle_payout,
    start_close,
)
from payouts.services.rates import RateTerms
from workspaces.access import not_found
from workspaces.api.base import LoggiaAPIView
from workspaces.models import User
from workspaces.states import ApiScope


class IsFinance(BasePermission):
    """Others find nothing here, whatever scope their key has."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.user, User):
            return False
        if not request.user.has_perm("payouts.work_finance"):
            raise not_found()
        return True


class FinanceView(LoggiaAPIView):
    permission_classes = [*LoggiaAPIView.permission_classes, IsFinance]  # type: ignore[misc]  # per class, not per instance
    required_scopes: ClassVar = {"GET": ApiScope.FINANCE_WORK, "POST": ApiScope.FINANCE_WORK}

    @property
    def person(self) -> User:
        return cast(User, self.request.user)


class PeriodListView(FinanceView):
    ordering: ClassVar = ("-month",)

    @extend_schema(operation_id="finance_periods", responses={200: PeriodSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return self.page(periods(), PeriodSerializer)


class PeriodView(FinanceView):
    @extend_schema(operation_id="finance_period", responses={200: PeriodSerializer})
    def get(self, request: Request, month: str) -> Response:
        row = access_period(self.person, Period.parse(month))
        sheet = month_sheet(row)
        return Response(
            PeriodSerializer(row).data
            | {
                "runs": RunSerializer(sheet.runs, many=True).data,
                "verdicts": {total.verdict: total.messages for total in sheet.verdicts},
                "total_minor": sheet.total_minor,
            }
        )


class CloseView(FinanceView):
    """Start the close of a month; a worker calculates it."""

    @extend_schema(operation_id="finance_close", request=NothingSerializer, responses={202: RunSerializer})
    def post(self, request: Request, month: str) -> Response:
        run = start_close(period=Period.parse(month), by=self.person, at=timezone.now())
        enqueue_on_commit("payouts.calculate_close", run_id=run.pk)
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
        enqueue_on_commit("payouts.calculate_close", run_id=run.pk)
        return Response(RunSerializer(run).data, status=202)


class BatchListView(FinanceView):
    @extend_schema(operation_id="finance_batches", responses={200: BatchSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return self.page(batches(), BatchSerializer)

    @extend_schema(
        operation_id="finance_batch_propose", request=NothingSerializer, responses={201: BatchSerializer}
    )
    def post(self, request: Request) -> Response:
        batch = propose_batch(currency=settings.PAYOUT_CURRENCY, by=self.person, at=timezone.now())
        return Response(BatchSerializer(batch).data, status=201)


class BatchView(FinanceView):
    @extend_schema(operation_id="finance_batch", responses={200: BatchSerializer})
    def get(self, request: Request, batch_id: int) -> Response:
        batch = access_batch(self.person, batch_id)
        return Response(
            BatchSerializer(batch).data | {"payouts": PayoutSerializer(payouts_in(batch), many=True).data}
        )


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


class LedgerAccountsView(FinanceView):
    ordering: ClassVar = ("name", "id")

    @extend_schema(operation_id="finance_ledger_accounts", responses={200: AccountSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return self.page(accounts(text=request.query_params.get("q", "")), AccountSerializer)


class LedgerEntriesView(FinanceView):
    @extend_schema(operation_id="finance_ledger_entries", responses={200: EntrySerializer(many=True)})
    def get(self, request: Request) -> Response:
        found = entries(
            account=request.query_params.get("account", ""), month=request.query_params.get("month", "")
        )
        return self.page(found, EntrySerializer)


class RateCardsView(FinanceView):
    @extend_schema(operation_id="finance_rate_cards", responses={200: RateCardSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return Response({"items": RateCardSerializer(rate_cards(), many=True).data})

    @extend_schema(
        operation_id="finance_rate_card_create",
        request=RateCardSerializer,
        responses={201: RateCardSerializer},
    )
    def post(self, request: Request) -> Response:
        values = self.read(RateCardSerializer)
        rates = {
            (line["unit"], line["category"]): line["amount_micros"] for line in values.pop("lines")["all"]
        }
        head = {name: values.pop(name) for name in ("currency", "first_month", "note")}
        card = create_rate_card(
            **head, rates=rates, terms=RateTerms(**values), by=self.person, at=timezone.now()
        )
        return Response(RateCardSerializer(card).data, status=201)

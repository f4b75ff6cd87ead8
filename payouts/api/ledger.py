"""Ledger accounts and journal entries by API."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from payouts.api.base import FinanceView
from payouts.api.serializers import AccountSerializer, EntrySerializer
from payouts.queries import list_accounts, list_entries


class LedgerAccountsView(FinanceView):
    ordering: ClassVar = ("name", "id")

    @extend_schema(operation_id="finance_ledger_accounts", responses={200: AccountSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return self.page(list_accounts(text=request.query_params.get("q", "")), AccountSerializer)


class LedgerEntriesView(FinanceView):
    @extend_schema(operation_id="finance_ledger_entries", responses={200: EntrySerializer(many=True)})
    def get(self, request: Request) -> Response:
        found = list_entries(
            account=request.query_params.get("account", ""), month=request.query_params.get("month", "")
        )
        return self.page(found, EntrySerializer)

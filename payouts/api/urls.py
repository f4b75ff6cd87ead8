"""API routes of this app, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from payouts.api import account, earnings, finance

app_name = "payouts_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("earnings", earnings.EarningsView.as_view(), name="earnings"),
    path("earnings/account", account.PayoutAccountView.as_view(), name="payout-account"),
    path("earnings/statements", earnings.StatementListView.as_view(), name="statement-list"),
    path("earnings/statements/<int:statement_id>", earnings.StatementView.as_view(), name="statement-detail"),
    path(
        "earnings/statements/<int:statement_id>/lines",
        earnings.StatementLinesView.as_view(),
        name="statement-lines",
    ),
    path("finance/periods", finance.PeriodListView.as_view(), name="period-list"),
    path("finance/periods/<str:month>", finance.PeriodView.as_view(), name="period-detail"),
    path("finance/periods/<str:month>/close", finance.CloseView.as_view(), name="close-start"),
    path("finance/periods/<str:month>/approve", finance.ApproveCloseView.as_view(), name="close-approve"),
    path("finance/periods/<str:month>/reject", finance.RejectCloseView.as_view(), name="close-reject"),
    path("finance/batches", finance.BatchListView.as_view(), name="batch-list"),
    path("finance/batches/<int:batch_id>", finance.BatchView.as_view(), name="batch-detail"),
    path("finance/batches/<int:batch_id>/approve", finance.ApproveBatchView.as_view(), name="batch-approve"),
    path("finance/batches/<int:batch_id>/cancel", finance.CancelBatchView.as_view(), name="batch-cancel"),
    path("finance/batches/<int:batch_id>/export", finance.ExportBatchView.as_view(), name="batch-export"),
    path(
        "finance/payouts/<int:payout_id>/outcome", finance.PayoutOutcomeView.as_view(), name="payout-outcome"
    ),
    path("finance/ledger/accounts", finance.LedgerAccountsView.as_view(), name="ledger-accounts"),
    path("finance/ledger/entries", finance.LedgerEntriesView.as_view(), name="ledger-entries"),
    path("finance/rate-cards", finance.RateCardsView.as_view(), name="rate-card-list"),
]

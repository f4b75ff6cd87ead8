"""API routes of this app, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from payouts.api import batches, earnings, ledger, payout_accounts, periods, rate_cards

app_name = "payouts_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("earnings", earnings.EarningsView.as_view(), name="earnings"),
    path("earnings/account", payout_accounts.PayoutAccountView.as_view(), name="payout-account"),
    path("earnings/statements", earnings.StatementListView.as_view(), name="statement-list"),
    path("earnings/statements/<int:statement_id>", earnings.StatementView.as_view(), name="statement-detail"),
    path(
        "earnings/statements/<int:statement_id>/lines",
        earnings.StatementLinesView.as_view(),
        name="statement-lines",
    ),
    path("finance/periods", periods.PeriodListView.as_view(), name="period-list"),
    path("finance/periods/<str:month>", periods.PeriodView.as_view(), name="period-detail"),
    path("finance/periods/<str:month>/close", periods.CloseView.as_view(), name="close-start"),
    path("finance/periods/<str:month>/approve", periods.ApproveCloseView.as_view(), name="close-approve"),
    path("finance/periods/<str:month>/reject", periods.RejectCloseView.as_view(), name="close-reject"),
    path("finance/periods/<str:month>/cancel", periods.CancelCloseView.as_view(), name="close-cancel"),
    path("finance/batches", batches.BatchListView.as_view(), name="batch-list"),
    path("finance/batches/<int:batch_id>", batches.BatchView.as_view(), name="batch-detail"),
    path("finance/batches/<int:batch_id>/approve", batches.ApproveBatchView.as_view(), name="batch-approve"),
    path("finance/batches/<int:batch_id>/cancel", batches.CancelBatchView.as_view(), name="batch-cancel"),
    path("finance/batches/<int:batch_id>/export", batches.ExportBatchView.as_view(), name="batch-export"),
    path(
        "finance/payouts/<int:payout_id>/outcome", batches.PayoutOutcomeView.as_view(), name="payout-outcome"
    ),
    path("finance/ledger/accounts", ledger.LedgerAccountsView.as_view(), name="ledger-accounts"),
    path("finance/ledger/entries", ledger.LedgerEntriesView.as_view(), name="ledger-entries"),
    path("finance/rate-cards", rate_cards.RateCardsView.as_view(), name="rate-card-list"),
]

"""Pages of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from payouts.web import batches, earnings, ledger, payout_accounts, periods, rate_cards, statements

app_name = "payouts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("earnings/", earnings.overview, name="earnings-overview"),
    path("earnings/account", payout_accounts.payout_account, name="payout-account-edit"),
    path("earnings/statements/<int:statement_id>", statements.statement_detail, name="statement-detail"),
    path("earnings/statements/<int:statement_id>.csv", statements.statement_csv, name="statement-csv"),
    path("finance/", periods.home, name="finance-home"),
    path("finance/periods", periods.period_list, name="period-list"),
    path("finance/periods/<str:month>", periods.period_detail, name="period-detail"),
    path("finance/periods/<str:month>/start", periods.close_start, name="close-start"),
    path("finance/periods/<str:month>/approve", periods.close_approve, name="close-approve"),
    path("finance/periods/<str:month>/reject", periods.close_reject, name="close-reject"),
    path("finance/periods/<str:month>/cancel", periods.close_cancel, name="close-cancel"),
    path("finance/periods/<str:month>/payees/<int:payee_id>", periods.payee_detail, name="period-payee"),
    path(
        "finance/periods/<str:month>/payees/<int:payee_id>/gpts/<int:gpt_id>",
        periods.use_list,
        name="use-list",
    ),
    path(
        "finance/periods/<str:month>/payees/<int:payee_id>/gpts/<int:gpt_id>/exclude",
        periods.use_exclude,
        name="use-exclude",
    ),
    path("finance/statements", statements.statement_list, name="statement-list"),
    path("finance/batches", batches.batch_list, name="batch-list"),
    path("finance/batches/propose", batches.batch_propose, name="batch-propose"),
    path("finance/batches/<int:batch_id>", batches.batch_detail, name="batch-detail"),
    path("finance/batches/<int:batch_id>/approve", batches.batch_approve, name="batch-approve"),
    path("finance/batches/<int:batch_id>/cancel", batches.batch_cancel, name="batch-cancel"),
    path("finance/batches/<int:batch_id>/export", batches.batch_export, name="batch-export"),
    path("finance/batches/<int:batch_id>/accept", batches.batch_accept, name="batch-accept"),
    path("finance/batches/<int:batch_id>/reject", batches.batch_reject, name="batch-reject"),
    path("finance/batches/<int:batch_id>/payouts", batches.payout_record, name="payout-record"),
    path("finance/accounts", payout_accounts.payout_account_update, name="payout-account-act"),
    path("finance/ledger", ledger.account_list, name="ledger-accounts"),
    path("finance/ledger/entries", ledger.entry_list, name="entry-list"),
    path("finance/ledger/entries/<int:entry_id>", ledger.entry_detail, name="entry-detail"),
    path("finance/rules", rate_cards.rate_card_list, name="rate-card-list"),
    path("finance/rules/new", rate_cards.rate_card_new, name="rate-card-new"),
    path("finance/rules/<int:version>", rate_cards.rate_card_detail, name="rate-card-detail"),
]

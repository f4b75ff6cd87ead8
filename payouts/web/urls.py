"""Pages of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from payouts.web import books, earnings, months, payments

app_name = "payouts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("earnings/", earnings.overview, name="earnings-overview"),
    path("earnings/account", earnings.payout_account, name="payout-account-edit"),
    path("earnings/statements/<int:statement_id>", earnings.statement_detail, name="statement-detail"),
    path("earnings/statements/<int:statement_id>.csv", earnings.statement_csv, name="statement-csv"),
    path("finance/", months.home, name="finance-home"),
    path("finance/periods", months.period_list, name="period-list"),
    path("finance/periods/<str:month>", months.period_detail, name="period-detail"),
    path("finance/periods/<str:month>/start", months.close_start, name="close-start"),
    path("finance/periods/<str:month>/approve", months.close_approve, name="close-approve"),
    path("finance/periods/<str:month>/reject", months.close_reject, name="close-reject"),
    path("finance/periods/<str:month>/payees/<int:payee_id>", months.payee_detail, name="period-payee"),
    path(
        "finance/periods/<str:month>/payees/<int:payee_id>/gpts/<int:gpt_id>",
        months.use_list,
        name="use-list",
    ),
    path(
        "finance/periods/<str:month>/payees/<int:payee_id>/gpts/<int:gpt_id>/exclude",
        months.use_exclude,
        name="use-exclude",
    ),
    path("finance/statements", payments.statement_list, name="statement-list"),
    path("finance/batches", payments.batch_list, name="batch-list"),
    path("finance/batches/propose", payments.batch_propose, name="batch-propose"),
    path("finance/batches/<int:batch_id>", payments.batch_detail, name="batch-detail"),
    path("finance/batches/<int:batch_id>/approve", payments.batch_approve, name="batch-approve"),
    path("finance/batches/<int:batch_id>/cancel", payments.batch_cancel, name="batch-cancel"),
    path("finance/batches/<int:batch_id>/export", payments.batch_export, name="batch-export"),
    path("finance/batches/<int:batch_id>/accept", payments.batch_accept, name="batch-accept"),
    path("finance/batches/<int:batch_id>/reject", payments.batch_reject, name="batch-reject"),
    path("finance/batches/<int:batch_id>/payouts", payments.payout_record, name="payout-record"),
    path("finance/accounts", payments.account_act, name="payout-account-act"),
    path("finance/ledger", books.account_list, name="ledger-accounts"),
    path("finance/ledger/entries", books.entry_list, name="entry-list"),
    path("finance/ledger/entries/<int:entry_id>", books.entry_detail, name="entry-detail"),
    path("finance/rules", books.rate_card_list, name="rate-card-list"),
    path("finance/rules/new", books.rate_card_new, name="rate-card-new"),
    path("finance/rules/<int:version>", books.rate_card_detail, name="rate-card-detail"),
]

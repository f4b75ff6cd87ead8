"""A creator's pages: what was earned, why, and where it is paid."""

from __future__ import annotations

import io
from typing import cast

from defusedcsv import csv
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from core.money import minor_to_decimal
from core.pagination import paginate
from payouts.access import access_statement
from payouts.models import Statement
from payouts.queries import earnings_of, newest_rate_card, payout_account_of, payouts_of, statements_of
from payouts.services import save_payout_account
from payouts.states import Verdict
from payouts.web.forms import PayoutAccountForm, add_refusal
from workspaces.models import User

PAYOUTS_SHOWN = 12


@require_GET
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    page = paginate(statements_of(user), order=("-id",), cursor=request.GET.get("cursor", ""), size=12)
    return render(
        request,
        "payouts/earnings.html",
        {
            "earnings": earnings_of(user, at=timezone.now()),
            "statements": page,
            "account": payout_account_of(user),
            "payouts": payouts_of(user)[:PAYOUTS_SHOWN],
            "card": newest_rate_card(),
        },
    )


@require_GET
@login_required
def statement_detail(request: HttpRequest, statement_id: int) -> HttpResponse:
    statement = access_statement(cast(User, request.user), statement_id)
    lines = list(statement.lines.order_by("position"))
    return render(
        request,
        "payouts/statement.html",
        {
            "statement": statement,
            "paid": [line for line in lines if line.verdict == Verdict.QUALIFIED],
            "unpaid": [line for line in lines if line.verdict != Verdict.QUALIFIED],
            "is_own": statement.payee_id == request.user.pk,
        },
    )


@require_GET
@login_required
def statement_csv(request: HttpRequest, statement_id: int) -> HttpResponse:
    """The statement as a file; names that a spreadsheet would run are made harmless."""
    statement = access_statement(cast(User, request.user), statement_id)
    response = HttpResponse(statement_as_csv(statement), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = (
        f'attachment; filename="statement-{statement.period.month}-{statement.pk}.csv"'
    )
    response["Cache-Control"] = "private, no-store"
    return response


def statement_as_csv(statement: Statement) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(
        ("month", "gpt", "category", "earned_in", "verdict", "conversations", "answers", "output_tokens",
         "amount", "currency")
    )  # fmt: skip
    for line in statement.lines.order_by("position"):
        writer.writerow(
            (statement.period.month, line.gpt_name, line.category, line.origin_month, line.verdict,
             line.conversations, line.messages, line.output_tokens,
             f"{minor_to_decimal(line.amount_minor, statement.currency):f}", statement.currency)
        )  # fmt: skip
    return text.getvalue().encode()


@require_http_methods(["GET", "POST"])
@login_required
def payout_account(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    account = payout_account_of(user)
    form = _account_form(request, user)
    if request.method == "POST" and form.is_valid():
        if "password" in form.fields and not user.check_password(form.cleaned_data["password"]):
            form.add_error("password", _("This is not your password."))
        else:
            try:
                save_payout_account(
                    payee=user,
                    legal_name=form.cleaned_data["legal_name"],
                    country=form.cleaned_data["country"],
                    method=form.cleaned_data["method"],
                    iban=form.cleaned_data["iban"],
                    minimum_minor=form.cleaned_data["minimum"],
                    by=user,
                    at=timezone.now(),
                )
            except DomainError as error:
                add_refusal(form, error)
            else:
                messages.success(request, _("Your payout account is saved. Finance checks it next."))
                return redirect("payouts:earnings-overview")
    status = 400 if form.errors else 200
    return render(request, "payouts/account.html", {"form": form, "account": account}, status=status)


def _account_form(request: HttpRequest, user: User) -> PayoutAccountForm:
    account = payout_account_of(user)
    currency = settings.PAYOUT_CURRENCY
    initial = (
        {}
        if account is None
        else {
            "legal_name": account.legal_name,
            "country": account.country,
            "method": account.method,
            "minimum": minor_to_decimal(account.minimum_minor, currency) if account.minimum_minor else None,
        }
    )
    return PayoutAccountForm(
        request.POST if request.method == "POST" else None,
        account=account,
        currency=currency,
        asks_password=user.has_usable_password(),
        initial=initial,
    )

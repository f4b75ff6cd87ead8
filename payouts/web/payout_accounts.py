"""Payout accounts: the payee's own form, and finance's check and hold."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from core.money import minor_to_decimal
from payouts.access import access_payout_account
from payouts.queries import get_payout_account
from payouts.services import hold_payouts, release_hold, save_payout_account, verify_payout_account
from payouts.web.finance import finance_action
from payouts.web.forms import PayoutAccountForm, add_domain_error
from workspaces.models import User
from workspaces.web.people import person_of
from workspaces.web.reauthentication import asks_again


@asks_again("GET", "HEAD", "POST")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def payout_account(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    account = get_payout_account(user)
    form = _build_account_form(request, user)
    if request.method == "POST" and form.is_valid():
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
            add_domain_error(form, error)
        else:
            messages.success(request, _("Your payout account is saved. Finance checks it next."))
            return redirect("payouts:earnings-overview")
    status = 400 if form.errors else 200
    return render(request, "payouts/account.html", {"form": form, "account": account}, status=status)


def _build_account_form(request: HttpRequest, user: User) -> PayoutAccountForm:
    account = get_payout_account(user)
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
        initial=initial,
    )


@finance_action("payouts:batch-list")
def payout_account_update(request: HttpRequest) -> HttpResponse:
    """Verify a payout account, put payouts to it on hold, or release the hold."""
    user, at = person_of(request), timezone.now()
    number = request.POST.get("account", "")
    account = access_payout_account(user, int(number) if number.isdecimal() and len(number) < 19 else 0)
    act, reason = request.POST.get("act", ""), request.POST.get("reason", "")
    if act == "hold":
        hold_payouts(account_id=account.pk, by=user, at=at, reason=reason)
    elif act == "release":
        release_hold(account_id=account.pk, by=user, at=at, reason=reason)
    else:
        verify_payout_account(account_id=account.pk, by=user, at=at)
    messages.success(request, _("The account of %(name)s is updated.") % {"name": account.payee})
    return redirect("payouts:batch-list")

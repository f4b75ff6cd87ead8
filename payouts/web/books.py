"""Finance's books: accounts, journal entries, rate cards."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from core.pagination import paginate
from payouts.access import access_entry, access_rate_card
from payouts.queries import accounts, entries, newest_rate_card, rate_cards
from payouts.services import create_rate_card
from payouts.services.rates import RateTerms
from payouts.web.forms import RateCardForm, add_refusal
from workspaces.models import User
from workspaces.web.staff import staff_required


@require_GET
@staff_required("finance")
def account_list(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    page = paginate(accounts(text=text), order=("name", "id"), cursor=request.GET.get("cursor", ""), size=100)
    return render(request, "payouts/ledger.html", {"page": page, "q": text})


@require_GET
@staff_required("finance")
def entry_list(request: HttpRequest) -> HttpResponse:
    account, month = request.GET.get("account", ""), request.GET.get("month", "")
    found = entries(account=account, month=month)
    page = paginate(found, order=("-id",), cursor=request.GET.get("cursor", ""), size=50)
    return render(request, "payouts/entries.html", {"page": page, "account": account, "month": month})


@require_GET
@staff_required("finance")
def entry_detail(request: HttpRequest, entry_id: int) -> HttpResponse:
    entry = access_entry(cast(User, request.user), entry_id)
    return render(request, "payouts/entry.html", {"entry": entry})


@require_GET
@staff_required("finance")
def rate_card_list(request: HttpRequest) -> HttpResponse:
    return render(request, "payouts/rules.html", {"cards": rate_cards()})


@require_GET
@staff_required("finance")
def rate_card_detail(request: HttpRequest, version: int) -> HttpResponse:
    card = access_rate_card(cast(User, request.user), version)
    return render(request, "payouts/rule.html", {"card": card})


@require_http_methods(["GET", "POST"])
@staff_required("finance")
def rate_card_new(request: HttpRequest) -> HttpResponse:
    newest = newest_rate_card()
    currency = newest.currency if newest else settings.PAYOUT_CURRENCY
    form = RateCardForm(request.POST if request.method == "POST" else None, currency=currency, card=newest)
    if request.method == "POST" and form.is_valid():
        try:
            card = create_rate_card(
                currency=currency,
                first_month=form.cleaned_data["first_month"],
                rates=form.rates(),
                terms=RateTerms(**form.terms()),
                note=form.cleaned_data["note"],
                by=cast(User, request.user),
                at=timezone.now(),
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Rate card %(version)d is written.") % {"version": card.version})
            return redirect("payouts:rate-card-detail", version=card.version)
    status = 400 if form.errors else 200
    return render(request, "payouts/rule_new.html", {"form": form, "currency": currency}, status=status)

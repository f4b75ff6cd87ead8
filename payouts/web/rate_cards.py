"""Finance's pages of rate cards: list, detail, and the form for the next version."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import DomainError
from payouts.access import access_rate_card
from payouts.queries import get_newest_rate_card, list_rate_cards
from payouts.services import create_rate_card
from payouts.services.rate_cards import RateTerms
from payouts.web.forms import RateCardForm, add_domain_error
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required


@require_GET
@staff_required("finance")
def rate_card_list(request: HttpRequest) -> HttpResponse:
    return render(request, "payouts/rules.html", {"cards": list_rate_cards()})


@require_GET
@staff_required("finance")
def rate_card_detail(request: HttpRequest, version: int) -> HttpResponse:
    card = access_rate_card(person_of(request), version)
    return render(request, "payouts/rule.html", {"card": card})


@require_http_methods(["GET", "POST"])
@staff_required("finance")
def rate_card_new(request: HttpRequest) -> HttpResponse:
    newest = get_newest_rate_card()
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
                by=person_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Rate card %(version)d is written.") % {"version": card.version})
            return redirect("payouts:rate-card-detail", version=card.version)
    status = 400 if form.errors else 200
    return render(request, "payouts/rule_new.html", {"form": form, "currency": currency}, status=status)

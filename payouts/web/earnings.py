"""A creator's overview of earnings, statements and payouts."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.pagination import paginate
from payouts.queries import (
    get_earnings,
    get_newest_rate_card,
    get_payout_account,
    list_holds,
    list_own_payouts,
    list_own_statements,
)
from workspaces.web.people import person_of

PAYOUTS_SHOWN = 12


@require_GET
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    page = paginate(list_own_statements(user), order=("-id",), cursor=request.GET.get("cursor", ""), size=12)
    return render(
        request,
        "payouts/earnings.html",
        {
            "earnings": get_earnings(user, at=timezone.now()),
            "statements": page,
            "account": get_payout_account(user),
            "holds": list_holds(user),
            "payouts": list_own_payouts(user)[:PAYOUTS_SHOWN],
            "card": get_newest_rate_card(),
        },
    )

"""Finance's pages of ledger accounts and journal entries."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.pagination import paginate
from payouts.access import access_entry
from payouts.queries import list_accounts, list_entries
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required


@require_GET
@staff_required("finance")
def account_list(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    page = paginate(
        list_accounts(text=text), order=("name", "id"), cursor=request.GET.get("cursor", ""), size=100
    )
    return render(request, "payouts/ledger.html", {"page": page, "q": text})


@require_GET
@staff_required("finance")
def entry_list(request: HttpRequest) -> HttpResponse:
    account, month = request.GET.get("account", ""), request.GET.get("month", "")
    found = list_entries(account=account, month=month)
    page = paginate(found, order=("-id",), cursor=request.GET.get("cursor", ""), size=50)
    return render(request, "payouts/entries.html", {"page": page, "account": account, "month": month})


@require_GET
@staff_required("finance")
def entry_detail(request: HttpRequest, entry_id: int) -> HttpResponse:
    entry = access_entry(person_of(request), entry_id)
    return render(request, "payouts/entry.html", {"entry": entry})

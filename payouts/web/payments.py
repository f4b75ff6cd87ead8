"""Finance's payments: statements of everybody, batches and their steps, payout accounts."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.pagination import paginate
from payouts.access import access_batch, access_payout, access_payout_account
from payouts.queries import batches, journey_of, payouts_in, statements, waiting
from payouts.services import (
    accept_batch,
    approve_batch,
    cancel_batch,
    export_batch,
    fail_payout,
    hold_payouts,
    propose_batch,
    reject_batch,
    release_hold,
    return_payout,
    settle_payout,
    verify_payout_account,
)
from payouts.states import ENDED_UNPAID
from payouts.web.acts import check_confirmation, finance_act
from workspaces.access import not_found
from workspaces.models import User
from workspaces.web.staff import staff_required


@require_GET
@staff_required("finance")
def statement_list(request: HttpRequest) -> HttpResponse:
    month, text = request.GET.get("month", ""), request.GET.get("q", "")
    found = statements(month=month, text=text)
    page = paginate(found, order=("-id",), cursor=request.GET.get("cursor", ""), size=50)
    return render(request, "payouts/statements.html", {"page": page, "month": month, "q": text})


@require_GET
@staff_required("finance")
def batch_list(request: HttpRequest) -> HttpResponse:
    page = paginate(batches(), order=("-id",), cursor=request.GET.get("cursor", ""), size=24)
    people = waiting(currency=settings.PAYOUT_CURRENCY, at=timezone.now())
    return render(
        request,
        "payouts/batches.html",
        {
            "page": page,
            "waiting": people,
            "currency": settings.PAYOUT_CURRENCY,
            "payable_count": sum(not person.gate for person in people),
            "payable_minor": sum(person.available_minor for person in people if not person.gate),
        },
    )


@require_GET
@staff_required("finance")
def batch_detail(request: HttpRequest, batch_id: int) -> HttpResponse:
    user = cast(User, request.user)
    batch = access_batch(user, batch_id)
    rows = list(payouts_in(batch))
    kept = [row for row in rows if row.state not in ENDED_UNPAID]
    return render(
        request,
        "payouts/batch.html",
        {
            "batch": batch,
            "payouts": rows,
            "kept_count": len(kept),
            "total_minor": sum(row.amount_minor for row in kept),
            "journey": journey_of(batch),
            "may_approve": batch.created_by_id != user.pk,
            "phrase": phrase_of(batch_id),
        },
    )


def phrase_of(batch_id: int) -> str:
    return _("batch %(number)d") % {"number": batch_id}


@finance_act("payouts:batch-list")
def batch_propose(request: HttpRequest) -> HttpResponse:
    batch = propose_batch(currency=settings.PAYOUT_CURRENCY, by=cast(User, request.user), at=timezone.now())
    messages.success(request, _("Batch %(number)d is proposed.") % {"number": batch.pk})
    return redirect("payouts:batch-detail", batch_id=batch.pk)


@finance_act("payouts:batch-detail")
def batch_approve(request: HttpRequest, batch_id: int) -> HttpResponse:
    check_confirmation(request, phrase_of(batch_id))
    approve_batch(
        batch_id=batch_id,
        by=cast(User, request.user),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("Approved. The money is set aside; export the bank file next."))
    return redirect("payouts:batch-detail", batch_id=batch_id)


@finance_act("payouts:batch-detail")
def batch_export(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Answer with the bank file; the first time it is made, later the same bytes come again."""
    check_confirmation(request, phrase_of(batch_id))
    file_format = request.POST.get("format", "csv")
    content = export_batch(
        batch_id=batch_id, format=file_format, by=cast(User, request.user), at=timezone.now()
    )
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="payouts-{batch_id}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


@finance_act("payouts:batch-detail")
def batch_cancel(request: HttpRequest, batch_id: int) -> HttpResponse:
    cancel_batch(
        batch_id=batch_id,
        by=cast(User, request.user),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("Batch %(number)d is cancelled.") % {"number": batch_id})
    return redirect("payouts:batch-detail", batch_id=batch_id)


@finance_act("payouts:batch-detail")
def batch_accept(request: HttpRequest, batch_id: int) -> HttpResponse:
    accept_batch(batch_id=batch_id, by=cast(User, request.user), at=timezone.now())
    messages.success(request, _("Noted: the bank took the file."))
    return redirect("payouts:batch-detail", batch_id=batch_id)


@finance_act("payouts:batch-detail")
def batch_reject(request: HttpRequest, batch_id: int) -> HttpResponse:
    reject_batch(
        batch_id=batch_id,
        by=cast(User, request.user),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("Noted: the bank refused the file. The money is available again."))
    return redirect("payouts:batch-detail", batch_id=batch_id)


@finance_act("payouts:batch-detail")
def payout_record(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Record what the bank did with one payout of this batch: paid, failed or returned."""
    user, at = cast(User, request.user), timezone.now()
    number = request.POST.get("payout", "")
    payout = access_payout(user, int(number) if number.isdecimal() and len(number) < 19 else 0)
    if payout.batch_id != batch_id:
        raise not_found()
    reference, reason = request.POST.get("bank_reference", ""), request.POST.get("reason", "")
    outcome = request.POST.get("outcome", "")
    if outcome == "paid":
        settle_payout(payout_id=payout.pk, bank_reference=reference, by=user, at=at)
    elif outcome == "returned":
        return_payout(payout_id=payout.pk, bank_reference=reference, by=user, at=at, reason=reason)
    else:
        fail_payout(payout_id=payout.pk, by=user, at=at, reason=reason)
    messages.success(request, _("Payout %(number)d is updated.") % {"number": payout.pk})
    return redirect("payouts:batch-detail", batch_id=batch_id)


@finance_act("payouts:batch-list")
def account_act(request: HttpRequest) -> HttpResponse:
    """Check a payout account, put it on hold or let it go again."""
    user, at = cast(User, request.user), timezone.now()
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

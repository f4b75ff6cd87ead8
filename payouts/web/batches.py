"""Finance's pages of payout batches: propose, approve, export, and record the bank's results."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.pagination import paginate
from payouts.access import access_batch, access_payout
from payouts.queries import (
    list_batch_payouts,
    list_batch_transitions,
    list_batches,
    list_block_labels,
    list_counted_payouts,
    list_payees_with_balance,
)
from payouts.services import (
    accept_batch,
    approve_batch,
    cancel_batch,
    export_batch,
    fail_payout,
    propose_batch,
    reject_batch,
    return_payout,
    settle_payout,
)
from payouts.web.finance import check_confirmation, finance_action
from workspaces.access import not_found
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required


@require_GET
@staff_required("finance")
def batch_list(request: HttpRequest) -> HttpResponse:
    page = paginate(list_batches(), order=("-id",), cursor=request.GET.get("cursor", ""), size=24)
    people = list_payees_with_balance(currency=settings.PAYOUT_CURRENCY, at=timezone.now())
    return render(
        request,
        "payouts/batches.html",
        {
            "page": page,
            "waiting": people,
            "currency": settings.PAYOUT_CURRENCY,
            "payable_count": sum(not person.block_reason for person in people),
            "payable_minor": sum(person.available_minor for person in people if not person.block_reason),
        },
    )


@require_GET
@staff_required("finance")
def batch_detail(request: HttpRequest, batch_id: int) -> HttpResponse:
    user = person_of(request)
    batch = access_batch(user, batch_id)
    rows = list(list_batch_payouts(batch))
    kept = list_counted_payouts(batch, rows)
    blocks = list_block_labels(batch, at=timezone.now())
    return render(
        request,
        "payouts/batch.html",
        {
            "batch": batch,
            "payouts": [(row, blocks.get(row.pk, "")) for row in rows],
            "kept_count": len(kept),
            "total_minor": sum(row.amount_minor for row in kept),
            "journey": list_batch_transitions(batch),
            "may_approve": batch.created_by_id != user.pk,
            "phrase": build_confirmation_phrase(batch_id),
        },
    )


def build_confirmation_phrase(batch_id: int) -> str:
    return _("batch %(number)d") % {"number": batch_id}


@finance_action("payouts:batch-list")
def batch_propose(request: HttpRequest) -> HttpResponse:
    batch = propose_batch(currency=settings.PAYOUT_CURRENCY, by=person_of(request), at=timezone.now())
    messages.success(request, _("Batch %(number)d is proposed.") % {"number": batch.pk})
    return redirect("payouts:batch-detail", batch_id=batch.pk)


@finance_action("payouts:batch-detail")
def batch_approve(request: HttpRequest, batch_id: int) -> HttpResponse:
    check_confirmation(request, build_confirmation_phrase(batch_id))
    approve_batch(
        batch_id=batch_id,
        by=person_of(request),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("Approved. The money is set aside; export the bank file next."))
    return redirect("payouts:batch-detail", batch_id=batch_id)


@finance_action("payouts:batch-detail")
def batch_export(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Return the bank file; created on the first request, the same bytes on every later one."""
    check_confirmation(request, build_confirmation_phrase(batch_id))
    file_format = request.POST.get("format", "csv")
    content = export_batch(batch_id=batch_id, format=file_format, by=person_of(request), at=timezone.now())
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="payouts-{batch_id}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


@finance_action("payouts:batch-detail")
def batch_cancel(request: HttpRequest, batch_id: int) -> HttpResponse:
    cancel_batch(
        batch_id=batch_id,
        by=person_of(request),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("Batch %(number)d is cancelled.") % {"number": batch_id})
    return redirect("payouts:batch-detail", batch_id=batch_id)


@finance_action("payouts:batch-detail")
def batch_accept(request: HttpRequest, batch_id: int) -> HttpResponse:
    accept_batch(batch_id=batch_id, by=person_of(request), at=timezone.now())
    messages.success(request, _("Noted: the bank took the file."))
    return redirect("payouts:batch-detail", batch_id=batch_id)


@finance_action("payouts:batch-detail")
def batch_reject(request: HttpRequest, batch_id: int) -> HttpResponse:
    reject_batch(
        batch_id=batch_id,
        by=person_of(request),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("Noted: the bank refused the file. The money is available again."))
    return redirect("payouts:batch-detail", batch_id=batch_id)


@finance_action("payouts:batch-detail")
def payout_record(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Record the bank's result for one payout of this batch: paid, failed or returned."""
    user, at = person_of(request), timezone.now()
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

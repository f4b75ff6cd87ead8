"""Finance's pages of accounting periods: list, detail, single uses, and the steps of a close."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.pagination import paginate
from core.periods import Period
from payouts.access import access_payee, access_period
from payouts.models import AccountingPeriod
from payouts.queries import (
    MonthSummary,
    get_month_summary,
    get_use_page,
    list_payee_lines,
    list_periods,
    list_statements,
)
from payouts.services import approve_close, cancel_close, exclude_event, reject_close, start_close
from payouts.states import PeriodState
from payouts.web.finance import check_confirmation, finance_action
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required


@require_GET
@staff_required("finance")
def home(request: HttpRequest) -> HttpResponse:
    return redirect("payouts:period-list")


@require_GET
@staff_required("finance")
def period_list(request: HttpRequest) -> HttpResponse:
    page = paginate(list_periods(), order=("-month",), cursor=request.GET.get("cursor", ""), size=24)
    return render(request, "payouts/periods.html", {"page": page, "now": timezone.now()})


@require_GET
@staff_required("finance")
def period_detail(request: HttpRequest, month: str) -> HttpResponse:
    user = person_of(request)
    row = access_period(user, Period.parse(month))
    summary = get_month_summary(row)
    is_ready = timezone.now() >= row.closable_at
    return render(
        request,
        "payouts/period.html",
        {
            "period": row,
            "sheet": summary,
            "steps": build_steps(row, summary, is_ready),
            "can_start": row.state in (PeriodState.OPEN, PeriodState.GRACE) and is_ready,
            "may_approve": summary.run is not None and summary.run.started_by_id != user.pk,
            "statements": list_statements(month=row.month).count() if row.state == PeriodState.CLOSED else 0,
        },
    )


def build_steps(row: AccountingPeriod, summary: MonthSummary, is_ready: bool) -> list[dict[str, Any]]:
    """Return the month's steps with actor and time of each; ``is_ready``: the grace time is over."""
    reached = {step.after: step for step in summary.steps}
    order = [
        (PeriodState.OPEN, _("Usage is counted")),
        (PeriodState.GRACE, _("Late usage still counts")),
        (PeriodState.CALCULATING, _("Calculated from the raw events")),
        (PeriodState.REVIEW, _("Reviewed by a second person")),
        (PeriodState.CLOSED, _("Closed, statements issued")),
    ]
    states = [state for state, _label in order]
    now_at = states.index(PeriodState(row.state))
    steps = []
    for index, (state, label) in enumerate(order):
        # A step ends when the next one starts, so its actor and time are those of the next transition.
        ended = reached.get(states[index + 1]) if index + 1 < len(states) else reached.get(state)
        is_done = index < now_at or row.state == PeriodState.CLOSED
        steps.append(
            {
                "label": label,
                "state": "done" if is_done else "current" if index == now_at else "todo",
                "by": (str(ended.actor) if ended.actor else _("Automatic")) if is_done and ended else "",
                "at": ended.at if is_done and ended else None,
                "text": _get_step_text(row, state, is_ready) if index == now_at else "",
            }
        )
    return steps


def _get_step_text(row: AccountingPeriod, state: PeriodState, is_ready: bool) -> str:
    if state in (PeriodState.OPEN, PeriodState.GRACE):
        if is_ready:
            return _("Ready to be closed.")
        return _("Can be closed from %(moment)s UTC.") % {"moment": f"{row.closable_at:%Y-%m-%d %H:%M}"}
    if state == PeriodState.CALCULATING:
        return _("A worker is calculating. This page can be left.")
    return ""


@require_GET
@staff_required("finance")
def payee_detail(request: HttpRequest, month: str, payee_id: int) -> HttpResponse:
    user = person_of(request)
    row = access_period(user, Period.parse(month))
    payee = access_payee(user, payee_id)
    context = {"period": row, "payee": payee, "lines": list_payee_lines(row, payee)}
    return render(request, "payouts/period_payee.html", context)


@require_GET
@staff_required("finance")
def use_list(request: HttpRequest, month: str, payee_id: int, gpt_id: int) -> HttpResponse:
    """Single uses of one GPT in the month, metadata only."""
    user = person_of(request)
    origin = Period.parse(month)
    payee = access_payee(user, payee_id)
    after = _uuid_or_none(request.GET.get("after", ""))
    page = get_use_page(origin, payee_id=payee.pk, gpt_id=gpt_id, after=after)
    context = {"month": str(origin), "payee": payee, "gpt_id": gpt_id, "page": page}
    return render(request, "payouts/uses.html", context)


def _uuid_or_none(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


@finance_action("payouts:period-detail")
def close_start(request: HttpRequest, month: str) -> HttpResponse:
    check_confirmation(request, month)
    start_close(period=Period.parse(month), by=person_of(request), at=timezone.now())
    messages.success(request, _("The close of %(month)s has started.") % {"month": month})
    return redirect("payouts:period-detail", month=month)


@finance_action("payouts:period-detail")
def close_approve(request: HttpRequest, month: str) -> HttpResponse:
    check_confirmation(request, month)
    approve_close(
        period=Period.parse(month),
        by=person_of(request),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
        digest=request.POST.get("digest", ""),
    )
    messages.success(request, _("%(month)s is closed and its statements are issued.") % {"month": month})
    return redirect("payouts:period-detail", month=month)


@finance_action("payouts:period-detail")
def close_reject(request: HttpRequest, month: str) -> HttpResponse:
    run = reject_close(
        period=Period.parse(month),
        by=person_of(request),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("Rejected. Run %(number)d is being calculated.") % {"number": run.number})
    return redirect("payouts:period-detail", month=month)


@finance_action("payouts:period-detail")
def close_cancel(request: HttpRequest, month: str) -> HttpResponse:
    cancel_close(
        period=Period.parse(month),
        by=person_of(request),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("The calculation of %(month)s is broken off.") % {"month": month})
    return redirect("payouts:period-detail", month=month)


@finance_action("payouts:use-list")
def use_exclude(request: HttpRequest, month: str, payee_id: int, gpt_id: int) -> HttpResponse:
    event = _uuid_or_none(request.POST.get("event", ""))
    exclude_event(
        event_id=UUID(event or str(UUID(int=0))),
        by=person_of(request),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("Excluded. The next calculation leaves it out."))
    return redirect("payouts:use-list", month=month, payee_id=payee_id, gpt_id=gpt_id)

"""Finance's months: the list, the stepper of one, and the way down to single uses."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.jobs import enqueue_on_commit
from core.pagination import paginate
from core.periods import Period
from payouts.access import access_payee, access_period
from payouts.models import AccountingPeriod
from payouts.queries import MonthSheet, month_sheet, payee_lines, periods, statements, uses_of
from payouts.services import approve_close, exclude_event, reject_close, start_close
from payouts.states import PeriodState
from payouts.web.acts import check_confirmation, finance_act
from workspaces.models import User
from workspaces.web.staff import staff_required


@require_GET
@staff_required("finance")
def home(request: HttpRequest) -> HttpResponse:
    return redirect("payouts:period-list")


@require_GET
@staff_required("finance")
def period_list(request: HttpRequest) -> HttpResponse:
    page = paginate(periods(), order=("-month",), cursor=request.GET.get("cursor", ""), size=24)
    return render(request, "payouts/periods.html", {"page": page, "now": timezone.now()})


@require_GET
@staff_required("finance")
def period_detail(request: HttpRequest, month: str) -> HttpResponse:
    user = cast(User, request.user)
    row = access_period(user, Period.parse(month))
    sheet = month_sheet(row)
    is_ready = timezone.now() >= row.closable_at
    return render(
        request,
        "payouts/period.html",
        {
            "period": row,
            "sheet": sheet,
            "steps": stepper_of(row, sheet, is_ready),
            "can_start": row.state in (PeriodState.OPEN, PeriodState.GRACE) and is_ready,
            "may_approve": sheet.run is not None and sheet.run.started_by_id != user.pk,
            "statements": statements(month=row.month).count() if row.state == PeriodState.CLOSED else 0,
        },
    )


def stepper_of(row: AccountingPeriod, sheet: MonthSheet, is_ready: bool) -> list[dict[str, Any]]:
    """Return the month's steps with who took each and when; ``is_ready`` tells that grace is over."""
    reached = {step.after: step for step in sheet.steps}
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
        # A step is over when the next one was begun: whoever began that ended this.
        ended = reached.get(states[index + 1]) if index + 1 < len(states) else reached.get(state)
        is_done = index < now_at or row.state == PeriodState.CLOSED
        steps.append(
            {
                "label": label,
                "state": "done" if is_done else "current" if index == now_at else "todo",
                "by": (str(ended.actor) if ended.actor else _("Automatic")) if is_done and ended else "",
                "at": ended.at if is_done and ended else None,
                "text": _step_text(row, state, is_ready) if index == now_at else "",
            }
        )
    return steps


def _step_text(row: AccountingPeriod, state: PeriodState, is_ready: bool) -> str:
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
    user = cast(User, request.user)
    row = access_period(user, Period.parse(month))
    payee = access_payee(user, payee_id)
    context = {"period": row, "payee": payee, "lines": payee_lines(row, payee)}
    return render(request, "payouts/period_payee.html", context)


@require_GET
@staff_required("finance")
def use_list(request: HttpRequest, month: str, payee_id: int, gpt_id: int) -> HttpResponse:
    """Single uses of one GPT that happened in the month: metadata only."""
    user = cast(User, request.user)
    origin = Period.parse(month)
    payee = access_payee(user, payee_id)
    after = _uuid_or_none(request.GET.get("after", ""))
    uses, following = uses_of(origin, payee_id=payee.pk, gpt_id=gpt_id, after=after)
    return render(
        request,
        "payouts/uses.html",
        {"month": str(origin), "payee": payee, "gpt_id": gpt_id, "uses": uses, "following": following},
    )


def _uuid_or_none(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


@finance_act("payouts:period-detail")
def close_start(request: HttpRequest, month: str) -> HttpResponse:
    check_confirmation(request, month)
    run = start_close(period=Period.parse(month), by=cast(User, request.user), at=timezone.now())
    enqueue_on_commit("payouts.calculate_close", run_id=run.pk)
    messages.success(request, _("The close of %(month)s has started.") % {"month": month})
    return redirect("payouts:period-detail", month=month)


@finance_act("payouts:period-detail")
def close_approve(request: HttpRequest, month: str) -> HttpResponse:
    check_confirmation(request, month)
    approve_close(
        period=Period.parse(month),
        by=cast(User, request.user),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
        digest=request.POST.get("digest", ""),
    )
    messages.success(request, _("%(month)s is closed and its statements are issued.") % {"month": month})
    return redirect("payouts:period-detail", month=month)


@finance_act("payouts:period-detail")
def close_reject(request: HttpRequest, month: str) -> HttpResponse:
    run = reject_close(
        period=Period.parse(month),
        by=cast(User, request.user),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
    )
    enqueue_on_commit("payouts.calculate_close", run_id=run.pk)
    messages.success(request, _("Rejected. Run %(number)d is being calculated.") % {"number": run.number})
    return redirect("payouts:period-detail", month=month)


@finance_act("payouts:use-list")
def use_exclude(request: HttpRequest, month: str, payee_id: int, gpt_id: int) -> HttpResponse:
    event = _uuid_or_none(request.POST.get("event", ""))
    exclude_event(
        event_id=UUID(event or str(UUID(int=0))),
        by=cast(User, request.user),
        at=timezone.now(),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, _("Excluded. The next calculation leaves it out."))
    return redirect("payouts:use-list", month=month, payee_id=payee_id, gpt_id=gpt_id)

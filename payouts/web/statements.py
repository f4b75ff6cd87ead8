"""Statements: finance's list of all, and one statement as a page and as a CSV file."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.csv_files import write_csv
from core.money import minor_to_decimal
from core.pagination import paginate
from payouts.access import access_statement
from payouts.models import Statement
from payouts.queries import list_holds, list_statements
from payouts.states import Verdict
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required

STATEMENT_COLUMNS = (
    "month", "gpt", "category", "earned_in", "verdict", "conversations", "answers", "output_tokens",
    "estimated_answers", "amount", "currency",
)  # fmt: skip


@require_GET
@staff_required("finance")
def statement_list(request: HttpRequest) -> HttpResponse:
    month, text = request.GET.get("month", ""), request.GET.get("q", "")
    found = list_statements(month=month, text=text)
    page = paginate(found, order=("-id",), cursor=request.GET.get("cursor", ""), size=50)
    return render(request, "payouts/statements.html", {"page": page, "month": month, "q": text})


@require_GET
@login_required
def statement_detail(request: HttpRequest, statement_id: int) -> HttpResponse:
    statement = access_statement(person_of(request), statement_id)
    lines = list(statement.lines.order_by("position"))
    return render(
        request,
        "payouts/statement.html",
        {
            "statement": statement,
            "paid": [line for line in lines if line.verdict == Verdict.QUALIFIED],
            "unpaid": [line for line in lines if line.verdict != Verdict.QUALIFIED],
            "holds": list_holds(statement.payee),
            "is_own": statement.payee_id == request.user.pk,
        },
    )


@require_GET
@login_required
def statement_csv(request: HttpRequest, statement_id: int) -> HttpResponse:
    """The statement as a CSV file; spreadsheet formulas in names are escaped."""
    statement = access_statement(person_of(request), statement_id)
    response = HttpResponse(build_statement_csv(statement), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = (
        f'attachment; filename="statement-{statement.period.month}-{statement.pk}.csv"'
    )
    response["Cache-Control"] = "private, no-store"
    return response


def build_statement_csv(statement: Statement) -> bytes:
    rows = (
        (statement.period.month, line.gpt_name, line.category, line.origin_month, line.verdict,
         line.conversations, line.messages, line.output_tokens,
         line.estimated,
         f"{minor_to_decimal(line.amount_minor, statement.currency):f}", statement.currency)
        for line in statement.lines.order_by("position")
    )  # fmt: skip
    return write_csv(STATEMENT_COLUMNS, rows)

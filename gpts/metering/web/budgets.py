"""Pages of budgets: /w/<workspace>/admin/budgets for admins, /settings/limits for a person's own."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from gpts.metering.queries.budgets import access_budget, build_budget_line, list_budget_lines, list_own_limits
from gpts.metering.queries.price_ceilings import get_price_ceiling
from gpts.metering.services.budgets import change_budget, create_budget, remove_budget
from gpts.metering.services.price_ceilings import set_price_ceiling
from gpts.metering.web.forms import BudgetForm, LimitsForm, PriceCeilingForm
from gpts.metering.wording import describe_budget
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.queries import get_user_roles
from workspaces.states import WorkspaceKind
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of


@login_required
@require_safe
def budget_list(request: HttpRequest, workspace: str) -> HttpResponse:
    tenant = access_workspace(person_of(request), workspace, to=WorkspaceAct.MANAGE_BUDGETS)
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "lines": list_budget_lines(tenant, at=timezone.now()),
    }
    return render(request, "gpts/metering/budgets.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def price_ceiling(request: HttpRequest, workspace: str) -> HttpResponse:
    """The workspace's highest prices for models of other workspaces; empty fields remove them."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_BUDGETS)
    form = PriceCeilingForm.for_ceiling(get_price_ceiling(tenant), request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            ceiling = set_price_ceiling(workspace=tenant, **form.get_prices(), by=user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            text = _("The price ceiling holds from the next answer on.")
            messages.success(request, text if ceiling else _("There is no price ceiling any more."))
            return redirect("gpts:budget-list", tenant.slug)
    context = {"workspace": tenant, "accent": tenant.accent, "form": form}
    status = 400 if form.errors else 200
    return render(request, "gpts/metering/price_ceiling.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def budget_new(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show the form and save it; a POST with ``preview`` only says what the budget would mean."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_BUDGETS)
    form = BudgetForm(request.POST or None, tenant)
    meaning = ""
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            budget = form.draft(tenant, by=user, at=now)
            if "preview" in request.POST:
                meaning = describe_budget(budget)
            else:
                create_budget(budget=budget, by=user, at=now)
                messages.success(request, _("The budget holds from the next answer on."))
                return redirect("gpts:budget-list", tenant.slug)
        except DomainError as error:
            add_refusal(form, error)
    context = {"workspace": tenant, "accent": tenant.accent, "form": form, "meaning": meaning}
    return render(request, "gpts/metering/budget_form.html", context, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def budget_change(request: HttpRequest, workspace: str, budget_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_BUDGETS)
    budget = access_budget(tenant, budget_id)
    now = timezone.now()
    form = LimitsForm.for_budget(budget, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            change_budget(
                budget=budget,
                name=form.cleaned_data["name"],
                **form.get_limits(budget.measure),
                thresholds=form.cleaned_data.get("thresholds", []),
                by=user,
                at=now,
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("gpts:budget-list", tenant.slug)
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "form": form,
        "budget": budget,
        "line": build_budget_line(budget, at=now),
    }
    return render(request, "gpts/metering/budget_form.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def budget_switch(request: HttpRequest, workspace: str, budget_id: int) -> HttpResponse:
    """Switch a budget on or off (``enabled`` is "1" or "0")."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_BUDGETS)
    budget = access_budget(tenant, budget_id)
    is_enabled = request.POST.get("enabled") == "1"
    change_budget(budget=budget, is_enabled=is_enabled, by=user, at=timezone.now())
    text = _("“%(name)s” is on.") if is_enabled else _("“%(name)s” is off. Its counters are kept.")
    messages.success(request, text % {"name": budget.name})
    return redirect("gpts:budget-list", tenant.slug)


@login_required
@require_POST
def budget_remove(request: HttpRequest, workspace: str, budget_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_BUDGETS)
    budget = access_budget(tenant, budget_id)
    remove_budget(budget=budget, by=user, at=timezone.now())
    messages.success(request, _("“%(name)s” is removed.") % {"name": budget.name})
    return redirect("gpts:budget-list", tenant.slug)


@login_required
@require_safe
def my_limits(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    memberships = get_user_roles(user).memberships
    own = next((member.slug for member in memberships if member.kind == WorkspaceKind.PERSONAL), "")
    context = {"lines": list_own_limits(user, at=timezone.now()), "own": own}
    return render(request, "gpts/metering/my_budgets.html", context)

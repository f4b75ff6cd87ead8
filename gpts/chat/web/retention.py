"""/w/<workspace>/admin/retention: how long conversations are kept, and legal holds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, InvalidInput
from core.picks import TEXT_LENGTH
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import list_gpts_of
from gpts.assistants.queries.picks import pick_gpts
from gpts.chat.access import access_legal_hold, access_retention_rule
from gpts.chat.models.retention import HOLD_REASON_LENGTH, MAX_DAYS
from gpts.chat.queries.retention import list_gpts_to_hold, list_holds, list_rules_in_force
from gpts.chat.services.retention import end_hold, end_rule, propose_rule, save_rule, start_hold
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.models import Workspace
from workspaces.queries import pick_members
from workspaces.web.company.people_search import people_search_url
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of
from workspaces.web.picks import PickField, PickInput

# Holds of the past that the page shows.
PAST = 20


class _WithGPT(forms.Form):
    def __init__(
        self, data: Any, tenant: Workspace, gpts: QuerySet[GPT], *, use: str, help_text: Any, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.fields["gpt"] = PickField(
            pick_gpts(gpts),
            url=f"{reverse('gpts:gpt-search', args=[tenant.slug])}?for={use}",
            label="GPT",
            required=False,
            help_text=help_text,
        )


class RuleForm(_WithGPT):
    days = forms.IntegerField(
        label=gettext_lazy("Days after the last message"), min_value=1, max_value=MAX_DAYS
    )


class HoldForm(_WithGPT):
    email = forms.CharField(
        label=gettext_lazy("E-mail address of the person"), max_length=TEXT_LENGTH, required=False
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=HOLD_REASON_LENGTH,
        help_text=gettext_lazy("Only people who may manage this page read it."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Any, tenant: Workspace, **kwargs: Any) -> None:
        gpts = list_gpts_to_hold(tenant)
        super().__init__(
            data,
            tenant,
            gpts,
            use="hold",
            help_text=_("Type a name. Leave it empty to hold a person."),
            **kwargs,
        )
        self.members = pick_members(tenant)
        self.fields["email"].widget = PickInput(people_search_url(tenant, "hold"))

    def clean_email(self) -> str:
        """Return the address of the member who was named, otherwise what was typed: of somebody who left."""
        text: str = self.cleaned_data["email"]
        if not text:
            return ""
        try:
            return self.members.resolve(text).email
        except InvalidInput as refusal:
            # A whole address may be that of somebody who left, whatever members it is a part of.
            if refusal.code == "ambiguous_choice" and "@" not in text:
                raise forms.ValidationError(str(refusal.message), code=refusal.code) from refusal
            return text


def _enter(request: HttpRequest, slug: str) -> Workspace:
    return access_workspace(person_of(request), slug, to=WorkspaceAct.MANAGE_RETENTION)


def _build_forms(tenant: Workspace, request: HttpRequest, posted: str) -> tuple[RuleForm, HoldForm]:
    rule = RuleForm(
        request.POST if posted == "rule" else None,
        tenant,
        list_gpts_of(tenant),
        use="rule",
        help_text=_("Type a name. Empty: all GPTs without a rule of their own."),
    )
    return rule, HoldForm(request.POST if posted == "hold" else None, tenant, auto_id="hold_%s")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show rules and holds; POST proposes a rule, whose page counts before it can be saved."""
    tenant = _enter(request, workspace)
    rule_form, hold_form = _build_forms(tenant, request, "rule" if request.method == "POST" else "")
    if request.method == "POST" and rule_form.is_valid():
        try:
            rule = propose_rule(
                workspace=tenant,
                gpt=rule_form.cleaned_data["gpt"],
                days=rule_form.cleaned_data["days"],
                by=person_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_refusal(rule_form, error)
        else:
            return redirect(f"{reverse('gpts:retention', args=[tenant.slug])}?rule={rule.pk}")
    return _show(request, tenant, rule_form, hold_form)


def _show(request: HttpRequest, tenant: Workspace, rule_form: RuleForm, hold_form: HoldForm) -> HttpResponse:
    proposed = None
    if chosen := _read_uuid(request.GET.get("rule", "")):
        proposed = access_retention_rule(tenant, chosen)
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "rules": list(list_rules_in_force(tenant)),
        "proposed": proposed if proposed is not None and proposed.saved_at is None else None,
        "rule_form": rule_form,
        "hold_form": hold_form,
        "holds": list(list_holds(tenant)),
        "past": list(list_holds(tenant, is_open=False)[:PAST]),
    }
    is_wrong = rule_form.errors or hold_form.errors
    return render(request, "gpts/chat/retention.html", context, status=400 if is_wrong else 200)


def _read_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@login_required
@require_POST
def retention_save(request: HttpRequest, workspace: str, rule_id: UUID) -> HttpResponse:
    tenant = _enter(request, workspace)
    save_rule(rule=access_retention_rule(tenant, rule_id), by=person_of(request), at=timezone.now())
    messages.success(request, _("The rule holds. Within the hour it deletes for the first time."))
    return redirect("gpts:retention", tenant.slug)


@login_required
@require_POST
def retention_end(request: HttpRequest, workspace: str, rule_id: UUID) -> HttpResponse:
    tenant = _enter(request, workspace)
    end_rule(rule=access_retention_rule(tenant, rule_id), by=person_of(request), at=timezone.now())
    messages.success(request, _("The rule is ended. It deletes nothing more."))
    return redirect("gpts:retention", tenant.slug)


@login_required
@require_POST
def hold_start(request: HttpRequest, workspace: str) -> HttpResponse:
    tenant = _enter(request, workspace)
    rule_form, form = _build_forms(tenant, request, "hold")
    if form.is_valid():
        try:
            start_hold(
                workspace=tenant,
                email=form.cleaned_data["email"],
                gpt=form.cleaned_data["gpt"],
                reason=form.cleaned_data["reason"],
                by=person_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Held. Nobody and no rule deletes these conversations now."))
            return redirect("gpts:retention", tenant.slug)
    return _show(request, tenant, rule_form, form)


@login_required
@require_POST
def hold_end(request: HttpRequest, workspace: str, hold_id: UUID) -> HttpResponse:
    tenant = _enter(request, workspace)
    end_hold(hold=access_legal_hold(tenant, hold_id), by=person_of(request), at=timezone.now())
    messages.success(request, _("The hold is ended."))
    return redirect("gpts:retention", tenant.slug)

"""Pages of the model catalogue: /w/<workspace>/admin/models for admins, /operator/models for operators.

Both are made of the same views, which ``for_admins_and_operators`` wraps with the different access checks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from gpts.assistants.queries.approved_addresses import list_gpts_approved_with
from gpts.assistants.queries.model_retirement import list_affected_gpts, list_retirements
from gpts.assistants.services.model_retirement import replace_in_drafts, set_retirement
from gpts.llm.catalogue import get_last_day, is_retired
from gpts.llm.embedding_messages import describe_embedding_failure
from gpts.llm.failure_messages import get_failure_label
from gpts.llm.queries import (
    find_offered_model,
    get_model,
    get_provider,
    get_provider_test,
    list_failed_calls,
    list_providers,
    list_replacements,
)
from gpts.llm.services.catalogue import (
    add_model,
    change_model,
    change_provider,
    create_provider,
    forget_what_was_learned,
    import_models,
)
from gpts.llm.services.probe import request_test
from gpts.llm.states import Capability, ModelKind, ProviderKind
from gpts.llm.web.forms import ModelForm, ProviderForm, RetirementForm
from gpts.llm.web.search_mode import get_search_context
from gpts.llm.wording import describe_failure, describe_refused_options
from marketplace.services.hidden_models import get_hiding_rule, set_model_hidden
from workspaces.access import WorkspaceAct, access_workspace, not_found
from workspaces.models import Workspace
from workspaces.queries import read_policy
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required

GET_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class CatalogueOwner:
    """Whose providers and models a page shows: a workspace's, or the instance's (no workspace)."""

    workspace: Workspace | None

    def url(self, name: str, *args: Any) -> str:
        if self.workspace is None:
            return reverse(f"gpts:operator-{name}", args=args)
        return reverse(f"gpts:workspace-{name}", args=[self.workspace.slug, *args])


View = Callable[..., HttpResponse]


def for_admins_and_operators(view: View) -> tuple[View, View]:
    """Return the view for a workspace's admins, and the one for operators."""

    @login_required
    @wraps(view)
    def for_admins(request: HttpRequest, workspace: str, **kwargs: Any) -> HttpResponse:
        tenant = access_workspace(person_of(request), workspace, to=WorkspaceAct.MANAGE_MODELS)
        return view(request, CatalogueOwner(tenant), **kwargs)

    @staff_required("operator")
    @wraps(view)
    def for_operators(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return view(request, CatalogueOwner(None), **kwargs)

    return for_admins, for_operators


def _page(
    request: HttpRequest, owner: CatalogueOwner, template: str, form: Any = None, **context: Any
) -> HttpResponse:
    workspace = owner.workspace
    context |= {
        "workspace": workspace,
        "accent": "" if workspace is None else workspace.accent,
        "currency": settings.PAYOUT_CURRENCY,
        "form": form,
        "list_url": owner.url("model-list"),
    }
    return render(request, f"gpts/llm/{template}.html", context, status=400 if form and form.errors else 200)


@require_safe
def _model_list(request: HttpRequest, owner: CatalogueOwner) -> HttpResponse:
    own = [_provider_row(owner, provider) for provider in list_providers(owner.workspace)]
    shared = []
    if owner.workspace is not None:
        tenant = owner.workspace
        rules = read_policy(tenant.pk).policy.rules
        may_hide = person_of(request).has_perm(WorkspaceAct.MANAGE_POLICY, tenant)
        shared = [_provider_row(None, row) for row in list_providers(None) if row.is_enabled]
        for row in shared:
            row["may_hide"] = may_hide
        for item in (item for row in shared for item in row["models"]):
            if item["model"].kind == ModelKind.CHAT:
                item["is_hidden"] = get_hiding_rule(item["model"]) in rules
                item["hide_url"] = owner.url("model-hide", item["model"].pk) if may_hide else ""
    endings = list_retirements(owner.workspace) if owner.workspace is not None else []
    return _page(
        request,
        owner,
        "list",
        own=own,
        shared=shared,
        endings=endings,
        new_url=owner.url("provider-new"),
        search=get_search_context() if owner.workspace is None else None,
    )


@login_required
@require_POST
def model_hide(request: HttpRequest, workspace: str, model_id: int) -> HttpResponse:
    """Hide an offered model from everybody in the workspace, or show it again (``hidden`` 1 or 0)."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_MODELS)
    access_workspace(user, workspace, to=WorkspaceAct.MANAGE_POLICY)
    model = find_offered_model(model_id)
    if model is None:
        raise not_found()
    is_hidden = request.POST.get("hidden") == "1"
    set_model_hidden(workspace=tenant, model=model, is_hidden=is_hidden, by=user, at=timezone.now())
    text = (
        _("%(model)s is hidden: nobody here can choose it, and answers with it are refused.")
        if is_hidden
        else _("%(model)s can be chosen again, unless another rule forbids it.")
    )
    messages.success(request, text % {"model": model.shown_label})
    return redirect("gpts:workspace-model-list", tenant.slug)


def _provider_row(owner: CatalogueOwner | None, provider: Any) -> dict[str, Any]:
    is_ours = owner is not None and provider.kind != ProviderKind.OFFLINE
    models = [
        {
            "model": model,
            "is_over": is_retired(model),
            "last_day": None if model.retired_at is None else get_last_day(model.retired_at),
            "failure": describe_embedding_failure(model),
            "abilities": _(", ").join(str(Capability(name).label) for name in model.capabilities),
            "url": owner.url("model-change", model.pk) if owner is not None and is_ours else "",
        }
        for model in provider.models.all()
    ]
    url = owner.url("provider-change", provider.pk) if owner is not None and is_ours else ""
    return {"provider": provider, "models": models, "url": url, "is_ours": is_ours}


@require_http_methods(GET_POST)
def _provider_new(request: HttpRequest, owner: CatalogueOwner) -> HttpResponse:
    form = ProviderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            provider = create_provider(
                workspace=owner.workspace, change=form.get_change(), by=person_of(request), at=timezone.now()
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Added. Test the connection, then choose its models."))
            return redirect(owner.url("provider-change", provider.pk))
    return _page(request, owner, "provider_new", form)


@require_http_methods(GET_POST)
def _provider_change(request: HttpRequest, owner: CatalogueOwner, provider_id: int) -> HttpResponse:
    provider = get_provider(owner.workspace, provider_id)
    form = ProviderForm(request.POST or None, provider=provider)
    if request.method == "POST" and form.is_valid():
        try:
            change_provider(
                provider=provider, change=form.get_change(), by=person_of(request), at=timezone.now()
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect(owner.url("provider-change", provider.pk))
    return _provider_page(request, owner, provider, form)


def _provider_page(
    request: HttpRequest, owner: CatalogueOwner, provider: Any, form: ProviderForm
) -> HttpResponse:
    return _page(
        request,
        owner,
        "provider",
        form,
        provider=provider,
        row=_provider_row(owner, provider),
        approved=list_gpts_approved_with(provider),
        add_url=owner.url("model-new", provider.pk),
        **_get_test_context(owner, provider),
    )


def _get_test_context(owner: CatalogueOwner, provider: Any) -> dict[str, Any]:
    """Return the newest connection test with the names to import."""
    test = get_provider_test(provider)
    known = {model.name for model in provider.models.all()}
    names = [] if test is None else test.result.get("names", [])
    return {
        "test": test,
        "offered": [{"name": name, "is_known": name in known} for name in names],
        "test_url": owner.url("provider-test", provider.pk),
        "import_url": owner.url("provider-import", provider.pk),
    }


@require_http_methods(GET_POST)
def _provider_test(request: HttpRequest, owner: CatalogueOwner, provider_id: int) -> HttpResponse:
    """Have the connection tested; GET returns how it goes, which the provider's page loads while it runs."""
    provider = get_provider(owner.workspace, provider_id)
    if request.method != "POST":
        if request.headers.get("HX-Request") != "true":
            return redirect(owner.url("provider-change", provider.pk))
        return render(request, "gpts/llm/_test.html", _get_test_context(owner, provider))
    try:
        request_test(provider=provider, by=person_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error.message))
    return redirect(owner.url("provider-change", provider.pk))


@require_POST
def _provider_import(request: HttpRequest, owner: CatalogueOwner, provider_id: int) -> HttpResponse:
    provider = get_provider(owner.workspace, provider_id)
    try:
        made = import_models(
            provider=provider, names=request.POST.getlist("names"), by=person_of(request), at=timezone.now()
        )
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        text = ngettext(
            "%(count)d model added. Check its prices and its context window.",
            "%(count)d models added. Check their prices and context windows.",
            len(made),
        )
        messages.success(request, text % {"count": len(made)})
    return redirect(owner.url("provider-change", provider.pk))


@require_http_methods(GET_POST)
def _model_new(request: HttpRequest, owner: CatalogueOwner, provider_id: int) -> HttpResponse:
    provider = get_provider(owner.workspace, provider_id)
    form = ModelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            add_model(provider=provider, values=form.get_values(), by=person_of(request), at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Added"))
            return redirect(owner.url("provider-change", provider.pk))
    url = owner.url("provider-change", provider.pk)
    return _page(request, owner, "model_new", form, provider=provider, provider_url=url)


@require_http_methods(GET_POST)
def _model_change(request: HttpRequest, owner: CatalogueOwner, model_id: int) -> HttpResponse:
    model = get_model(owner.workspace, model_id)
    form = ModelForm(request.POST or None, model=model)
    if request.method == "POST" and form.is_valid():
        try:
            change_model(model=model, values=form.get_values(), by=person_of(request), at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect(owner.url("model-change", model.pk))
    return _model_page(request, owner, model, form, None)


@require_POST
def _model_retire(request: HttpRequest, owner: CatalogueOwner, model_id: int) -> HttpResponse:
    model = get_model(owner.workspace, model_id)
    choices = list_replacements(model, owner.workspace)
    form = RetirementForm(request.POST, model=model, choices=choices)
    if form.is_valid():
        chosen = form.cleaned_data["replacement"]
        try:
            set_retirement(
                model=model,
                retired_at=form.get_retirement_time(),
                replacement=next((other for other in choices if other.pk == chosen), None),
                by=person_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect(owner.url("model-change", model.pk))
    return _model_page(request, owner, model, ModelForm(model=model), form)


@require_POST
def _model_replace(request: HttpRequest, owner: CatalogueOwner, model_id: int) -> HttpResponse:
    """Put the replacement into the selected drafts; only for admins of the workspace."""
    model = _get_visible_model(owner, model_id)
    if model.replacement is None or owner.workspace is None:
        messages.error(request, _("Choose a replacement first."))
        return redirect(owner.url("model-list"))
    chosen = set(request.POST.getlist("gpts"))
    picked = [
        entry.gpt
        for entry in list_affected_gpts(model, owner.workspace)
        if entry.in_draft and entry.gpt.slug in chosen
    ]
    try:
        count = replace_in_drafts(
            model=model, replacement=model.replacement, gpts=picked, by=person_of(request), at=timezone.now()
        )
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        text = ngettext(
            "%(model)s replaces it in %(count)d draft.", "%(model)s replaces it in %(count)d drafts.", count
        )
        messages.success(request, text % {"model": model.replacement.shown_label, "count": count})
    return redirect(owner.url("model-list"))


def _get_visible_model(owner: CatalogueOwner, model_id: int) -> Any:
    """Return a model of the owner, or a retiring one of the instance that the workspace's GPTs use."""
    for entry in list_retirements(owner.workspace) if owner.workspace is not None else ():
        if entry.model.pk == model_id:
            return entry.model
    return get_model(owner.workspace, model_id)


def _model_page(
    request: HttpRequest, owner: CatalogueOwner, model: Any, form: ModelForm, retire: RetirementForm | None
) -> HttpResponse:
    retire = retire or RetirementForm(model=model, choices=list_replacements(model, owner.workspace))
    affected = list_affected_gpts(model, owner.workspace)
    answer = _page(
        request,
        owner,
        "model",
        form,
        model=model,
        retire=retire,
        **_get_learned_context(owner, model),
        # Operators see only how many: which GPTs use a model is private to their workspaces.
        affected=affected if owner.workspace is not None else [],
        affected_count=len(affected),
        change_url=owner.url("model-change", model.pk),
        retire_url=owner.url("model-retire", model.pk),
        replace_url=owner.url("model-replace", model.pk) if owner.workspace is not None else "",
        provider_url=owner.url("provider-change", model.provider_id),
    )
    if retire.errors:
        answer.status_code = 400
    return answer


def _get_learned_context(owner: CatalogueOwner, model: Any) -> dict[str, Any]:
    """Return what answers have shown about a model: limits, refused options, a cut prompt, failures."""
    kind = model.provider.kind
    return {
        "learned": model.learned,
        "refused": describe_refused_options(model),
        "failures": [
            {
                "call": call,
                "label": get_failure_label(call.code),
                "advice": describe_failure(call.code, kind),
            }
            for call in list_failed_calls(model)
        ],
        "forget_url": owner.url("model-forget", model.pk),
    }


@require_POST
def _model_forget(request: HttpRequest, owner: CatalogueOwner, model_id: int) -> HttpResponse:
    """Forget what answers have shown about the model."""
    model = get_model(owner.workspace, model_id)
    forget_what_was_learned(model=model, by=person_of(request), at=timezone.now())
    messages.success(request, _("Forgotten. Everything is sent again until the server refuses it."))
    return redirect(owner.url("model-change", model.pk))


model_list, operator_model_list = for_admins_and_operators(_model_list)
provider_new, operator_provider_new = for_admins_and_operators(_provider_new)
provider_change, operator_provider_change = for_admins_and_operators(_provider_change)
provider_test, operator_provider_test = for_admins_and_operators(_provider_test)
provider_import, operator_provider_import = for_admins_and_operators(_provider_import)
model_new, operator_model_new = for_admins_and_operators(_model_new)
model_change, operator_model_change = for_admins_and_operators(_model_change)
model_forget, operator_model_forget = for_admins_and_operators(_model_forget)
model_retire, operator_model_retire = for_admins_and_operators(_model_retire)
model_replace, _not_for_operators = for_admins_and_operators(_model_replace)

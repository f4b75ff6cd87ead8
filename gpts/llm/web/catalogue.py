"""/w/<workspace>/admin/models and /operator/models: providers, their models, and models that end.

The same views serve both places; they differ in who may enter and whose rows are touched.
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
from gpts.assistants.queries.model_retirement import list_affected_gpts, list_retirements
from gpts.assistants.services.model_retirement import replace_in_drafts, set_retirement
from gpts.llm.catalogue import is_retired, last_day
from gpts.llm.queries import get_model, get_provider, providers_of, replacements_for
from gpts.llm.services.catalogue import (
    add_model,
    change_model,
    change_provider,
    create_provider,
    import_models,
)
from gpts.llm.services.probe import probe_provider
from gpts.llm.states import Capability, ProviderKind
from gpts.llm.web.forms import ModelForm, ProviderForm, RetirementForm
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.models import Workspace
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required

GET_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Place:
    """Where the catalogue is tended: a workspace, or the instance without one."""

    workspace: Workspace | None

    def url(self, name: str, *args: Any) -> str:
        if self.workspace is None:
            return reverse(f"gpts:operator-{name}", args=args)
        return reverse(f"gpts:workspace-{name}", args=[self.workspace.slug, *args])


View = Callable[..., HttpResponse]


def in_place(view: View) -> tuple[View, View]:
    """The view for a workspace's admins, and for operators."""

    @login_required
    @wraps(view)
    def of_workspace(request: HttpRequest, workspace: str, **kwargs: Any) -> HttpResponse:
        found = access_workspace(person_of(request), workspace, to=WorkspaceAct.ADMINISTER)
        return view(request, Place(found), **kwargs)

    @staff_required("operator")
    @wraps(view)
    def of_instance(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return view(request, Place(None), **kwargs)

    return of_workspace, of_instance


def _page(
    request: HttpRequest, place: Place, template: str, form: Any = None, **context: Any
) -> HttpResponse:
    workspace = place.workspace
    context |= {
        "place_of": place,
        "workspace": workspace,
        "accent": "" if workspace is None else workspace.accent,
        "currency": settings.PAYOUT_CURRENCY,
        "form": form,
        "list_url": place.url("model-list"),
    }
    return render(request, f"gpts/llm/{template}.html", context, status=400 if form and form.errors else 200)


@require_safe
def _model_list(request: HttpRequest, place: Place) -> HttpResponse:
    own = [_provider_row(place, provider) for provider in providers_of(place.workspace)]
    shared = []
    if place.workspace is not None:
        shared = [_provider_row(None, row) for row in providers_of(None) if row.is_enabled]
    endings = list_retirements(place.workspace) if place.workspace is not None else []
    return _page(
        request, place, "list", own=own, shared=shared, endings=endings, new_url=place.url("provider-new")
    )


def _provider_row(place: Place | None, provider: Any) -> dict[str, Any]:
    is_ours = place is not None and provider.kind != ProviderKind.OFFLINE
    models = [
        {
            "model": model,
            "is_over": is_retired(model),
            "last_day": None if model.retired_at is None else last_day(model.retired_at),
            "abilities": ", ".join(str(Capability(name).label) for name in model.capabilities),
            "url": place.url("model-change", model.pk) if place is not None and is_ours else "",
        }
        for model in provider.models.all()
    ]
    url = place.url("provider-change", provider.pk) if place is not None and is_ours else ""
    return {"provider": provider, "models": models, "url": url, "is_ours": is_ours}


@require_http_methods(GET_POST)
def _provider_new(request: HttpRequest, place: Place) -> HttpResponse:
    form = ProviderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            provider = create_provider(
                workspace=place.workspace, change=form.change(), by=request.user, at=timezone.now()
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Added. Test the connection, then choose its models."))
            return redirect(place.url("provider-change", provider.pk))
    return _page(request, place, "provider_new", form)


@require_http_methods(GET_POST)
def _provider_change(request: HttpRequest, place: Place, provider_id: int) -> HttpResponse:
    provider = get_provider(place.workspace, provider_id)
    form = ProviderForm(request.POST or None, provider=provider)
    if request.method == "POST" and form.is_valid():
        try:
            change_provider(provider=provider, change=form.change(), by=request.user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect(place.url("provider-change", provider.pk))
    return _provider_page(request, place, provider, form)


def _provider_page(
    request: HttpRequest, place: Place, provider: Any, form: ProviderForm, **context: Any
) -> HttpResponse:
    return _page(
        request,
        place,
        "provider",
        form,
        provider=provider,
        row=_provider_row(place, provider),
        test_url=place.url("provider-test", provider.pk),
        import_url=place.url("provider-import", provider.pk),
        add_url=place.url("model-new", provider.pk),
        **context,
    )


@require_POST
def _provider_test(request: HttpRequest, place: Place, provider_id: int) -> HttpResponse:
    """Ask the provider what it offers and show the outcome on its page, with the names to pick from."""
    provider = get_provider(place.workspace, provider_id)
    probe = probe_provider(provider)
    known = {model.name for model in provider.models.all()}
    offered = [{"name": name, "is_known": name in known} for name in probe.names]
    return _provider_page(
        request, place, provider, ProviderForm(provider=provider), probe=probe, offered=offered
    )


@require_POST
def _provider_import(request: HttpRequest, place: Place, provider_id: int) -> HttpResponse:
    provider = get_provider(place.workspace, provider_id)
    try:
        made = import_models(
            provider=provider, names=request.POST.getlist("names"), by=request.user, at=timezone.now()
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
    return redirect(place.url("provider-change", provider.pk))


@require_http_methods(GET_POST)
def _model_new(request: HttpRequest, place: Place, provider_id: int) -> HttpResponse:
    provider = get_provider(place.workspace, provider_id)
    form = ModelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            add_model(provider=provider, values=form.values(), by=request.user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Added"))
            return redirect(place.url("provider-change", provider.pk))
    url = place.url("provider-change", provider.pk)
    return _page(request, place, "model_new", form, provider=provider, provider_url=url)


@require_http_methods(GET_POST)
def _model_change(request: HttpRequest, place: Place, model_id: int) -> HttpResponse:
    model = get_model(place.workspace, model_id)
    form = ModelForm(request.POST or None, model=model)
    if request.method == "POST" and form.is_valid():
        try:
            change_model(model=model, values=form.values(), by=request.user, at=timezone.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect(place.url("model-change", model.pk))
    return _model_page(request, place, model, form, None)


@require_POST
def _model_retire(request: HttpRequest, place: Place, model_id: int) -> HttpResponse:
    model = get_model(place.workspace, model_id)
    choices = replacements_for(model, place.workspace)
    form = RetirementForm(request.POST, model=model, choices=choices)
    if form.is_valid():
        chosen = form.cleaned_data["replacement"]
        try:
            set_retirement(
                model=model,
                retired_at=form.moment(),
                replacement=next((other for other in choices if other.pk == chosen), None),
                by=request.user,
                at=timezone.now(),
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect(place.url("model-change", model.pk))
    return _model_page(request, place, model, ModelForm(model=model), form)


@require_POST
def _model_replace(request: HttpRequest, place: Place, model_id: int) -> HttpResponse:
    """Put the replacement into the drafts that were ticked; a workspace's admins only, in their GPTs."""
    model = get_model_seen(place, model_id)
    if model.replacement is None or place.workspace is None:
        messages.error(request, _("Choose a replacement first."))
        return redirect(place.url("model-list"))
    chosen = set(request.POST.getlist("gpts"))
    picked = [
        entry.gpt
        for entry in list_affected_gpts(model, place.workspace)
        if entry.in_draft and entry.gpt.slug in chosen
    ]
    try:
        count = replace_in_drafts(
            model=model, replacement=model.replacement, gpts=picked, by=request.user, at=timezone.now()
        )
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        text = ngettext(
            "%(model)s replaces it in %(count)d draft.", "%(model)s replaces it in %(count)d drafts.", count
        )
        messages.success(request, text % {"model": model.replacement.label, "count": count})
    return redirect(place.url("model-list"))


def get_model_seen(place: Place, model_id: int) -> Any:
    """A model of the place, or one of the instance: a workspace replaces those in its own GPTs too."""
    for entry in list_retirements(place.workspace) if place.workspace is not None else ():
        if entry.model.pk == model_id:
            return entry.model
    return get_model(place.workspace, model_id)


def _model_page(
    request: HttpRequest, place: Place, model: Any, form: ModelForm, retire: RetirementForm | None
) -> HttpResponse:
    retire = retire or RetirementForm(model=model, choices=replacements_for(model, place.workspace))
    affected = list_affected_gpts(model, place.workspace)
    answer = _page(
        request,
        place,
        "model",
        form,
        model=model,
        retire=retire,
        # Whose GPTs they are is their workspaces' business: the operator sees how many.
        affected=affected if place.workspace is not None else [],
        affected_count=len(affected),
        change_url=place.url("model-change", model.pk),
        retire_url=place.url("model-retire", model.pk),
        replace_url=place.url("model-replace", model.pk) if place.workspace is not None else "",
        provider_url=place.url("provider-change", model.provider_id),
    )
    if retire.errors:
        answer.status_code = 400
    return answer


model_list, operator_model_list = in_place(_model_list)
provider_new, operator_provider_new = in_place(_provider_new)
provider_change, operator_provider_change = in_place(_provider_change)
provider_test, operator_provider_test = in_place(_provider_test)
provider_import, operator_provider_import = in_place(_provider_import)
model_new, operator_model_new = in_place(_model_new)
model_change, operator_model_change = in_place(_model_change)
model_retire, operator_model_retire = in_place(_model_retire)
model_replace, _operator_has_none = in_place(_model_replace)

"""GPTs from outside: /w/<workspace>/admin/external, and a member's request on the About page."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError, InvalidInput, NotFound
from core.pagination import paginate
from gpts.assistants.models.adoptions import REASON_LENGTH
from gpts.assistants.queries.adoptions import (
    find_adoption,
    find_group_names,
    find_last_request,
    find_public_version,
    has_newer_version,
    list_adoptions,
    list_open_requests,
)
from gpts.assistants.services.adoptions import (
    approve_adoption,
    block_gpt,
    refuse_request,
    request_adoption,
    withdraw_adoption,
    withdraw_request,
)
from gpts.assistants.states import AdoptionState
from gpts.chat.version_changes import list_versions_between
from marketplace.access import access_external_gpt, access_listing, access_request, find_listing
from marketplace.outside_changes import list_outside_changes
from marketplace.queries.security_pack import access_pack_version
from marketplace.web.security_pack import CSV, PDF, build_pack_file, show_security_pack
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.models import Group, User, Workspace
from workspaces.queries import list_groups, read_policy, summarise_external
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of

ROWS = 50
OPEN_REQUESTS = 200
GROUPS = 500
# What the form of an approval suggests.
ENDS_AFTER, LOOK_AFTER = timedelta(days=365), timedelta(days=180)


class ApprovalForm(forms.Form):
    """Which version, for whom, until when."""

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)
    audience = forms.ChoiceField(
        label=gettext_lazy("For whom?"),
        choices=[
            ("everyone", gettext_lazy("All members")),
            ("groups", gettext_lazy("Members of these groups")),
        ],
        widget=forms.RadioSelect,
    )
    groups = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Groups"),
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    expires = forms.DateField(
        label=gettext_lazy("Ends after"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    recertify = forms.DateField(
        label=gettext_lazy("Look at it again by"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: Any = self.fields["groups"]
        groups.queryset = list_groups(workspace).order_by("name")[:GROUPS]
        if self.is_bound:
            # A slice cannot be filtered by what was chosen.
            groups.queryset = list_groups(workspace).order_by("name")


@login_required
@require_http_methods(["GET", "HEAD"])
def external_list(request: HttpRequest, workspace: str) -> HttpResponse:
    """Open requests, and what was decided; ``gpt`` opens the page of a GPT by its address."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_EXTERNAL)
    address = request.GET.get("gpt", "").strip().rstrip("/").rsplit("/", 1)[-1].lower()
    refusal: DomainError | None = None
    if address:
        try:
            access_external_gpt(tenant, address)
        except DomainError as error:
            refusal = error
        else:
            return redirect("marketplace:external-show", tenant.slug, address)
    page = paginate(
        list_adoptions(tenant), order=("-decided_at", "-id"), cursor=request.GET.get("cursor", ""), size=ROWS
    )
    names = find_group_names(tenant, page.items)
    now = timezone.now()
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "requests": list(list_open_requests(tenant)[:OPEN_REQUESTS]),
        "person": user,
        "page": page,
        "rows": [
            {
                "adoption": one,
                "groups": _(", ").join(names[pk] for pk in one.group_ids if pk in names),
                "has_newer": has_newer_version(one),
                "is_due": _is_due(one, at=now),
            }
            for one in page.items
        ],
        "rule": summarise_external(read_policy(tenant.pk).policy),
        "may_change_policy": user.has_perm(WorkspaceAct.MANAGE_POLICY, tenant),
        "refusal": refusal,
        "address": request.GET.get("gpt", ""),
        "longest_reason": REASON_LENGTH,
    }
    return render(request, "marketplace/external_list.html", context, status=404 if refusal else 200)


def _is_due(adoption: Any, *, at: datetime) -> bool:
    is_approved = adoption.state == AdoptionState.APPROVED
    return is_approved and adoption.recertify_at is not None and adoption.recertify_at <= at


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def external_show(request: HttpRequest, workspace: str, slug: str) -> HttpResponse:
    """What is known of one GPT, what changed since the approved version, and the decisions about it."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_EXTERNAL)
    gpt = access_external_gpt(tenant, slug)
    adoption, public = find_adoption(tenant.pk, gpt), find_public_version(gpt)
    form = ApprovalForm(workspace=tenant, initial=_suggest(adoption, public))
    refusal: DomainError | None = None
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act == "approve":
            form = ApprovalForm(request.POST, workspace=tenant)
        try:
            if _decide(act, request, form, tenant, gpt, adoption, user):
                return redirect("marketplace:external-show", tenant.slug, gpt.slug)
        except DomainError as error:
            if act == "approve":
                add_refusal(form, error)
            else:
                refusal = error
    is_approved = adoption is not None and adoption.state == AdoptionState.APPROVED
    pinned = adoption.version if adoption is not None and is_approved else None
    shown = public or pinned
    listing = find_listing(gpt)
    context: dict[str, Any] = {
        "workspace": tenant,
        "accent": tenant.accent,
        "gpt": gpt,
        "listing": listing,
        "public": public,
        "pinned": pinned,
        "name": shown.name if shown is not None else gpt.slug,
        "adoption": adoption,
        "state": adoption.state if adoption is not None else "",
        "groups": _(", ").join(find_group_names(tenant, [adoption] if adoption else []).values()),
        "form": form,
        "refusal": refusal,
        "changes": [],
        "releases": [],
        "is_due": adoption is not None and _is_due(adoption, at=timezone.now()),
        "has_newer": pinned is not None and public is not None and pinned.pk != public.pk,
        "longest_reason": REASON_LENGTH,
        "requests": list(list_open_requests(tenant).filter(gpt=gpt)[:OPEN_REQUESTS]),
        "person": user,
        "shown": shown,
        "sections": () if shown is None else show_security_pack(gpt, shown).sections,
    }
    if context["has_newer"]:
        assert pinned is not None
        assert public is not None
        context["changes"] = list_outside_changes(pinned, public)
        context["releases"] = [public, *list_versions_between(pinned, public)]
    status = 400 if form.errors or refusal else 200
    return render(request, "marketplace/external_show.html", context, status=status)


@login_required
@require_GET
def pack_download(request: HttpRequest, workspace: str, slug: str, kind: str) -> HttpResponse:
    """The security pack of the version with ``?version=``, as CSV or PDF."""
    tenant = access_workspace(person_of(request), workspace, to=WorkspaceAct.MANAGE_EXTERNAL)
    gpt = access_external_gpt(tenant, slug)
    if kind not in (CSV, PDF):
        raise NotFound(_("There is no such page."), code="not_found")
    version = access_pack_version(tenant, gpt, read_number(request.GET.get("version", "")))
    return build_pack_file(tenant, gpt, version, kind, at=timezone.now())


def read_number(text: str) -> int | None:
    """Return the number of a version that an address names; None without one, 0 for what is no number."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _suggest(adoption: Any, public: Any) -> dict[str, Any]:
    today = timezone.localdate()
    is_kept = adoption is not None and adoption.state == AdoptionState.APPROVED
    return {
        "version": public.number if public is not None else None,
        "audience": "everyone" if adoption is None or adoption.is_for_everyone else "groups",
        "groups": adoption.group_ids if is_kept else [],
        "expires": today + ENDS_AFTER,
        "recertify": today + LOOK_AFTER,
    }


def _decide(
    act: str,
    request: HttpRequest,
    form: ApprovalForm,
    tenant: Workspace,
    gpt: Any,
    adoption: Any,
    user: User,
) -> bool:
    """Carry out one decision; False where the form has errors. Raises as the services do."""
    now = timezone.now()
    if act == "approve":
        if not form.is_valid():
            return False
        values = form.cleaned_data
        approve_adoption(
            workspace=tenant,
            gpt=gpt,
            number=values["version"],
            groups=None if values["audience"] == "everyone" else list(values["groups"]),
            expires_at=end_of_day(values["expires"]),
            recertify_at=end_of_day(values["recertify"]),
            by=user,
            at=now,
        )
        messages.success(request, _("Approved. It holds from now on."))
    elif act == "block":
        block_gpt(workspace=tenant, gpt=gpt, note=request.POST.get("note", ""), by=user, at=now)
        messages.success(request, _("Blocked. Answers that run stop within seconds."))
    elif act == "withdraw" and adoption is not None:
        withdraw_adoption(adoption=adoption, by=user, at=now)
        messages.success(request, _("Withdrawn. The sharing policy alone decides now."))
    else:
        raise InvalidInput(_("Choose what to do."), code="unknown_choice", field="act")
    return True


def end_of_day(day: date) -> datetime:
    """Return the last moment of a day in the reader's time zone."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


@login_required
@require_POST
def request_refuse(request: HttpRequest, workspace: str, request_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_EXTERNAL)
    asked = access_request(tenant, request_id)
    try:
        refuse_request(request=asked, answer=request.POST.get("answer", ""), by=user, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Refused. The person was told."))
    return redirect("marketplace:external-list", tenant.slug)


@login_required
@require_POST
def adoption_ask(request: HttpRequest, workspace: str, slug: str) -> HttpResponse:
    """Ask that a company approves a GPT, or take that back; then the About page again."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.ENTER)
    listing = access_listing(slug)
    now = timezone.now()
    try:
        if request.POST.get("act") == "withdraw":
            own = find_last_request(tenant.pk, listing.gpt, user)
            if own is not None:
                withdraw_request(request=own, by=user, at=now)
            messages.success(request, _("Taken back."))
        else:
            request_adoption(
                workspace=tenant, gpt=listing.gpt, reason=request.POST.get("reason", ""), by=user, at=now
            )
            messages.success(request, _("Asked. You are told the answer."))
    except DomainError as error:
        messages.error(request, str(error.message))
    return redirect("marketplace:about-show", slug)

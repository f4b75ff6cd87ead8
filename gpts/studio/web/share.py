"""The Share tab: which version is live for whom, inside the company and outside; submitting to the store."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Conflict, DomainError, Forbidden, InvalidInput
from core.links import absolute_url
from gpts.assistants.access import access_gpt
from gpts.assistants.audiences import COMPANY_AUDIENCES, check_direct_audience, list_direct_audiences
from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.addresses import suggest_address
from gpts.assistants.services.versions import ACT_BY_AUDIENCE, check_ready, clear_live_version
from gpts.assistants.states import Audience
from gpts.assistants.web.builder_frame import build_page_context, get_tab_url
from gpts.evals.services.gate import find_gate_problem
from gpts.knowledge.reading_gaps import list_reading_gaps
from gpts.studio.access import access_gpt_to_update
from gpts.studio.services.sharing import share_draft
from gpts.studio.web.forms import SubmitForm, show_refusal
from gpts.studio.web.share_approval import build_approval_context, build_approvals
from gpts.studio.web.share_people import build_people_context
from reviews.queries import submission_status
from reviews.services.submissions import submit_version, withdraw_submission
from workspaces.acts import check_act
from workspaces.models import User
from workspaces.policy import gpt_targets
from workspaces.web.people import person_of
from workspaces.web.picks import PickForm


@login_required
@require_GET
def share(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(person_of(request), slug, to=GPTAct.VIEW_SETTINGS)
    return render_share_page(request, gpt)


def render_share_page(
    request: HttpRequest,
    gpt: GPT,
    form: SubmitForm | None = None,
    *,
    refusal: DomainError | None = None,
    heir: PickForm | None = None,
    extra: dict[str, Any] | None = None,
) -> HttpResponse:
    """Render the page, after a refusal with what was typed; one about the address stands beside its field."""
    context = build_page_context(request, gpt, "share", form=form or SubmitForm())
    if gpt.address_settled_at is None and context["frame"].may_manage:
        context |= {
            "address": request.POST.get("address") or suggest_address(gpt),
            "address_error": refusal.message if refusal is not None and _is_about_address(refusal) else "",
            "address_site": absolute_url("/g/"),
        }
    live, draft_hash = context["frame"].live, context["frame"].draft_hash
    person, may_manage = person_of(request), context["frame"].may_manage
    approvals = build_approvals(gpt, draft_hash)
    rows = [
        _build_audience_row(gpt, audience, live.get(audience), draft_hash, person if may_manage else None)
        | {"approval": approvals.get(audience)}
        for audience in list_direct_audiences(gpt)
    ]
    public_refusal = find_refusal(person, gpt, Audience.PUBLIC) if may_manage else ""
    context |= {
        "missing": _list_missing(gpt),
        "gate": find_gate_problem(gpt, None, timezone.now(), audience=Audience.PUBLIC),
        "gaps": list_reading_gaps(gpt),
        "tests_url": get_tab_url("tests", gpt.slug),
        "audiences": rows,
        "public": live.get(Audience.PUBLIC),
        "public_refusal": public_refusal,
        "public_approval": approvals.get(Audience.PUBLIC),
        "is_public_current": Audience.PUBLIC in live
        and live[Audience.PUBLIC].version.content_hash == draft_hash,
        "chat_url": absolute_url(f"/g/{gpt.slug}/chat"),
        "person": person,
        **build_people_context(request, gpt, may_manage=may_manage),
        **build_approval_context(
            gpt,
            approvals,
            live,
            public_refusal=public_refusal,
            is_in_review=context["frame"].status.is_open,
            person_id=person.pk,
        ),
        **({} if heir is None else {"heir": heir}),
        **(extra or {}),
    }
    status = refusal.status if refusal is not None else 400 if heir is not None and heir.errors else 200
    return render(request, "gpts/studio/share.html", context, status=status)


def _is_about_address(refusal: DomainError) -> bool:
    return refusal.field == "address"


def _build_audience_row(
    gpt: GPT, audience: Audience, live: LiveVersion | None, draft_hash: str, manager: User | None
) -> dict[str, Any]:
    """Return a card; for a ``manager`` also why the rules of the workspace refuse it, if they do."""
    texts = {
        Audience.SHARED: _("Only the people and groups that you name; it is listed for them alone."),
        Audience.UNLISTED: _("Every member of %(workspace)s who has the link. It is listed nowhere."),
        Audience.WORKSPACE: _("Every member of %(workspace)s finds it in the company's store."),
        Audience.LINK: _("Whoever is signed in and has the link may chat. It is listed nowhere."),
    }
    return {
        "value": audience.value,
        "label": audience.label,
        "text": texts[audience] % {"workspace": gpt.workspace.name},
        "live": live,
        "is_current": live is not None and live.version.content_hash == draft_hash,
        "is_inside": audience in COMPANY_AUDIENCES,
        "refusal": "" if manager is None else find_refusal(manager, gpt, audience),
    }


def find_refusal(person: User, gpt: GPT, audience: Audience) -> str:
    """Return the sentence with which the rules refuse this audience to the person, empty if they do not."""
    try:
        check_act(
            person,
            ACT_BY_AUDIENCE[audience],
            workspace_id=gpt.workspace_id,
            targets=gpt_targets(gpt.pk),
        )
    except Forbidden as refusal:
        return str(refusal.message)
    return ""


def _list_missing(gpt: GPT) -> list[str]:
    try:
        check_ready(gpt)
    except InvalidInput as refusal:
        return list(refusal.data["errors"].values())
    return []


@login_required
@require_POST
def submit(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(person_of(request), slug, to=GPTAct.MANAGE)
    form = SubmitForm(request.POST)
    try:
        submit_version(
            gpt=gpt,
            note=request.POST.get("note", ""),
            release_notes=request.POST.get("release_notes", ""),
            attested=bool(request.POST.get("attested")),
            address=request.POST.get("address", ""),
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as refusal:
        if not _is_about_address(refusal):
            show_refusal(form, refusal)
        return render_share_page(request, gpt, form, refusal=refusal)
    messages.success(request, _("Submitted. You will be told when a moderator has decided."))
    return redirect("gpts:build-share", slug)


@login_required
@require_POST
def withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(person_of(request), slug, to=GPTAct.MANAGE)
    submission = submission_status(gpt).submission
    if submission is None:
        raise Conflict(_("There is no submission to withdraw."), code="no_submission")
    try:
        withdraw_submission(submission=submission, by=person_of(request), at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The submission was withdrawn."))
    return redirect("gpts:build-share", slug)


@login_required
@require_POST
def set_audience(request: HttpRequest, slug: str) -> HttpResponse:
    """Make the draft live for an audience, or stop serving it; editors update what is live inside."""
    audience = request.POST.get("audience", "")
    if request.POST.get("stop"):
        gpt, only_update = access_gpt(person_of(request), slug, to=GPTAct.MANAGE), False
    else:
        gpt, only_update = access_gpt_to_update(person_of(request), slug, audience)
    check_direct_audience(gpt, audience)
    now = timezone.now()
    try:
        if request.POST.get("stop"):
            clear_live_version(gpt=gpt, audience=audience, by=person_of(request), at=now)
            messages.success(request, _("It is no longer shared there."))
        else:
            version = share_draft(
                gpt=gpt,
                audiences=[audience],
                release_notes="",
                address=request.POST.get("address", ""),
                only_update=only_update,
                by=person_of(request),
                at=now,
            )
            gpt = version.gpt
            messages.success(request, _("Version %(number)s is live.") % {"number": version.number})
    except DomainError as refusal:
        if _is_about_address(refusal):
            return render_share_page(request, gpt, refusal=refusal)
        messages.error(request, str(refusal.message))
    return redirect("gpts:build-share", gpt.slug)

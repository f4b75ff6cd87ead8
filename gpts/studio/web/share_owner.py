"""The Share tab's new owner: suggestions, and giving the GPT away."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.transfers import transfer_gpt
from gpts.studio.web.new_owner import build_owner_form, pick_owners
from gpts.studio.web.share import render_share_page
from workspaces.access import not_found
from workspaces.web.forms import add_refusal
from workspaces.web.people import person_of
from workspaces.web.picks import show_picks


@login_required
@require_safe
def heirs(request: HttpRequest, slug: str) -> HttpResponse:
    """Show people who may own the GPT and match ``q``, for the field of its new owner."""
    return show_picks(request, pick_owners(_access(request, slug)))


@login_required
@require_POST
def transfer(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the GPT to another owner."""
    gpt = _access(request, slug)
    form = build_owner_form(gpt, request.POST)
    successor = form.chosen
    if successor is None:
        return render_share_page(request, gpt, heir=form)
    try:
        transfer_gpt(gpt=gpt, to_user=successor, by=person_of(request), at=timezone.now())
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_share_page(request, gpt, heir=form, refusal=refusal)
    messages.success(
        request, _("“%(name)s” belongs to %(person)s now.") % {"name": gpt.name, "person": successor}
    )
    return redirect("gpts:build-share", slug)


def _access(request: HttpRequest, slug: str) -> GPT:
    """Return a company's GPT that the person may give away."""
    gpt = access_gpt(person_of(request), slug, to=GPTAct.MANAGE)
    if gpt.workspace.person_id is not None:
        raise not_found()
    return gpt

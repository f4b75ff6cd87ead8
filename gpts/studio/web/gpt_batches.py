"""Acts on several GPTs of a workspace, one after the other: what became of each, in words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from core.errors import Conflict, DomainError, InvalidInput
from gpts.assistants.access import access_gpt
from gpts.assistants.audiences import DIRECT_AUDIENCES, check_direct_audience
from gpts.assistants.models import GPT, LiveVersion, PublishRequest
from gpts.assistants.queries.orphans import list_successors
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.gpts import check_not_quarantined, delete_gpt
from gpts.assistants.services.transfers import request_transfer
from gpts.assistants.services.versions import ACT_BY_AUDIENCE, clear_live_version, set_live_version
from gpts.assistants.states import Audience, PublishState
from gpts.evals.services.gate import check_gate
from gpts.studio.services.publishing import check_approval, withdraw_publish_request
from marketplace.services.listings import delist_listing
from marketplace.states import ListingState
from reviews.queries import submission_status
from reviews.services.submissions import withdraw_submission
from workspaces.acts import check_act
from workspaces.models import User, Workspace
from workspaces.policy import gpt_targets

AT_ONCE = 100


class BatchAct(TextChoices):
    AUDIENCE = "audience", gettext_lazy("Change who has access")
    TRANSFER = "transfer", gettext_lazy("Give to another owner")
    UNPUBLISH = "unpublish", gettext_lazy("Stop sharing")
    DELETE = "delete", gettext_lazy("Delete")


@dataclass(frozen=True)
class BatchResult:
    """What became of one GPT; ``text`` is a sentence in the active language."""

    slug: str
    name: str
    is_done: bool
    text: str


def read_chosen(workspace: Workspace, slugs: Collection[str]) -> list[GPT]:
    """Return the chosen GPTs of the workspace by name; addresses of others are left out.

    Raises InvalidInput for none and for more than 100.
    """
    wanted = {slug for slug in slugs if "\x00" not in slug}
    if len(wanted) > AT_ONCE:
        raise InvalidInput(
            ngettext_lazy(
                "Choose at most %(count)d GPT at once.", "Choose at most %(count)d GPTs at once.", AT_ONCE
            )
            % {"count": AT_ONCE},
            code="too_many_at_once",
            field="gpts",
        )
    rows = GPT.objects.filter(workspace=workspace, slug__in=wanted, deleted_at__isnull=True)
    found = list(rows.select_related("workspace").order_by("name", "pk"))
    if not found:
        raise InvalidInput(_("Choose at least one GPT."), code="nothing_chosen", field="gpts")
    return found


def apply_batch(
    *,
    workspace: Workspace,
    gpts: list[GPT],
    act: str,
    audience: str = "",
    to: User | None = None,
    typed_count: str = "",
    by: User,
    at: datetime,
) -> list[BatchResult]:
    """Do one act to each GPT in a transaction of its own, as its page would; return the results in order.

    A refusal of one changes nothing about it and does not stop the others. ``audience`` goes with AUDIENCE,
    ``to`` with TRANSFER, and DELETE needs the number of GPTs as ``typed_count``. Raises InvalidInput for
    these and for an unknown act, before anything is done.
    """
    if act not in BatchAct.values:
        raise InvalidInput(_("Choose from the list."), code="unknown_choice", field="act")
    if act == BatchAct.TRANSFER:
        return _transfer(workspace, gpts, to=to, by=by, at=at)
    if act == BatchAct.AUDIENCE:
        if audience not in [choice.value for choice in DIRECT_AUDIENCES]:
            raise InvalidInput(_("Choose who it is for."), code="unknown_choice", field="audience")
        step: Any = partial(_change_audience, audience=Audience(audience), by=by, at=at)
    elif act == BatchAct.UNPUBLISH:
        step = partial(_unpublish, by=by, at=at)
    else:
        if typed_count.strip() != str(len(gpts)):
            raise InvalidInput(
                _("Type the number of GPTs that are deleted: %(count)d") % {"count": len(gpts)},
                code="count_mismatch",
                field="typed_count",
            )
        step = partial(_delete, by=by, at=at)
    return [_run(gpt, step, by=by) for gpt in gpts]


def _run(gpt: GPT, step: Any, *, by: User) -> BatchResult:
    try:
        # Before the right is asked for: whoever lists a GPT in quarantine may not open it.
        check_not_quarantined(gpt)
        with transaction.atomic():
            text = step(access_gpt(by, gpt.slug, to=GPTAct.MANAGE))
    except DomainError as refusal:
        return BatchResult(gpt.slug, gpt.name, False, str(refusal.message))
    return BatchResult(gpt.slug, gpt.name, True, text)


def _change_audience(gpt: GPT, *, audience: Audience, by: User, at: datetime) -> str:
    """Make what is live now live for one audience alone; a place in the public store stays as it is."""
    check_direct_audience(gpt, audience)
    live = list(LiveVersion.objects.filter(gpt=gpt).select_related("version"))
    if not live:
        raise Conflict(_("Nothing of it is live: its owner shares the draft first."), code="nothing_live")
    others = [row.audience for row in live if row.audience not in (audience, Audience.PUBLIC)]
    version = max((row.version for row in live), key=lambda one: one.number)
    if audience in {row.audience for row in live}:
        if not others:
            return _("Was so already.")
    else:
        check_act(by, ACT_BY_AUDIENCE[audience], workspace_id=gpt.workspace_id, targets=gpt_targets(gpt.pk))
        check_gate(gpt, version, at, audience=audience)
        check_approval(gpt, version, audience=audience)
        set_live_version(gpt=gpt, version=version, audience=audience, by=by, at=at)
    for other in others:
        clear_live_version(gpt=gpt, audience=other, by=by, at=at)
    text = _("Live for: %(audience)s.") % {"audience": audience.label}
    if any(row.audience == Audience.PUBLIC for row in live):
        text = f"{text} {_('It stays in the public store.')}"
    return text


def _unpublish(gpt: GPT, *, by: User, at: datetime) -> str:
    # First what waits, which would bring it back; cases are locked before all else (reviews).
    status = submission_status(gpt)
    if status.is_open and status.submission is not None:
        withdraw_submission(submission=status.submission, by=by, at=at)
    for request in PublishRequest.objects.filter(gpt=gpt, state=PublishState.OPEN).order_by("pk"):
        withdraw_publish_request(request=request, by=by, at=at)
    left = [
        audience
        for audience in DIRECT_AUDIENCES
        if clear_live_version(gpt=gpt, audience=audience, by=by, at=at)
    ]
    if not _delist(gpt, by=by, at=at, reason="unpublished by an admin of its workspace") and not left:
        return _("Was live for nobody already.")
    return _("Live for nobody any more.")


def _delete(gpt: GPT, *, by: User, at: datetime) -> str:
    delete_gpt(gpt=gpt, typed_name=gpt.name, is_under_review=submission_status(gpt).is_open, by=by, at=at)
    _delist(gpt, by=by, at=at, reason="deleted by an admin of its workspace")
    return _("Deleted.")


def _delist(gpt: GPT, *, by: User, at: datetime, reason: str) -> bool:
    listing = getattr(gpt, "listing", None)
    if listing is None or listing.state != ListingState.LISTED:
        return False
    delist_listing(listing=listing, by=by, at=at, reason=reason)
    return True


def _transfer(
    workspace: Workspace, gpts: list[GPT], *, to: User | None, by: User, at: datetime
) -> list[BatchResult]:
    """Queue the transfer of those that can be given; the page of transfers shows its progress."""
    if to is None or not list_successors(workspace).filter(pk=to.pk).exists():
        raise InvalidInput(
            _("Choose somebody else who may build in this workspace."), code="unknown_successor", field="to"
        )
    refusals: dict[int, str] = {}
    for gpt in gpts:
        if gpt.quarantined_at is not None:
            refusals[gpt.pk] = _("It is in quarantine and keeps its owner until moderation is done.")
        elif gpt.owner_id == to.pk:
            refusals[gpt.pk] = _("%(person)s already owns it.") % {"person": to}
    given = [gpt.pk for gpt in gpts if gpt.pk not in refusals]
    if given:
        request_transfer(workspace=workspace, gpt_ids=given, to_user=to, by=by, at=at)
    text = _("On its way to %(person)s.") % {"person": to}
    return [
        BatchResult(gpt.slug, gpt.name, gpt.pk not in refusals, refusals.get(gpt.pk, text)) for gpt in gpts
    ]

"""Make the draft live for audiences, and restore an old version into it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict
from gpts.assistants.audiences import check_direct_audience
from gpts.assistants.content import compute_draft_hash
from gpts.assistants.models import GPT, LiveVersion, Version
from gpts.assistants.services.addresses import choose_address
from gpts.assistants.services.gpts import lock_gpt
from gpts.assistants.services.versions import (
    ACT_BY_AUDIENCE,
    check_ready,
    freeze_version,
    restore_version,
    set_live_version,
)
from gpts.assistants.states import Audience
from gpts.evals.services.gate import check_gate
from gpts.studio.services.publishing import check_approval
from workspaces.acts import check_act
from workspaces.models import User
from workspaces.policy import gpt_targets


@transaction.atomic
def share_draft(
    *,
    gpt: GPT,
    audiences: Sequence[str],
    release_notes: str,
    by: User,
    at: datetime,
    address: str = "",
    only_update: bool = False,
) -> Version:
    """Freeze the draft as a version and make it live for each of ``audiences``, which may be empty.

    ``address`` is the one that a GPT with a provisional address gets; without it the provisional one stays.
    ``only_update`` is for editors: it leaves the address as it is, and raises Conflict (``gpt_not_live``) for
    an audience that is served no more.

    Idempotent. Raises the errors of check_direct_audience, check_act, check_ready, check_gate,
    check_approval, freeze_version, set_live_version and choose_address; nothing is written then.
    """
    gpt = lock_gpt(gpt)  # what the checks look at is what is frozen
    if only_update:
        # Locked, so that its owner cannot end it before this is done.
        live = LiveVersion.objects.select_for_update(of=("self",)).filter(gpt=gpt, audience__in=audiences)
        if {row.audience for row in live.order_by("pk")} != set(audiences):
            raise Conflict(
                _("It is no longer shared there. Its owner decides who it is for."), code="gpt_not_live"
            )
        address = ""
    for audience in audiences:
        check_direct_audience(gpt, audience)
        check_act(
            by,
            ACT_BY_AUDIENCE[Audience(audience)],
            workspace_id=gpt.workspace_id,
            targets=gpt_targets(gpt.pk),
        )
        check_gate(gpt, None, at, audience=audience)
        check_approval(gpt, None, audience=audience)
    if audiences:
        check_ready(gpt)
    if address and gpt.address_settled_at is None:
        gpt = choose_address(gpt=gpt, address=address, by=by, at=at)
    version = freeze_version(gpt=gpt, release_notes=release_notes, by=by, at=at)
    for audience in audiences:
        set_live_version(gpt=gpt, version=version, audience=audience, by=by, at=at)
    return version


@transaction.atomic
def restore_with_backup(
    *, gpt: GPT, version: Version, revision: int, by: User, at: datetime
) -> tuple[GPT, Version | None]:
    """Restore ``version`` into the draft, after freezing the draft as a backup with which to undo it.

    Returns the GPT and the version with the old draft: an existing one if its content is the same, None if
    nothing changed. Raises as restore_version; nothing is written then.
    """
    gpt = lock_gpt(gpt)
    old_hash = compute_draft_hash(gpt)
    if old_hash == version.content_hash:
        return restore_version(gpt=gpt, version=version, revision=revision, by=by, at=at), None
    backup = Version.objects.filter(gpt=gpt, content_hash=old_hash).order_by("-number").first()
    if backup is None:
        notes = str(_("Kept before version %(number)s was restored.") % {"number": version.number})
        backup = freeze_version(gpt=gpt, release_notes=notes, by=by, at=at)
    return restore_version(gpt=gpt, version=version, revision=revision, by=by, at=at), backup

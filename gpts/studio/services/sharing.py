"""Making the draft live: checked, frozen, and then what an audience gets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from gpts.assistants.audiences import check_direct_audience
from gpts.assistants.models import GPT, Version
from gpts.assistants.services.gpts import lock_gpt
from gpts.assistants.services.versions import (
    check_ready,
    compute_draft_hash,
    freeze_version,
    restore_version,
    set_live_version,
)
from gpts.evals.services.gate import check_gate


@transaction.atomic
def share_draft(*, gpt: GPT, audiences: Sequence[str], release_notes: str, by: Any, at: datetime) -> Version:
    """Freeze the draft and make it live for each of ``audiences``; without any it is only frozen.

    Doing it again changes nothing. Raises what check_direct_audience, check_ready, check_gate, freeze_version
    and set_live_version raise; nothing is written then.
    """
    for audience in audiences:
        check_direct_audience(gpt, audience)
        check_gate(gpt, None, at, audience=audience)
    if audiences:
        check_ready(gpt)
    version = freeze_version(gpt=gpt, release_notes=release_notes, by=by, at=at)
    for audience in audiences:
        set_live_version(gpt=gpt, version=version, audience=audience, by=by, at=at)
    return version


@transaction.atomic
def restore_keeping(
    *, gpt: GPT, version: Version, revision: int, by: Any, at: datetime
) -> tuple[GPT, Version | None]:
    """Restore ``version`` into the draft; what stood there is frozen before, so that it can be undone.

    Returns the draft and the version that holds what it was, None when nothing changed. One that holds it
    already is enough. Raises as restore_version; nothing is written then.
    """
    gpt = lock_gpt(gpt)
    standing = compute_draft_hash(gpt)
    if standing == version.content_hash:
        return restore_version(gpt=gpt, version=version, revision=revision, by=by, at=at), None
    kept = Version.objects.filter(gpt=gpt, content_hash=standing).order_by("-number").first()
    if kept is None:
        notes = str(_("Kept before version %(number)s was restored.") % {"number": version.number})
        kept = freeze_version(gpt=gpt, release_notes=notes, by=by, at=at)
    return restore_version(gpt=gpt, version=version, revision=revision, by=by, at=at), kept

"""Share a GPT with people and groups so that they can use it at once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.errors import InvalidInput
from gpts.assistants.models import GPT, GPTShare, LiveVersion
from gpts.assistants.queries.shares import is_guest_of
from gpts.assistants.services.shares import set_share
from gpts.assistants.states import Audience, ShareRight
from gpts.studio.services.sharing import share_draft
from workspaces.models import Group, User


@transaction.atomic
def share_with(
    *, gpt: GPT, right: str, by: User, at: datetime, user: User | None = None, group: Group | None = None
) -> GPTShare:
    """Share with a person or group as set_share; the draft goes live for them when nothing is live yet.

    For a guest also while it is live for members alone.

    Somebody who may only chat needs a live version, so an unfinished draft is refused then (``not_ready``);
    people who see the settings can try the draft. Raises what set_share and share_draft raise.
    """
    share = set_share(gpt=gpt, right=right, user=user, group=group, by=by, at=at)
    live = set(LiveVersion.objects.filter(gpt=gpt).values_list("audience", flat=True))
    needs_own = user is not None and is_guest_of(user.pk, gpt.workspace_id)
    if Audience.SHARED in live or (live and not needs_own):
        return share
    try:
        with transaction.atomic():
            share_draft(gpt=gpt, audiences=[Audience.SHARED], release_notes="", by=by, at=at)
    except InvalidInput:
        if right == ShareRight.CHAT:
            raise
    return share

"""Whom a person may serve by themself; the public store goes through a review."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from gpts.assistants.models import GPT
from gpts.assistants.states import Audience

DIRECT_AUDIENCES = (Audience.WORKSPACE, Audience.LINK)


def list_direct_audiences(gpt: GPT) -> tuple[Audience, ...]:
    """A personal workspace has no company's store."""
    return DIRECT_AUDIENCES if gpt.workspace.person_id is None else (Audience.LINK,)


def check_direct_audience(gpt: GPT, audience: str) -> None:
    """Raise InvalidInput for an audience that nobody may set by themself."""
    if audience not in [offered.value for offered in list_direct_audiences(gpt)]:
        raise InvalidInput(_("Choose who it is for."), code="unknown_choice", field="audience")

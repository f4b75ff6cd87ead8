"""Audiences an owner may publish to without review; the public store needs one."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from gpts.assistants.models import GPT
from gpts.assistants.states import Audience

# Inside the company first, from the narrowest to the widest.
COMPANY_AUDIENCES = (Audience.SHARED, Audience.UNLISTED, Audience.WORKSPACE)
DIRECT_AUDIENCES = (*COMPANY_AUDIENCES, Audience.LINK)


def list_direct_audiences(gpt: GPT) -> tuple[Audience, ...]:
    # Only a company has members to publish to.
    return DIRECT_AUDIENCES if gpt.workspace.person_id is None else (Audience.LINK,)


def check_direct_audience(gpt: GPT, audience: str) -> None:
    """Raise InvalidInput for an audience that needs a review or that the workspace lacks."""
    if audience not in [offered.value for offered in list_direct_audiences(gpt)]:
        raise InvalidInput(_("Choose who it is for."), code="unknown_choice", field="audience")

"""Acme and GPTs from outside: one approved and pinned with a newer version waiting, one asked for, one blocked."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.policies import ADMIN, INTERN
from demo.store import publish_second
from gpts.assistants.models import GPT, Adoption
from gpts.assistants.services.adoptions import approve_adoption, block_gpt, request_adoption
from gpts.assistants.states import Audience
from workspaces.models import User, Workspace

ACME = "acme"
# By their names in the store, as addresses are drawn.
APPROVED, ASKED, BLOCKED = "Grant Draft", "Survey Smith", "Name Finder"
NOTES = "Asks for the budget first, because most drafts fail there."


def lacks_external_gpts() -> bool:
    return Workspace.objects.filter(slug=ACME).exists() and not Adoption.objects.exists()


def seed_external_gpts(*, at: datetime) -> str:
    """Make the three; returns what there is."""
    acme = Workspace.objects.get(slug=ACME)
    admin, intern = User.objects.get(email=ADMIN), User.objects.get(email=INTERN)
    approved, asked, blocked = (_find(name) for name in (APPROVED, ASKED, BLOCKED))
    begun = at - timedelta(days=17)
    approve_adoption(
        workspace=acme,
        gpt=approved,
        number=1,
        groups=None,
        expires_at=begun + timedelta(days=365),
        recertify_at=begun + timedelta(days=180),
        by=admin,
        at=begun,
    )
    publish_second(approved, NOTES, at=at - timedelta(days=2))
    block_gpt(
        workspace=acme,
        gpt=blocked,
        note="Names of products are secret before they are announced. Use our own GPTs for them.",
        by=admin,
        at=at - timedelta(days=9),
    )
    request_adoption(
        workspace=acme,
        gpt=asked,
        reason="I prepare the survey among our guests, and would like my questions checked.",
        by=intern,
        at=at - timedelta(hours=7),
    )
    return "three decisions and requests about GPTs from outside"


def _find(name: str) -> GPT:
    return GPT.objects.get(live_versions__audience=Audience.PUBLIC, live_versions__version__name=name)

"""A workspace of a pilot that has ended: archived, so that its owner reads it and nobody changes anything."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.demo_gpt import DemoGPT
from demo.store import build
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from workspaces.models import User, Workspace
from workspaces.services.life_cycle import archive_workspace
from workspaces.services.members import add_member
from workspaces.services.workspaces import create_workspace
from workspaces.states import Role, WorkspaceKind

PILOT, ADMIN, BUILDER = "acme-pilot", "admin@acme.test", "builder@acme.test"
TRIED = DemoGPT(
    "acme-pilot-minutes",
    "acme_builder",
    "Pilot Minutes",
    "productivity",
    "Turns notes of a meeting into minutes. The first thing that Acme tried.",
    "Write minutes: who was there, what was decided, who does what until when. Leave out small talk.",
    ("Minutes from these notes",),
    1,
)


def lacks_archive() -> bool:
    return User.objects.filter(email=ADMIN).exists() and not Workspace.objects.filter(slug=PILOT).exists()


def seed_archive(*, at: datetime) -> str:
    """Make it with one GPT and a member, as it was, and archive it; returns what there is."""
    admin, builder = User.objects.get(email=ADMIN), User.objects.get(email=BUILDER)
    begun = at - timedelta(days=180)
    pilot = create_workspace(
        name="Acme Pilot", slug=PILOT, kind=WorkspaceKind.TEAM, accent="#6B4E86", by=admin, at=begun
    )
    add_member(workspace=pilot, user=builder, role=Role.BUILDER, by=admin, at=begun)
    gpt = build(TRIED, builder, pilot, at=begun)
    version = freeze_version(gpt=gpt, release_notes="", by=builder, at=begun)
    set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, by=builder, at=begun)
    archive_workspace(workspace=pilot, by=admin, at=at - timedelta(days=60))
    return "1 archived workspace"

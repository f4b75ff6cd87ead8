"""GPTs in every state, with versions, a file and an icon."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from gpts.assistants.models import GPT, PublishingRule, PublishRequest
from gpts.assistants.services.gpts import create_gpt, update_draft
from gpts.assistants.services.icons import set_icon
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import ApprovalNeed, Audience
from gpts.knowledge.services.files import add_knowledge_file
from gpts.knowledge.services.web_pages import request_page
from marketplace.services.builders import upsert_builder_profile
from tests.support.uploads import make_picture, make_upload
from workspaces.access import personal_workspace
from workspaces.models import OutboundJob

# These texts occur nowhere else, so a leak is found by searching for them.
SECRET_NAME = "Zibeline Quorvex"
SECRET_INSTRUCTIONS = "kryptobloom-seventeen-lanterns"
SECRET_PASSAGE = "umbraquill-ledger-of-the-old-harbour"
SECRET_FILE = "plumdagger-accounts.txt"
SECRETS = (SECRET_NAME, SECRET_INSTRUCTIONS, SECRET_PASSAGE, SECRET_FILE)

INSTRUCTIONS = (
    "You help people to plan a walk in their town. Ask how long they want to be out and how they feel today,"
    " then propose one route with three stops, each with a reason. Keep answers short and friendly."
)


def draft(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"{name} plans a short walk in your town, with three stops worth seeing.",
        "instructions": f"{INSTRUCTIONS} Remember that you are {name}.",
        "starters": ["I have one hour", "It is raining"],
        "category": "lifestyle",
    } | fields


def build(world: Any) -> None:
    owner, now = world.people["owner"], timezone.now() - timedelta(days=3)
    home = personal_workspace(owner)
    world.gpts["private"] = _private(owner, home, now)
    # Uploaded to the private GPT only.
    file = world.gpts["private"].knowledge_files.get()
    job = request_page(
        gpt=world.gpts["private"], url="https://pages.owner-house.invalid/secret-plan", by=owner, at=now
    )
    OutboundJob.objects.filter(pk=job.pk).update(state="failed", error_code="page_status", ended_at=now)
    alpha_gpt = create_gpt(
        workspace=world.alpha, owner=owner, by=owner, at=now, **draft("Alpha Onboarding Pilot")
    )
    version = freeze_version(gpt=alpha_gpt, release_notes="", by=owner, at=now)
    set_live_version(gpt=alpha_gpt, version=version, audience=Audience.WORKSPACE, by=owner, at=now)
    world.gpts["alpha"] = alpha_gpt
    PublishingRule.objects.create(workspace=world.alpha, need=ApprovalNeed.NONE, changed_at=now)
    asked = PublishRequest.objects.create(
        workspace=world.alpha,
        gpt=alpha_gpt,
        version=version,
        audience=Audience.PUBLIC,
        requested_by=owner,
        requested_at=now,
    )
    world.ids["publish_request"] = asked.pk
    for name in ("rival", "stranger"):
        person = world.people[name]
        world.gpts[name] = create_gpt(
            workspace=personal_workspace(person),
            owner=person,
            by=person,
            at=now,
            **draft(f"Own thing of {name}"),
        )
        freeze_version(gpt=world.gpts[name], release_notes="", by=person, at=now)
    upsert_builder_profile(
        user=owner, handle="owner-of-alpha", display_name="Olga Owner", bio="Builds walks.", by=owner, at=now
    )
    world.ids |= {
        "slug": world.gpts["private"].slug,
        "alpha_slug": alpha_gpt.slug,
        "file": file.pk,
        "page_job": job.pk,
        "icon": world.gpts["private"].icon[6:-5],
    }


def _private(owner: Any, home: Any, now: Any) -> GPT:
    gpt = create_gpt(
        workspace=home,
        owner=owner,
        by=owner,
        at=now,
        **draft(SECRET_NAME, instructions=f"{INSTRUCTIONS} {SECRET_INSTRUCTIONS}"),
    )
    freeze_version(gpt=gpt, release_notes="First.", by=owner, at=now)
    add_knowledge_file(
        gpt=gpt,
        upload=make_upload(SECRET_FILE, f"The harbour keeps books. {SECRET_PASSAGE}."),
        by=owner,
        at=now,
    )
    gpt.refresh_from_db()
    set_icon(gpt=gpt, upload=make_picture(), by=owner, at=now)
    gpt.refresh_from_db()
    update_draft(gpt=gpt, revision=gpt.draft_revision, changes={"starters": ["One"]}, by=owner, at=now)
    gpt.refresh_from_db()
    freeze_version(gpt=gpt, release_notes="Second.", by=owner, at=now)
    return gpt

"""Seeds Acme's look and its private store: logo, sections with reasons, a pack, the set for new members."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from demo.accounts import People
from gpts.assistants.drawn_icons import draw_icon_webp
from gpts.assistants.models import GPT
from marketplace.services.company_store import EntryDraft, SectionDraft, create_section
from marketplace.states import SectionKind
from workspaces.models import Workspace
from workspaces.services.groups import add_group_members, create_group
from workspaces.services.logos import set_logo

TRAVEL, REPLIES, DATA = "acme-travel", "acme-replies", "acme-sql"
# Kind, title, text, ((GPT, reason), …); the pack is for the group of the sales team.
SECTIONS = (
    (
        SectionKind.REQUIRED,
        "Before your next trip",
        "The people team asks everyone to check here before booking.",
        ((TRAVEL, "Knows the handbook that expenses are checked against, and names the section."),),
    ),
    (
        SectionKind.SHELF,
        "This month at Acme",
        "Chosen by the people team.",
        (
            (REPLIES, "The support team halved its drafts with it; try it on your next late delivery."),
            (DATA, "Every query comes with a LIMIT and with what to check before you trust a figure."),
        ),
    ),
    (SectionKind.CATEGORY, "Customers", "", ((REPLIES, ""),)),
    (SectionKind.CATEGORY, "Figures", "", ((DATA, ""),)),
    (
        SectionKind.PACK,
        "Starter kit for sales",
        "What the sales team uses every day.",
        ((REPLIES, ""), (DATA, "")),
    ),
    (
        SectionKind.ONBOARDING,
        "New at Acme? Start here",
        "Three questions that everyone asks in the first week.",
        (
            (TRAVEL, "“May I book first class?” is what most people ask first."),
            (REPLIES, "Paste a customer's mail and see how Acme sounds."),
        ),
    ),
)


def seed_company_store(people: People, acme: Workspace, gpts: dict[str, GPT], *, at: datetime) -> None:
    """Give Acme a logo and fill its store; ``gpts`` are its own, by key."""
    admin, moment = people["acme_admin"], at - timedelta(days=25)
    logo = SimpleUploadedFile("acme.webp", draw_icon_webp("Acme", 3), content_type="image/webp")
    set_logo(workspace=acme, upload=logo, by=admin, at=moment)
    sales = create_group(workspace=acme, name="Sales", by=admin, at=moment)
    add_group_members(
        group=sales, member_ids=[acme.members.get(user=people["acme_member"]).pk], by=admin, at=moment
    )
    for kind, title, text, entries in SECTIONS:
        draft = SectionDraft(
            title=title,
            text=text,
            entries=[EntryDraft(gpts[key].slug, reason) for key, reason in entries],
            group_id=sales.pk if kind == SectionKind.PACK else None,
        )
        create_section(workspace=acme, kind=kind, draft=draft, by=admin, at=moment)

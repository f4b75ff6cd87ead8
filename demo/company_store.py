"""Seeds Acme's look and its private store: logo, sections with reasons, a pack, the set for new members."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from gpts.assistants.drawn_icons import draw_icon_webp
from gpts.assistants.models import GPT
from marketplace.models import StoreSection
from marketplace.services.company_store import EntryDraft, SectionDraft, create_section
from marketplace.states import SectionKind
from workspaces.models import Group, User, Workspace
from workspaces.services.groups import add_group_members
from workspaces.services.logos import set_logo

ACME = "acme"
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
        SectionKind.RECOMMENDED,
        "Worth a try",
        "Recommended by the data team.",
        ((DATA, "Half of the questions to the data team need no data team."),),
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


def lacks_company_store(_at: datetime) -> bool:
    return Workspace.objects.filter(slug=ACME).exists() and not StoreSection.objects.exists()


def seed_company_store(*, at: datetime) -> str:
    """Give Acme a logo and fill its store, with a pack for its sales team; returns how many sections."""
    acme = Workspace.objects.get(slug=ACME)
    gpts = {gpt.slug: gpt for gpt in GPT.objects.filter(workspace=acme)}
    admin, moment = User.objects.get(email="admin@acme.test"), at - timedelta(days=25)
    logo = SimpleUploadedFile("acme.webp", draw_icon_webp("Acme", 3), content_type="image/webp")
    set_logo(workspace=acme, upload=logo, by=admin, at=moment)
    sales = Group.objects.get(workspace=acme, name="Sales")
    seat = acme.members.get(user__email="member@acme.test")
    add_group_members(group=sales, member_ids=[seat.pk], by=admin, at=moment)
    for kind, title, text, entries in SECTIONS:
        draft = SectionDraft(
            title=title,
            text=text,
            entries=[EntryDraft(gpts[key].slug, reason) for key, reason in entries],
            group_id=sales.pk if kind == SectionKind.PACK else None,
        )
        create_section(workspace=acme, kind=kind, draft=draft, by=admin, at=moment)
    return f"{len(SECTIONS)} sections of Acme's store"

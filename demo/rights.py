"""Who may do what with Acme's GPTs: shares with people and groups, editors, an invite-only GPT, an orphan."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.demo_gpt import DemoGPT
from demo.store import build
from gpts.assistants.gpt_filters import NONE, GPTFilter
from gpts.assistants.models import GPT, GPTShare
from gpts.assistants.services.gpt_filters import save_gpt_filter
from gpts.assistants.services.shares import set_share
from gpts.assistants.services.store_blocks import block_in_store
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience, ShareRight
from workspaces.models import ApiKey, Group, Member, User, Workspace
from workspaces.services.api_keys import create_api_key
from workspaces.services.members import add_member, remove_member
from workspaces.states import Role

ACME = "acme"
ADMIN, BUILDER, MEMBER, LEAVER = (
    "admin@acme.test",
    "builder@acme.test",
    "member@acme.test",
    "tomas@demo.test",
)
INVITE_ONLY = DemoGPT(
    "acme-offers",
    "acme_builder",
    "Acme Offer Check",
    "productivity",
    "Reads an offer before it goes out: prices, dates, and what was promised without saying so.",
    "Check offers. List prices and dates, then every promise, and say which one nobody approved.",
    ("Check this offer", "What have we promised here?"),
    3,
)
UNLISTED = DemoGPT(
    "acme-names",
    "acme_builder",
    "Acme Name Finder",
    "writing",
    "Finds names for internal projects that nobody has to spell twice.",
    "Suggest ten names. Short, easy to say in English and German, none that is a known brand.",
    ("A name for our new intranet",),
    2,
)
ORPHAN = DemoGPT(
    "acme-garden",
    "tomas",
    "Acme Office Garden",
    "lifestyle",
    "Says which plant of the office needs what, and whose turn it is to water.",
    "Answer about the plants of the office. Ask for light and last watering before you give advice.",
    ("The fig drops leaves", "Who waters this week?"),
    2,
)
BLOCKED = DemoGPT(
    "acme-doctor",
    "acme_builder",
    "Acme Desk Doctor",
    "lifestyle",
    "Says what an aching back or tired eyes may mean, and what to do about it.",
    "Answer questions about pain at the desk. Suggest breaks and exercises.",
    ("My wrist hurts after typing",),
    1,
)

SAVED_FILTERS = (
    ("Highest cost", GPTFilter(order="cost")),
    ("Unused for 30 days", GPTFilter(unused="30", order="unused")),
    ("Without an owner", GPTFilter(owner=NONE)),
)


def lacks_rights() -> bool:
    return (
        Workspace.objects.filter(slug=ACME).exists() and not GPT.objects.filter(slug=INVITE_ONLY.key).exists()
    )


def seed_rights(*, at: datetime) -> str:
    """Make them; returns how many shares Acme has."""
    acme = Workspace.objects.get(slug=ACME)
    emails = (ADMIN, BUILDER, MEMBER, LEAVER)
    people = {user.email: user for user in User.objects.filter(email__in=emails)}
    _seed_audiences(acme, people, at=at)
    _seed_shares(acme, people, at=at)
    _seed_orphan(acme, people, at=at)
    _seed_keys(acme, people, at=at)
    _seed_blocked(acme, people, at=at)
    for name, wanted in SAVED_FILTERS:
        save_gpt_filter(workspace=acme, name=name, wanted=wanted, by=people[ADMIN])
    return f"{GPTShare.objects.filter(workspace=acme).count()} shares of Acme's GPTs"


def _seed_audiences(acme: Workspace, people: dict[str, User], *, at: datetime) -> None:
    builder = people[BUILDER]
    for entry, audience, days in ((INVITE_ONLY, Audience.SHARED, 20), (UNLISTED, Audience.UNLISTED, 15)):
        moment = at - timedelta(days=days)
        gpt = build(entry, builder, acme, at=moment)
        version = freeze_version(gpt=gpt, release_notes="", by=builder, at=moment)
        set_live_version(gpt=gpt, version=version, audience=audience, at=moment, by=builder)


def _seed_shares(acme: Workspace, people: dict[str, User], *, at: datetime) -> None:
    builder, admin, moment = people[BUILDER], people[ADMIN], at - timedelta(days=12)
    gpts = {gpt.slug: gpt for gpt in GPT.objects.filter(workspace=acme, deleted_at__isnull=True)}
    for slug, email, right in (
        ("acme-offers", MEMBER, ShareRight.CHAT),
        ("acme-offers", ADMIN, ShareRight.EDIT),
        ("acme-replies", ADMIN, ShareRight.EDIT),
        ("acme-replies", MEMBER, ShareRight.VIEW),
    ):
        set_share(gpt=gpts[slug], right=right, user=people[email], by=builder, at=moment)
    set_share(gpt=gpts["acme-sql"], right=ShareRight.EDIT, user=builder, by=admin, at=moment)
    for slug, name, right in (
        ("acme-offers", "Sales", ShareRight.VIEW),
        ("acme-sql", "Engineering", ShareRight.EDIT),
    ):
        group = Group.objects.filter(workspace=acme, name=name).first()
        if group is not None:
            set_share(gpt=gpts[slug], right=right, group=group, by=admin, at=moment)


def _seed_keys(acme: Workspace, people: dict[str, User], *, at: datetime) -> None:
    """Programs act as two members; nobody has the secrets of these keys."""
    for email, name, scopes, days, used in (
        (BUILDER, "Nightly export of tests", ["gpts:read"], 90, 1),
        (MEMBER, "Reply desk in the ticket system", ["chat"], None, 3),
        (ADMIN, "Usage for the cost report", ["account"], 30, 40),
    ):
        key, _plain = create_api_key(
            user=people[email],
            workspace=acme,
            name=name,
            scopes=scopes,
            expires_at=at + timedelta(days=days) if days else None,
            by=people[ADMIN],
            at=at - timedelta(days=50),
        )
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=at - timedelta(days=used))


def _seed_blocked(acme: Workspace, people: dict[str, User], *, at: datetime) -> None:
    """An admin took a GPT out of the company's store."""
    builder, moment = people[BUILDER], at - timedelta(days=9)
    gpt = build(BLOCKED, builder, acme, at=moment)
    version = freeze_version(gpt=gpt, release_notes="", by=builder, at=moment)
    set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, at=moment, by=builder)
    reason = "It gives medical advice. Ask the company doctor instead."
    block_in_store(gpt=gpt, reason=reason, by=people[ADMIN], at=at - timedelta(days=2))


def _seed_orphan(acme: Workspace, people: dict[str, User], *, at: datetime) -> None:
    """Somebody built a GPT for everybody in Acme and left."""
    leaver, admin, moment = people[LEAVER], people[ADMIN], at - timedelta(days=50)
    add_member(workspace=acme, user=leaver, role=Role.BUILDER, by=admin, at=moment)
    gpt = build(ORPHAN, leaver, acme, at=moment)
    version = freeze_version(gpt=gpt, release_notes="", by=leaver, at=moment)
    set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, at=moment, by=leaver)
    seat = Member.objects.get(workspace=acme, user=leaver)
    remove_member(member=seat, by=admin, at=at - timedelta(days=4))

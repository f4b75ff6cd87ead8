"""Seeds GPTs with their knowledge, versions, listings, ratings and the week's shelf."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from demo.accounts import People
from demo.chinese_gpts import ACME, CHINESE
from demo.demo_gpt import FLAGSHIP, DemoGPT
from demo.documents import list_own_documents
from demo.english_gpts import ENGLISH
from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import create_gpt, update_draft
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.knowledge.services.files import add_knowledge_file
from gpts.llm.states import Capability
from marketplace.models import Listing, ListingScore, Rating
from marketplace.services.listings import publish_listing
from marketplace.services.shelves import Recommendation, set_shelf
from workspaces.access import personal_workspace
from workspaces.models import User, Workspace

PUBLIC: tuple[DemoGPT, ...] = ENGLISH + CHINESE
LISTED_BEFORE_DAYS = (20, 140)
# Listed within the month of "New and noteworthy", long enough ago that their use no longer grows into "Trending".
NEW_AGE_DAYS = {
    "xingcheng": 23, "laodong": 25, "daima": 27, "quming": 24,
    "commit-coach": 26, "budget-mirror": 24, "house-rules": 25, "name-finder": 28,
}  # fmt: skip
# Older than all usage of the demo.
FLAGSHIP_AGE_DAYS = 133
# The second version says what changed, so that About pages show a history.
SECOND_VERSIONS = (
    ("travel-desk", "Says what the handbook does not know instead of guessing."),
    ("plain-letter", "Asks one question at most when the draft is shorter than five sentences."),
    ("minutes-maker", "Decisions now quote the words that made them one."),
    ("fraction-friend", "Draws number lines with characters before it explains."),
    ("gongwen", "先确认文种和主送单位，再动笔修改。"),
    ("sql-reviewer", "Proposes extended statistics where two columns depend on each other."),
)


def seed_store(people: People, *, at: datetime) -> dict[str, GPT]:
    """Build and list every public GPT; returns them by key. The oldest stand 140 days, the newest 3."""
    rng = random.Random("loggia store")  # noqa: S311 - demo content, the same each time
    made = {}
    for entry in PUBLIC:
        owner = people[entry.builder]
        age = 3 + rng.randrange(6) if entry.popularity <= 3 else rng.randrange(*LISTED_BEFORE_DAYS)
        age = FLAGSHIP_AGE_DAYS if entry.key == FLAGSHIP else NEW_AGE_DAYS.get(entry.key, age)
        listed_at = at - timedelta(days=age, minutes=rng.randrange(1440))
        gpt = build(entry, owner, personal_workspace(owner), at=listed_at - timedelta(days=4))
        version = freeze_version(gpt=gpt, release_notes="", by=owner, at=listed_at)
        publish_listing(gpt=gpt, version=version, by=owner, at=listed_at)
        made[entry.key] = gpt
    for key, notes in SECOND_VERSIONS:
        _publish_second(made[key], notes, at=at - timedelta(days=9))
    return made


def _publish_second(gpt: GPT, notes: str, *, at: datetime) -> None:
    gpt.refresh_from_db()
    update_draft(
        gpt=gpt,
        revision=gpt.draft_revision,
        changes={"instructions": f"{gpt.instructions}\n\n{notes}"},
        by=gpt.owner,
        at=at,
    )
    gpt.refresh_from_db()
    version = freeze_version(gpt=gpt, release_notes=notes, by=gpt.owner, at=at)
    publish_listing(gpt=gpt, version=version, by=gpt.owner, at=at)


def seed_private_store(people: People, acme: Workspace, *, at: datetime) -> dict[str, GPT]:
    """Build Acme's GPTs and make them live inside Acme alone."""
    made = {}
    for entry in ACME:
        owner = people[entry.builder]
        moment = at - timedelta(days=60)
        gpt = build(entry, owner, acme, at=moment)
        version = freeze_version(gpt=gpt, release_notes="", by=owner, at=moment)
        set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, at=moment, by=owner)
        made[entry.key] = gpt
    return made


def build(entry: DemoGPT, owner: User, workspace: Workspace, *, at: datetime) -> GPT:
    knowledge = entry.knowledge or list_own_documents(entry.key)
    gpt = create_gpt(
        workspace=workspace,
        owner=owner,
        by=owner,
        at=at,
        name=entry.name,
        description=entry.description,
        instructions=entry.instructions,
        starters=list(entry.starters),
        category=entry.category,
        capabilities=[Capability.FILE_SEARCH.value] if knowledge else [],
    )
    # A readable address that stays the same whenever the demo is made anew.
    gpt.slug = entry.key
    gpt.save(update_fields=["slug"])
    for name, text in knowledge:
        upload = SimpleUploadedFile(name, text.encode(), content_type="text/markdown")
        add_knowledge_file(gpt=gpt, upload=upload, by=owner, at=at)
    gpt.refresh_from_db()
    return gpt


def seed_ratings(people: People, *, at: datetime) -> None:
    """Write what readers said of each listing, and count the stars as rate_listing would have."""
    readers = [user for key, user in sorted(people.items()) if key.startswith("reader")]
    listings = {listing.slug: listing for listing in Listing.objects.all()}
    given: dict[int, Counter[int]] = {}
    for rating in Rating.objects.bulk_create(_ratings(readers, listings, at=at)):
        given.setdefault(rating.listing_id, Counter())[rating.stars] += 1
    for listing_id, stars in given.items():
        ListingScore.objects.filter(listing_id=listing_id).update(
            rating_count=stars.total(),
            rating_sum=sum(value * count for value, count in stars.items()),
            **{f"stars_{value}": stars[value] for value in range(1, 6)},
        )


def _ratings(readers: list[User], listings: dict[str, Listing], *, at: datetime) -> Iterable[Rating]:
    rng = random.Random("loggia ratings")  # noqa: S311 - demo content
    for entry in PUBLIC:
        listing = listings[entry.key]
        wordless = [(rng.choices((3, 4, 5), (1, 3, 6))[0], "") for _unused in range(entry.popularity * 2)]
        speakers = [
            reader for reader in readers if (reader.language == "zh-hans") == ("zh" in entry.languages)
        ]
        chosen = rng.sample(speakers, min(len(speakers), len(entry.ratings) + len(wordless)))
        age = max((at - listing.published_at).days, 1)
        for reader, (stars, text) in zip(chosen, [*entry.ratings, *wordless], strict=False):
            moment = at - timedelta(days=rng.randrange(age), minutes=rng.randrange(1440))
            yield Rating(
                listing=listing,
                user=reader,
                author_name=reader.display_name,
                stars=stars,
                text=text,
                version_number=listing.version_number,
                created_at=max(moment, listing.published_at),
                updated_at=max(moment, listing.published_at),
            )


SHELF = (
    (
        "fraction-friend",
        "It waits. Few teachers and fewer machines do, and it is the whole secret.",
        "它会等孩子想。愿意等的老师不多，愿意等的机器更少。",
    ),
    (
        "minutes-maker",
        "Writes ‘nobody yet’ instead of guessing an owner: the most useful two words of the month.",
        "没有负责人就写“暂无”，不猜：本月最有用的两个字。",
    ),
    (
        "chadao",
        "A tea hour with sources: each figure comes from its handbook, and it says where.",
        "有出处的一盏茶：每个数字都来自手册，并写明在哪一节。",
    ),
)


def seed_shelf(people: People, *, at: datetime) -> None:
    """Put three listings on this week's shelf, and last week's before it."""
    listings = {
        listing.slug: listing for listing in Listing.objects.filter(slug__in=[row[0] for row in SHELF])
    }
    monday = at.date() - timedelta(days=at.weekday())
    set_shelf(
        title="Patient teachers, honest helpers",
        title_zh="耐心的老师，诚实的助手",
        starts_on=monday,
        # Longer than a week, so that a demo left alone keeps its shelf.
        ends_on=monday + timedelta(days=60),
        entries=[Recommendation(listings[slug], reason, reason_zh) for slug, reason, reason_zh in SHELF],
        by=people["operator"],
        at=at,
    )

"""Seeds three months of usage: events as the chat would have written them, by a crowd of readers."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from core.ids import uuid7_time
from core.min_group import MIN_GROUP
from core.periods import Period
from demo.accounts import People
from demo.demo_gpt import FLAGSHIP, DemoGPT
from demo.store import PUBLIC
from gpts.assistants.models import GPT
from gpts.metering.models import UsageEvent
from gpts.metering.states import UsageSource
from marketplace.models import Listing
from workspaces.models import Workspace

CONVERSATIONS_PER_DAY = 0.3
MONTHS_BEFORE = 2


def get_first_day(at: datetime) -> datetime:
    """Return where the demo's usage begins: the first of the month before the last."""
    period = Period.containing(at)
    for _unused in range(MONTHS_BEFORE):
        period = period.previous()
    return period.start


def seed_usage(people: People, gpts: dict[str, GPT], *, at: datetime) -> int:
    """Write the events of every listed GPT but the flagship since get_first_day; returns how many."""
    workspaces = {
        workspace.person_id: workspace.pk for workspace in Workspace.objects.filter(person__isnull=False)
    }
    published = dict(Listing.objects.values_list("slug", "published_at"))
    readers = [people[key] for key in sorted(people) if key.startswith("reader") or key == "visitor"]
    places = [(reader.pk, workspaces[reader.pk]) for reader in readers]
    events = [
        event
        for entry in PUBLIC
        if entry.key != FLAGSHIP
        for event in _events(entry, gpts[entry.key], places, since=published[entry.key], at=at)
    ]
    UsageEvent.objects.bulk_create(events, batch_size=2_000)
    for gpt in gpts.values():
        begun = {event.conversation_id for event in events if event.gpt_id == gpt.pk}
        users = {event.user_id for event in events if event.gpt_id == gpt.pk}
        GPT.objects.filter(pk=gpt.pk).update(
            conversation_count=len(begun), has_min_group=len(users) >= MIN_GROUP
        )
    return len(events)


def _events(
    entry: DemoGPT, gpt: GPT, places: list[tuple[int, int]], *, since: datetime, at: datetime
) -> Iterator[UsageEvent]:
    rng = random.Random(f"loggia usage {entry.key}")  # noqa: S311 - demo content
    # A faithful circle comes back, so that readers are fewer than conversations.
    circle = rng.sample(places, min(len(places), 4 + entry.popularity * 3))
    version_id = gpt.versions.values_list("id", flat=True).latest("number")
    day = max(get_first_day(at), since)
    while day < at:
        growth = 0.6 + 0.4 * (day - get_first_day(at)).days / 90
        weekend = 0.5 if day.weekday() >= 5 and entry.category == "productivity" else 1.0
        mean = entry.popularity * CONVERSATIONS_PER_DAY * growth * weekend
        for _conversation in range(int(mean) + (rng.random() < mean % 1)):
            begin = day + timedelta(seconds=rng.randrange(6 * 3600, 22 * 3600))
            yield from _conversation_events(rng, gpt, version_id, rng.choice(circle), begin, at=at)
        day += timedelta(days=1)


def _conversation_events(
    rng: random.Random, gpt: GPT, version_id: int, place: tuple[int, int], begin: datetime, *, at: datetime
) -> Iterator[UsageEvent]:
    user_id, workspace_id = place
    conversation_id = create_id(rng, begin)
    asked, moment = 0, begin
    for _turn in range(rng.choices((1, 2, 3, 5), (4, 4, 2, 1))[0]):
        moment += timedelta(seconds=rng.randrange(20, 240))
        if moment >= at:
            return
        event_id = create_id(rng, moment)
        question, answer = rng.randrange(12, 160), rng.randrange(60, 520)
        asked += question
        yield UsageEvent(
            event_id=event_id,
            workspace_id=workspace_id,
            user_id=user_id,
            gpt_id=gpt.pk,
            gpt_workspace_id=gpt.workspace_id,
            version_id=version_id,
            payee_id=gpt.owner_id,
            conversation_id=conversation_id,
            occurred_at=uuid7_time(event_id),
            received_at=moment,
            input_tokens=400 + asked,
            output_tokens=answer,
            cost_micros=0,
            model_name="offline",
            is_paid_user=True,
            is_regeneration=rng.random() < 0.04,
            outcome="finished" if rng.random() > 0.03 else "stopped",
            source=UsageSource.SEED,
            payload_hash=hashlib.sha256(event_id.bytes).hexdigest(),
        )
        asked += answer


def create_id(rng: random.Random, moment: datetime) -> UUID:
    """Return the UUIDv7 of ``moment`` whose random part comes from ``rng``: the same each time."""
    value = int(moment.timestamp() * 1000) << 80 | rng.getrandbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    return UUID(int=value & ~(0x3 << 62) | (0x2 << 62))

"""Usage of Acme by its members: in several groups and cost centres, with two models of different prices."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from core.ids import uuid7_time
from demo.company_people import ACME, ADMIN, MEMBER
from demo.spend import seed_spend
from demo.usage import create_id, get_first_day
from gpts.assistants.models import GPT
from gpts.metering.models import UsageEvent
from gpts.metering.states import UsageSource
from workspaces.models import Group, Member, User, Workspace
from workspaces.services.cost_centres import set_group_cost_centre, set_member_cost_centre

COST_CENTRES = {"Sales": "4100", "Engineering": "4200", "Book circle": "9000"}
# The admin is charged to the management, whatever groups they are in.
OWN_COST_CENTRE = "1000"
# Name, micro-units per million tokens read and written, how often it answers.
MODELS = (("sample-small", 400_000, 1_600_000, 6), ("sample-large", 2_500_000, 10_000_000, 3))


def lacks_company_usage() -> bool:
    groups = Group.objects.filter(workspace__slug=ACME)
    return groups.exists() and not groups.exclude(cost_centre="").exists()


def seed_company_usage(*, at: datetime) -> str:
    """Set cost centres and write the events of Acme's own GPTs since get_first_day."""
    acme = Workspace.objects.get(slug=ACME)
    admin = User.objects.get(email=ADMIN)
    for name, code in COST_CENTRES.items():
        for group in Group.objects.filter(workspace=acme, name=name):
            set_group_cost_centre(group=group, code=code, by=admin, at=at)
    set_member_cost_centre(
        member=Member.objects.get(workspace=acme, user=admin), code=OWN_COST_CENTRE, by=admin, at=at
    )
    # Only GPTs of Acme: what its members use of them is never paid out, so the demo's accounts stay the same.
    gpts = list(GPT.objects.filter(workspace=acme, deleted_at__isnull=True).order_by("pk"))
    members = list(Member.objects.filter(workspace=acme).select_related("user").order_by("user__email"))
    events = [
        event
        for place, member in enumerate(members)
        for event in _events(acme, member.user, gpts, eagerness=0.4 + place % 4 * 0.5, at=at)
    ]
    UsageEvent.objects.bulk_create(events, batch_size=2_000)
    seed_spend(acme, admin, at=at)
    return f"{len(events)} usage events of {acme.name}"


def _events(
    acme: Workspace, user: User, gpts: list[GPT], *, eagerness: float, at: datetime
) -> Iterator[UsageEvent]:
    rng = random.Random(f"loggia company {user.email}")  # noqa: S311 - demo content
    day = get_first_day(at)
    while day < at and gpts:
        mean = eagerness * (0.15 if day.weekday() >= 5 else 1.0) * (1.6 if user.email == MEMBER else 1.0)
        for _answer in range(int(mean) + (rng.random() < mean % 1)):
            moment = day + timedelta(seconds=rng.randrange(7 * 3600, 18 * 3600))
            if moment < at:
                yield _event(rng, acme, user, rng.choice(gpts), moment)
        day += timedelta(days=1)


def _event(rng: random.Random, acme: Workspace, user: User, gpt: GPT, moment: datetime) -> UsageEvent:
    name, price_in, price_out, _weight = rng.choices(MODELS, [model[3] for model in MODELS])[0]
    read, written = rng.randrange(2_000, 18_000), rng.randrange(200, 2_400)
    event_id = create_id(rng, moment)
    return UsageEvent(
        event_id=event_id,
        workspace_id=acme.pk,
        user_id=user.pk,
        gpt_id=gpt.pk,
        gpt_workspace_id=gpt.workspace_id,
        payee_id=gpt.owner_id,
        conversation_id=create_id(rng, moment),
        occurred_at=uuid7_time(event_id),
        received_at=moment,
        input_tokens=read,
        output_tokens=written,
        cost_micros=(read * price_in + written * price_out) // 1_000_000,
        model_name=name,
        is_paid_user=True,
        outcome="finished",
        source=UsageSource.SEED,
        payload_hash=hashlib.sha256(event_id.bytes).hexdigest(),
    )

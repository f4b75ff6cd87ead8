"""The use of GPTs is counted from what changed, and comes to what a whole count would give."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest
from django.db.models import Max, Sum

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.models.gpts import NEVER_USED
from gpts.metering.models import UsageDay, UsageDayState
from gpts.metering.services.gpt_use import DAYS, count_gpt_use
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW

pytestmark = pytest.mark.django_db


def count_whole(gpt: GPT, since: date) -> tuple[int, int, date]:
    rows = UsageDay.objects.filter(gpt_id=gpt.pk, workspace_id=gpt.workspace_id)
    recent = rows.filter(day__gt=since).aggregate(answers=Sum("answers"), cost=Sum("cost_micros"))
    last = rows.aggregate(last=Max("day"))["last"]
    return recent["answers"] or 0, recent["cost"] or 0, last or NEVER_USED


@pytest.mark.parametrize("seed", range(3))
def test_counting_what_changed_gives_what_counting_all_gives(seed: int) -> None:
    rng, batch, at = Random(seed), 0, NOW
    owner = UserFactory.create()
    companies = [create_company(owner), create_company(owner)]
    with system_scope("tests"):
        gpts = [GPTFactory.create(owner=owner, workspace=companies[0], name=f"G{n}") for n in range(4)]
        for _round in range(12):
            batch += 1
            for _event in range(rng.randrange(4)):
                row, is_new = UsageDay.objects.get_or_create(
                    workspace_id=rng.choice(companies).pk,
                    day=at.date() - timedelta(days=rng.choice([0, 0, 1, 5, 27, 28, 60])),
                    user_id=owner.pk,
                    gpt_id=rng.choice(gpts).pk,
                    model_name=rng.choice("ab"),
                    defaults={"answers": 1, "input_tokens": 0, "output_tokens": 0, "cost_micros": 7},
                )
                row.answers += 0 if is_new else 1
                row.batch = batch
                row.save()
            UsageDayState.objects.update_or_create(singleton=True, defaults={"watermark": batch})
            at += timedelta(days=rng.choice([0, 0, 0, 1, 9, 40]), hours=1)
            count_gpt_use(at=at)
            since = (at - timedelta(days=DAYS)).date()
            for gpt in gpts:
                gpt.refresh_from_db()
                found = gpt.recent_answers, gpt.recent_cost_micros, gpt.last_used_date
                assert found == count_whole(gpt, since)
            assert count_gpt_use(at=at) == 0

"""Scores: whose usage counts, and that the SQL equals the published formula."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.ids import uuid7
from core.min_group import MIN_GROUP
from gpts.metering.models import UsageEvent, UsageVoid
from marketplace.models import Listing, ListingScore
from marketplace.scoring import compute_score
from marketplace.services.scores import compute_scores
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_listing
from workspaces.access import personal_workspace
from workspaces.models import Member, User
from workspaces.states import Role

pytestmark = pytest.mark.django_db


def use(listing: Listing, user: User, *, days_ago: float = 1, **fields: Any) -> UsageEvent:
    moment = NOW - timedelta(days=days_ago)
    workspace = fields.pop("workspace_id", None) or personal_workspace(user).pk
    values = {
        "event_id": uuid7(moment), "workspace_id": workspace, "user_id": user.pk, "gpt_id": listing.gpt_id,
        "gpt_workspace_id": listing.workspace_id, "version_id": listing.version_id,
        "payee_id": listing.publisher_id, "conversation_id": uuid7(moment), "occurred_at": moment,
        "received_at": moment, "input_tokens": 1, "output_tokens": 1, "cost_micros": 0, "model_name": "m",
        "is_paid_user": False, "outcome": "finished", "source": "web", "payload_hash": "0" * 64,
    }  # fmt: skip
    # The table has a generated column that Django does not know, so plain INSERT is enough.
    return UsageEvent.objects.create(**values | fields)


def get_score(listing: Listing) -> ListingScore:
    return ListingScore.objects.get(pk=listing.pk)


def test_distinct_outside_people_count_once() -> None:
    listing = make_listing()
    crowd = [UserFactory.create() for _number in range(MIN_GROUP)]
    second = UserFactory.create()
    for person in crowd:
        use(listing, person)
        use(listing, person)
    use(listing, second, days_ago=20)
    use(listing, second, days_ago=40)

    compute_scores(at=NOW)

    score = get_score(listing)
    assert (score.users_7d, score.users_28d) == (5, 6)
    assert (score.conversations_7d, score.conversations_28d, score.conversations_total) == (10, 11, 12)


def test_own_colleagues_previewed_imported_and_voided_use_does_not_count() -> None:
    listing = make_listing()
    colleague, outsider = UserFactory.create(), UserFactory.create()
    Member.objects.create(workspace=listing.workspace, user=colleague, role=Role.MEMBER, joined_at=NOW)
    use(listing, listing.publisher)
    use(listing, colleague)
    use(listing, outsider, workspace_id=listing.workspace_id)
    use(listing, outsider, source="import")
    # A preview of somebody who was a colleague then.
    for _person in range(5):
        use(listing, UserFactory.create(), version_id=None)
    voided = use(listing, outsider)
    UsageVoid.objects.create(
        event_id=voided.event_id, occurred_at=voided.occurred_at, reason="test", made_at=NOW
    )

    compute_scores(at=NOW)

    score = get_score(listing)
    assert (score.users_28d, score.conversations_total) == (0, 0)


@pytest.mark.parametrize("users", [0, 1, 4, 5, 17])
@pytest.mark.parametrize(("stars", "age"), [([], 0), ([5, 5, 1], 20), ([4] * 9, 400)])
def test_the_database_computes_the_published_formula(users: int, stars: list[int], age: int) -> None:
    listing = make_listing(at=NOW - timedelta(days=age))
    for number in range(users):
        use(listing, UserFactory.create(), days_ago=1 if number % 3 else 15)
    counts = {f"stars_{star}": stars.count(star) for star in range(1, 6)}
    ListingScore.objects.filter(pk=listing.pk).update(
        **counts, rating_count=len(stars), rating_sum=sum(stars)
    )

    compute_scores(at=NOW)

    score = get_score(listing)
    expected = compute_score(
        users_7d=score.users_7d, users_28d=users, rating_count=len(stars), rating_sum=sum(stars),
        weeks_since_update=age // 7,
    )  # fmt: skip
    assert (score.breadth, score.quality, score.freshness) == (
        expected.breadth, expected.quality, expected.freshness,
    )  # fmt: skip
    assert score.score == pytest.approx(expected.total)
    assert score.trend == pytest.approx(expected.trend)
    assert Listing.objects.get(pk=listing.pk).popularity == pytest.approx(expected.total)


def test_ranks_and_their_movement_over_a_week() -> None:
    steady, rising = make_listing(category="writing"), make_listing(category="writing")
    other = make_listing(category="education")
    for _number in range(MIN_GROUP):
        use(steady, UserFactory.create())
    compute_scores(at=NOW)
    assert (get_score(steady).rank, get_score(steady).category_rank, get_score(other).category_rank) == (
        1,
        1,
        1,
    )
    assert get_score(steady).previous_rank == 0
    for _number in range(MIN_GROUP + 2):
        use(rising, UserFactory.create(), days_ago=-6)
    next_week: datetime = NOW + timedelta(days=7)

    for _twice in range(2):
        compute_scores(at=next_week)

    assert (get_score(rising).rank, get_score(rising).category_rank) == (1, 1)
    assert get_score(steady).category_rank == 2
    assert (get_score(steady).previous_rank, get_score(steady).previous_category_rank) == (1, 1)
    assert (get_score(rising).trend_rank, get_score(rising).previous_trend_rank) == (1, 0)


def test_fifteen_people_count_more_than_five() -> None:
    assert compute_score(
        users_7d=5, users_28d=5, rating_count=0, rating_sum=0, weeks_since_update=0
    ).total < (
        compute_score(users_7d=15, users_28d=15, rating_count=0, rating_sum=0, weeks_since_update=0).total
    )
    best = compute_score(
        users_7d=9, users_28d=10**7, rating_count=10**6, rating_sum=5 * 10**6, weeks_since_update=0
    )
    assert best.total <= 100

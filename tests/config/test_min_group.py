"""Figures about people that creators and the public see: none of fewer than five."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core.ids import uuid7
from core.min_group import MIN_GROUP, show_figure
from gpts.assistants.models import GPT
from gpts.chat.services.min_group import mark_used_gpts
from gpts.evals.metrics import compute_satisfaction
from gpts.insights import grouping
from gpts.metering.models import UsageEvent
from marketplace import cards
from marketplace.models import Listing, ListingScore
from marketplace.queries import page_private_store
from marketplace.services.scores import compute_scores
from tests.support.api_client import ApiClient
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_finished_turn, make_listing
from tests.support.pages import sign_in
from workspaces.access import personal_workspace

pytestmark = pytest.mark.django_db
FIGURES = ("users_7d", "users_28d", "conversations_7d", "conversations_28d", "conversations_total")


def use(listing: Listing, people: int) -> None:
    """Let that many people have one conversation each, of which usage and turns tell."""
    moment = NOW - timedelta(days=1)
    for _number in range(people):
        user = UserFactory.create()
        make_finished_turn(user, listing)
        UsageEvent.objects.create(
            event_id=uuid7(moment), workspace_id=personal_workspace(user).pk, user_id=user.pk,
            gpt_id=listing.gpt_id, gpt_workspace_id=listing.workspace_id, version_id=listing.version_id,
            payee_id=listing.publisher_id, conversation_id=uuid7(moment), occurred_at=moment,
            received_at=moment, input_tokens=1, output_tokens=1, cost_micros=0, model_name="m",
            is_paid_user=False, outcome="finished", source="web", payload_hash="0" * 64,
        )  # fmt: skip
    GPT.objects.filter(pk=listing.gpt_id).update(conversation_count=people)
    compute_scores(at=NOW)
    mark_used_gpts()


def list_shown(listing: Listing) -> dict[str, Any]:
    """Return every figure of use that visitors and the creator can read of the listing."""
    reader = ApiClient(UserFactory.create(), scopes=["store:read"])
    about = reader.get(f"store/listings/{listing.slug}/").json()
    (card,) = reader.get("store/listings/").json()["items"]
    owner = ApiClient(listing.publisher)
    score = ListingScore.objects.get(pk=listing.pk)
    stored = {name: getattr(score, name) for name in FIGURES}
    return {
        "about": (about["users_28d"], about["conversations"]),
        "card": (card["users_28d"], card["conversations"]),
        "why": "people outside" in about["why"] or "person outside" in about["why"],
        "breadth": score.breadth,
        "trend": score.trend,
        "stored": stored,
        "own": owner.get(f"gpts/{listing.gpt.slug}").json()["conversation_count"],
        "own list": [row["conversation_count"] for row in owner.get("gpts").json()["items"]],
    }


def test_one_constant_for_all() -> None:
    assert grouping.GROUP_SIZE == cards.MIN_SHOWN_RATINGS == MIN_GROUP == 5
    assert compute_satisfaction(4, MIN_GROUP - 1, 4)["satisfaction"] is None
    assert compute_satisfaction(5, MIN_GROUP, 5)["satisfaction"] == 1
    assert (show_figure(9, people=MIN_GROUP - 1), show_figure(9, people=MIN_GROUP)) == (None, 9)


@pytest.mark.parametrize("people", [1, MIN_GROUP - 1])
def test_too_few_people_look_like_nobody(people: int) -> None:
    """Also in the score, whose formula is public."""
    nobody = make_listing()
    use(nobody, 0)
    shown_for_nobody = list_shown(nobody)
    Listing.objects.filter(pk=nobody.pk).update(state="delisted")
    few = make_listing()
    use(few, people)

    assert list_shown(few) == shown_for_nobody
    assert shown_for_nobody["own"] is None
    page = sign_in(few.publisher).get("/build/").content.decode()
    assert "Shown from five people on" in page
    about = Client().get(f"/g/{few.slug}").content.decode()
    assert "conversation" not in about.partition("about-head")[2].partition("about-promise")[0]


def test_enough_people_are_shown() -> None:
    listing = make_listing()
    use(listing, MIN_GROUP)
    shown = list_shown(listing)
    assert shown["about"] == shown["card"] == (5, 5)
    assert (shown["why"], shown["own"], shown["own list"]) == (True, 5, [5])
    assert shown["breadth"] > 0


def test_the_owners_own_use_does_not_fill_the_group() -> None:
    """Whoever knows their own part could subtract it."""
    listing = make_listing()
    use(listing, MIN_GROUP - 1)
    make_finished_turn(listing.publisher, listing)
    mark_used_gpts()
    assert GPT.objects.get(pk=listing.gpt_id).shown_conversations is None


def test_the_private_store_shows_no_small_number() -> None:
    listing = make_listing()
    gpt = listing.gpt
    gpt.live_versions.create(version=listing.version, audience="workspace", since=NOW)
    use(listing, MIN_GROUP - 1)
    assert [card.conversations for card in page_private_store(gpt.workspace, gpt.owner)[1]] == [None]
    use(listing, MIN_GROUP)
    assert [card.conversations for card in page_private_store(gpt.workspace, gpt.owner)[1]] == [5]

"""Which tables the periodic jobs of the store read whole, and how its pages find rows in order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from core.scope import system_scope
from gpts.assistants.models import GPT
from marketplace.models import Listing
from marketplace.queries import browse_listings, list_leaderboards, storefront
from marketplace.services.listing_vectors import list_waiting_listings
from marketplace.services.listings import delist_deleted_gpts
from marketplace.services.scores import compute_scores
from marketplace.states import Board
from marketplace.synthetic.load import load_synthetic_listings
from tests.support.query_plans import list_reads_of, list_whole_reads_of
from tests.support.times import AT

pytestmark = pytest.mark.django_db


def test_jobs_read_whole_only_what_they_compute() -> None:
    """400 listings with use and ratings: the planner chooses as it does with more."""
    with system_scope("tests"):
        load_synthetic_listings(400, at=AT, with_vectors=False)
        compute_scores(at=AT)
        gpt = GPT.objects.order_by("pk").first()
        assert gpt is not None
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        scores = list_whole_reads_of(lambda: compute_scores(at=AT + timedelta(hours=1)))
        vectors = list_whole_reads_of(lambda: list(list_waiting_listings()[:10]))
        deletions = list_whole_reads_of(lambda: delist_deleted_gpts(at=AT))
        GPT.objects.filter(pk=gpt.pk).update(deleted_at=AT)
        delisted = delist_deleted_gpts(at=AT)

    # Ranks are of all listings, figures of all use: both once, never once for each other.
    assert scores <= {"marketplace_listing", "marketplace_listingscore", *list_partitions()}
    assert "workspaces_member" not in scores and "gpts_usagevoid" not in scores
    # What is looked for every minute goes through the listings once, and to each GPT and vector by an index.
    assert deletions <= {"marketplace_listing"} and vectors <= {"marketplace_listing"}
    assert delisted == 1
    assert Listing.objects.get(gpt_id=gpt.pk).state == "delisted"


def test_rows_of_the_first_page_and_leaderboards_come_in_the_order_of_an_index() -> None:
    """However many listings there are, a row of the page reads about as many as it shows."""
    with system_scope("tests"):
        load_synthetic_listings(300, at=AT, with_vectors=False)
        compute_scores(at=AT)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        today = AT.date()
        rows = {
            "trending": list_reads_of(lambda: storefront._list_trending(set())),
            "categories": list_reads_of(lambda: storefront._list_best_by_category(set(), "en")),
            "new": list_reads_of(lambda: storefront._list_noteworthy(set(), today, "en")),
            "leaderboards": list_reads_of(list_leaderboards),
            "best of one": list_reads_of(lambda: browse_listings(category="writing", board=Board.BEST)),
            "new of one": list_reads_of(lambda: browse_listings(category="writing", board=Board.NEW)),
        }

    wanted = {
        "trending": "marketplace_score_trend",
        "categories": "marketplace_listing_cat",
        "new": "marketplace_listing_new",
        "leaderboards": "marketplace_listing_cat",
        "best of one": "marketplace_listing_cat",
        "new of one": "marketplace_listing_cat_new",
    }
    assert {name: index for name, index in wanted.items() if index not in rows[name].indexes} == {}
    assert {name: reads.scanned for name, reads in rows.items() if reads.scanned} == {}
    assert {name: reads.sorted for name, reads in rows.items() if reads.sorted} == {}


def list_partitions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'gpts_usageevent'::regclass"
        )
        return {"gpts_usageevent", *(name for (name,) in cursor.fetchall())}

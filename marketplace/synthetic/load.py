"""Loading synthetic listings, thousands at once, with their GPTs, versions, usage and ratings."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection

from core.min_group import MIN_GROUP, show_figure
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.models.gpts import Behaviour
from marketplace.cards import make_tagline
from marketplace.scoring import compute_score
from marketplace.search.spelling import build_trigrams, get_terms
from marketplace.search.tsvector import VECTOR_SQL, Searchable
from marketplace.synthetic.generate import SyntheticListing, generate_listing
from marketplace.synthetic.people import LISTINGS_PER_BUILDER, READERS, ensure_people
from marketplace.synthetic.vectors import TopicVectors, insert_vectors, is_possible
from marketplace.synthetic.word_lists import WORD_LISTS

CHUNK = 5_000
MODEL = "offline"

LISTING_COLUMNS = (
    "id", "gpt_id", "version_id", "publisher_id", "workspace_id", "slug", "name", "tagline",
    "description", "starters", "icon", "category", "capabilities", "model_label", "has_knowledge",
    "languages", "version_number", "release_notes", "builder_handle", "builder_name",
    "builder_verified", "state", "state_before", "published_at", "updated_at", "popularity",
)  # fmt: skip
TEXT_COLUMNS = ("exact", "e1", "e2", "e3", "e4")
Row = tuple[Any, ...]
Person = tuple[int, int, str]


def count_synthetic_listings() -> int:
    """Count the synthetic listings; they are numbered from 1 without gaps."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM gpts_gpt WHERE slug LIKE 'catalogue-%'")
        return int(cursor.fetchone()[0])


def load_synthetic_listings(total: int, *, at: datetime, with_vectors: bool = True) -> int:
    """Add synthetic listings up to ``total`` and return how many were added.

    Their vectors are left out where the built-in model is missing or off. Opens its own system scopes. Each
    chunk is one transaction, so an interrupted run can be repeated. Raises ModelFailure.
    """
    with system_scope("marketplace.seed_catalogue"):
        present = count_synthetic_listings()
        builders = ensure_people("maker", -(-total // LISTINGS_PER_BUILDER), at=at - timedelta(days=500))
        readers = ensure_people("reader", min(READERS, max(50, total)), at=at - timedelta(days=500))
        vectors = TopicVectors() if with_vectors and is_possible() else None
    for first in range(present + 1, total + 1, CHUNK):
        generated = [generate_listing(number) for number in range(first, min(first + CHUNK, total + 1))]
        if vectors is not None:
            vectors.prepare(generated)
        with system_scope("marketplace.seed_catalogue"):
            _load_chunk(generated, builders, readers, at, vectors)
    return max(0, total - present)


def _load_chunk(
    generated: list[SyntheticListing],
    builders: list[Person],
    readers: list[Person],
    at: datetime,
    vectors: TopicVectors | None,
) -> None:
    with connection.cursor() as cursor:
        gpt_ids = _reserve_ids(cursor, "gpts_gpt", len(generated))
        version_ids = _reserve_ids(cursor, "gpts_version", len(generated))
        listing_ids = _reserve_ids(cursor, "marketplace_listing", len(generated))
        cursor.execute(
            "SELECT user_id, handle, verified_name_at IS NOT NULL FROM marketplace_builderprofile"
            " WHERE user_id = ANY(%s)",
            [[builder[0] for builder in builders]],
        )
        profiles = {row[0]: row[1:] for row in cursor.fetchall()}
        rows = [
            _ListingRows(
                item, keys, builders[(item.number - 1) // LISTINGS_PER_BUILDER], profiles, readers, at
            )
            for item, *keys in zip(generated, gpt_ids, version_ids, listing_ids, strict=True)
        ]
        _insert(cursor, "gpts_gpt", _GPT_COLUMNS, (row.gpt_row() for row in rows))
        _insert(cursor, "gpts_version", _VERSION_COLUMNS, (row.version_row() for row in rows))
        _insert(cursor, "gpts_liveversion", _LIVE_COLUMNS, (row.live_row() for row in rows))
        _load_listings(cursor, rows)
        _insert(cursor, "marketplace_listingscore", _SCORE_COLUMNS, (row.score_row() for row in rows))
        _insert(
            cursor, "marketplace_listingrelease", ("listing_id", "number", "notes", "released_at"),
            ((row.listing, 1, "First version.", row.updated) for row in rows),
        )  # fmt: skip
        _insert(cursor, "marketplace_rating", _RATING_COLUMNS, (r for row in rows for r in row.rating_rows()))
        _insert(cursor, "gpts_usageevent", _USAGE_COLUMNS, (e for row in rows for e in row.usage_rows()))
        _load_terms(cursor, rows)
        if vectors is not None:
            insert_vectors(cursor, {(row.listing, row.version): vectors.encode(row.item) for row in rows})


class _ListingRows:
    """The rows of one synthetic listing, for each table."""

    def __init__(
        self,
        item: SyntheticListing,
        keys: list[int],
        builder: Person,
        profiles: dict[int, Row],
        readers: list[Person],
        at: datetime,
    ) -> None:
        self.item, self.at = item, at
        self.gpt, self.version, self.listing = keys
        self.owner, self.workspace, self.builder_name = builder
        self.handle, self.verified = profiles[self.owner]
        self.updated = at - timedelta(days=item.age_days)
        self.rng = Random(f"use {item.number}")  # noqa: S311 - reproducible, not secret
        self.fans = self.rng.sample(readers, min(item.users, len(readers)))
        # Moments of use within the last four weeks, one for each person.
        self.ages = [self.rng.uniform(0, 28) for _fan in self.fans]
        self.raters = self.fans[: len(self.fans) // 6]
        self.stars = [min(5, max(1, round(self.rng.gauss(item.stars, 0.8)))) for _rater in self.raters]
        self.users_7d = sum(1 for age in self.ages if age < 7)
        self.score = compute_score(
            users_7d=self.users_7d, users_28d=len(self.fans), rating_count=len(self.stars),
            rating_sum=sum(self.stars), weeks_since_update=item.age_days // 7,
        )  # fmt: skip

    @property
    def behaviour(self) -> Row:
        item = self.item
        return (
            item.name, item.description, "You are a helpful assistant.", item.starters, item.category, "",
            item.capabilities, *_DEFAULTS.values(),
        )  # fmt: skip

    def gpt_row(self) -> Row:
        item = self.item
        return (
            self.gpt, *self.behaviour, self.workspace, self.owner, item.slug, 1, len(self.fans),
            len(self.fans) >= MIN_GROUP, self.updated, self.updated,
        )  # fmt: skip

    def version_row(self) -> Row:
        digest = hashlib.sha256(self.item.slug.encode()).hexdigest()
        return (
            self.version, *self.behaviour, self.gpt, 1, MODEL, [], digest, "First version.", self.owner,
            self.updated,
        )  # fmt: skip

    def live_row(self) -> Row:
        return (self.gpt, "public", self.version, self.updated)

    def searchable(self) -> Searchable:
        item = self.item
        return Searchable.from_texts(
            name=item.name, tagline=make_tagline(item.description), description=item.description,
            starters=item.starters,
        )  # fmt: skip

    def stage_row(self) -> Row:
        item, text = self.item, self.searchable()
        return (
            self.listing, self.gpt, self.version, self.owner, self.workspace, item.slug, item.name,
            text.tagline, item.description, item.starters, "", item.category, item.capabilities, MODEL,
            False,
            ["zh-hans"] if item.is_chinese else ["en"], 1, "First version.", self.handle, self.builder_name,
            self.verified, "listed", "", self.updated, self.updated, self.score.total,
            text.build_exact_vector(), *text.build_english_texts(),
        )  # fmt: skip

    def score_row(self) -> Row:
        counts = Counter(self.stars)
        recent = show_figure(self.users_7d, people=self.users_7d) or 0
        people = show_figure(len(self.fans), people=len(self.fans)) or 0
        return (
            self.listing, self.score.total, self.score.trend, self.score.breadth, self.score.quality,
            self.score.freshness, recent, people, recent, people, people,
            *(counts[star] for star in range(1, 6)), len(self.stars), sum(self.stars), 0, 0, 0, 0, 0, 0,
        )  # fmt: skip

    def rating_rows(self) -> Iterator[Row]:
        for (reader, _workspace, name), stars in zip(self.raters, self.stars, strict=True):
            moment = self.at - timedelta(days=self.rng.uniform(0, 27))
            text = self.rng.choice(["", *WORD_LISTS["reviews"]])
            yield (self.listing, reader, name, stars, text, 1, moment, moment)

    def usage_rows(self) -> Iterator[Row]:
        for (reader, workspace, _name), age in zip(self.fans, self.ages, strict=True):
            moment = self.at - timedelta(days=age)
            moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
            event, conversation = self._uuid(moment), self._uuid(moment)
            yield (
                event, "turn", workspace, reader, self.gpt, self.workspace, self.version, self.owner,
                conversation, moment, moment, self.rng.randrange(50, 900), self.rng.randrange(50, 1200), 0,
                MODEL, "", False, False, "finished", "seed", event.hex * 2,
            )  # fmt: skip

    def _uuid(self, moment: datetime) -> UUID:
        bits = (round(moment.timestamp() * 1000) << 80) | self.rng.getrandbits(80)
        return UUID(int=bits & ~(0xF << 76) & ~(0x3 << 62) | (0x7 << 76) | (0x2 << 62))


_GENERATED = ("name", "description", "instructions", "starters", "category", "icon", "capabilities")
# Other columns get their model defaults, because inserts name a value for every column.
_DEFAULTS = {
    field.column: field.get_default()
    for field in GPT._meta.concrete_fields
    if field.name in {own.name for own in Behaviour._meta.local_fields} - set(_GENERATED)
}
_BEHAVIOUR = (*_GENERATED, *_DEFAULTS)
_GPT_COLUMNS = (
    "id", *_BEHAVIOUR, "workspace_id", "owner_id", "slug", "draft_revision", "conversation_count",
    "has_min_group", "created_at", "updated_at",
)  # fmt: skip
_VERSION_COLUMNS = (
    "id", *_BEHAVIOUR, "gpt_id", "number", "model_name", "knowledge_hashes", "content_hash", "release_notes",
    "created_by_id", "created_at",
)  # fmt: skip
_SCORE_COLUMNS = (
    "listing_id", "score", "trend", "breadth", "quality", "freshness", "users_7d", "users_28d",
    "conversations_7d", "conversations_28d", "conversations_total", "stars_1", "stars_2", "stars_3",
    "stars_4", "stars_5", "rating_count", "rating_sum", "rank", "previous_rank", "category_rank",
    "previous_category_rank", "trend_rank", "previous_trend_rank",
)  # fmt: skip
_LIVE_COLUMNS = ("gpt_id", "audience", "version_id", "since")
_RATING_COLUMNS = (
    "listing_id", "user_id", "author_name", "stars", "text", "version_number", "created_at", "updated_at",
)  # fmt: skip
_USAGE_COLUMNS = (
    "event_id", "kind", "workspace_id", "user_id", "gpt_id", "gpt_workspace_id", "version_id",
    "payee_id", "conversation_id", "occurred_at", "received_at", "input_tokens", "output_tokens",
    "cost_micros", "model_name", "price_version", "is_paid_user", "is_regeneration", "outcome",
    "source", "payload_hash",
)  # fmt: skip


def _reserve_ids(cursor: Any, table: str, count: int) -> list[int]:
    cursor.execute(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
    )
    return [row[0] for row in cursor.fetchall()]


def _insert(cursor: Any, table: str, columns: Iterable[str], rows: Iterable[Row]) -> None:
    """Insert many rows at once. COPY cannot write to tables with row-level security."""
    names = ", ".join(columns)
    cursor.execute(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table}, %s)",  # noqa: S608
        [_as_json(columns, rows)],
    )


def _as_json(columns: Iterable[str], rows: Iterable[Row]) -> str:
    names = tuple(columns)
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str)


def _load_listings(cursor: Any, rows: list[_ListingRows]) -> None:
    """Insert listings; the database's English stemmer computes the search column."""
    names = ", ".join(f"listing.{column}" for column in LISTING_COLUMNS)
    vector = VECTOR_SQL % tuple(f"(item->>'{column}')" for column in TEXT_COLUMNS)
    cursor.execute(
        f"INSERT INTO marketplace_listing ({', '.join(LISTING_COLUMNS)}, search) SELECT {names}, {vector}"  # noqa: S608
        " FROM json_array_elements(%s) item, json_populate_record(NULL::marketplace_listing, item) listing",
        [_as_json((*LISTING_COLUMNS, *TEXT_COLUMNS), (row.stage_row() for row in rows))],
    )


def _load_terms(cursor: Any, rows: list[_ListingRows]) -> None:
    counts = Counter(term for row in rows for term in get_terms(row.searchable()))
    cursor.executemany(
        "INSERT INTO marketplace_searchterm (term, trigrams, listing_count) VALUES (%s, %s::varchar[], %s)"
        " ON CONFLICT (term) DO UPDATE"
        " SET listing_count = marketplace_searchterm.listing_count + excluded.listing_count",
        [(term, build_trigrams(term), count) for term, count in sorted(counts.items())],
    )

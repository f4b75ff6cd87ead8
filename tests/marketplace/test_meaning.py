"""Search by meaning: the demo's listings answer what people type, and nothing depends on the vectors."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone, translation
from django.utils.translation import gettext

from core.connections import WaitInTransactionError
from core.scope import system_scope
from demo.chinese_gpts import CHINESE
from demo.english_gpts import ENGLISH
from gpts.llm.models import SemanticSearch
from gpts.llm.runtime import builtin_embeddings
from gpts.llm.states import SearchMode
from marketplace.models import ListingVector
from marketplace.queries import search_listings
from marketplace.search import meaning, ranking, vectors
from marketplace.search.query_vectors import get_query_vector, is_noise
from marketplace.search.ranking import SearchPage
from marketplace.services.listing_vectors import build_text, embed_listings, list_waiting_listings
from marketplace.services.listings import delist_listing, publish_listing, quarantine_listing
from tests.support.marketplace import NOW, make_listing, make_version

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not builtin_embeddings.is_available(), reason="the wheel of the model is missing"),
]

HERE = Path(__file__).parent
KEYS = {entry.name: entry.key for entry in ENGLISH + CHINESE}
DRINK = "hot drink from leaves"


def read_queries(name: str) -> list[tuple[str, set[str]]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("|") for line in lines if not line.startswith("#")]
    return [(text.strip(), {key.strip() for key in keys.split(",")}) for text, keys in pairs]


QUERIES = read_queries("demo_queries.txt")
HELD_OUT, TUNED = QUERIES[1::2], QUERIES[0::2]


@pytest.fixture(autouse=True)
def no_vectors_of_other_tests() -> Iterator[None]:
    meaning.forget()
    yield
    meaning.forget()


def embed() -> int:
    """Make missing vectors, and let this process read them."""
    made = embed_listings(clock=timezone.now)
    meaning.refresh()
    return made


def find(text: str, **options: str) -> SearchPage:
    return search_listings(text, vector=get_query_vector(text), **options)  # type: ignore[arg-type]


def names(text: str, **options: str) -> list[str]:
    return [card.name for card in find(text, **options).items]


def list_hints() -> list[str]:
    """Return the searches that the first page proposes, in English and Chinese."""
    template = (settings.BASE_DIR / "templates/marketplace/_storefront.html").read_text(encoding="utf-8")
    [message] = re.findall(r'translate "(Try [^"]+)" as search_hint', template)
    texts = []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            texts += re.findall("“(.+?)”", gettext(message))
    assert len(texts) == 6
    return texts


def measure(queries: list[tuple[str, set[str]]], list_names: Callable[[str], list[str]] = names) -> float:
    """Return the mean reciprocal rank within the first ten results."""
    total = 0.0
    for text, right in queries:
        found = [KEYS[name] for name in list_names(text)[:10]]
        total += next((1 / place for place, key in enumerate(found, start=1) if key in right), 0)
    return total / len(queries)


@pytest.fixture
def demo_store() -> None:
    """The demo's listings as the store publishes them, with their vectors."""
    for entry in ENGLISH + CHINESE:
        make_listing(
            name=entry.name,
            description=entry.description,
            category=entry.category,
            starters=list(entry.starters),
            instructions=entry.instructions,
        )
    embed()
    assert ListingVector.objects.count() == len(ENGLISH + CHINESE)


@pytest.mark.usefixtures("demo_store")
def test_the_demo_answers_half_sentences_and_chinese() -> None:
    def by_words(text: str) -> list[str]:
        return [card.name for card in search_listings(text).items]

    assert len(QUERIES) >= 150
    assert names("help me write an email to my landlord")[0] == "Plain Letter"
    assert names("古文翻译")[0] == "文言小书童"
    assert names("title ideas for my blog post")[0] == "Headline Desk"
    assert measure(HELD_OUT) >= 0.89
    assert measure(TUNED) >= 0.91
    assert measure(HELD_OUT, by_words) < 0.7
    assert [text for text in list_hints() if not by_words(text)] == []
    # Texts that are not searches find nothing.
    assert [names(text) for text in ("zzzzqqqqxxxx", "12345", "啊啊啊啊")] == [[], [], []]


def test_words_alone_answer_while_vectors_are_missing() -> None:
    make_listing(name="Plain Letter", description="Edits letters.", starters=[])
    assert get_query_vector("letter") is None
    assert names("letter") == ["Plain Letter"]
    assert names("correspondence with an authority") == []


def test_vectors_follow_the_listing() -> None:
    listing = make_listing(name="Old teapot", description="Brews green tea.", starters=[])
    assert embed() == 1
    assert embed() == 0
    assert names(DRINK) == ["Old teapot"]

    listing.gpt.description = "Fixes bicycles."
    listing.gpt.name = "Spanner"
    listing.gpt.starters = ["My chain slips"]
    listing.gpt.save()
    publish_listing(gpt=listing.gpt, version=make_version(listing.gpt), by=None, at=NOW)
    assert [waiting.pk for waiting in list_waiting_listings()] == [listing.pk]
    assert embed() == 1
    assert names("repair a flat tyre of a bike") == ["Spanner"]
    assert names(DRINK) == []

    delist_listing(listing=listing, by=None, at=NOW, reason="")
    embed()
    assert not ListingVector.objects.exists()
    assert meaning.get_matrix() is None


def test_a_hidden_listing_leaves_the_results_at_once() -> None:
    listing = make_listing(name="Old teapot", description="Brews green tea.", starters=[])
    embed()
    assert names(DRINK) == ["Old teapot"]
    quarantine_listing(listing=listing, by=None, at=NOW)
    assert names(DRINK) == []
    found = find(DRINK)
    assert (found.found, found.matches) == (0, 0)


def test_pages_stay_the_same_while_vectors_change() -> None:
    for number in range(30):
        make_listing(
            name=f"Teapot {number}",
            description="Brews green tea.",
            category="lifestyle" if number % 2 else "writing",
            starters=[],
        )
    embed()
    first = find(DRINK)
    assert len(first.items) == ranking.PAGE_SIZE
    ListingVector.objects.filter(listing__slug__in=[card.slug for card in first.items[:5]]).delete()
    make_listing(name="Kettle", description="Boils water.", starters=[])
    embed()

    second = search_listings(DRINK, cursor=first.next_cursor)
    assert len({card.id for card in first.items + second.items}) == 30
    cache.clear()
    again = find(DRINK, cursor=first.next_cursor)
    assert again.items
    assert not {card.id for card in again.items} & {card.id for card in first.items[:18]}
    found = find(DRINK, category="lifestyle")
    assert {card.category for card in found.items} == {"lifestyle"}


def test_instructions_are_no_part_of_the_vector() -> None:
    listing = make_listing(
        name="Old teapot",
        description="Brews tea.",
        starters=["Which leaves?"],
        instructions="Repair bicycles and flat tyres.",
    )
    assert build_text(listing) == "Old teapot\nBrews tea.\nWhich leaves?\nWriting"


def test_words_alone_by_choice_of_the_operator_and_by_setting(settings: Any) -> None:
    make_listing(name="Old teapot", description="Brews green tea.", starters=[])
    embed()
    settings.SEMANTIC_SEARCH = False
    assert names(DRINK) == []
    settings.SEMANTIC_SEARCH = True
    assert names(DRINK) == ["Old teapot"]
    with system_scope("test"):
        SemanticSearch.objects.create(id=1, mode=SearchMode.FULL_TEXT, changed_at=NOW)
    embed()
    assert not ListingVector.objects.exists()
    assert names(DRINK) == []


def test_a_query_vector_is_cached_by_the_normalised_text_and_never_waits_in_a_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_listing(name="Old teapot", description="Brews green tea.", starters=[])
    embed()
    first = get_query_vector("How  hot\nshould it be")
    assert first is not None
    with system_scope("test"), pytest.raises(WaitInTransactionError):
        get_query_vector("another search")
    monkeypatch.setattr(builtin_embeddings, "_slots", threading.BoundedSemaphore(1))
    with builtin_embeddings._hold_slot(0.1):
        again = get_query_vector("how hot should it be ")
        assert again is not None
        assert (again.values == first.values).all()
        # Without a free slot words answer alone, after a tenth of a second.
        assert get_query_vector("a search that nobody made yet") is None


def test_a_shortlist_by_signs_finds_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    data = rng.normal(size=(2_000, 384)) + 3
    rows = [(n + 1, n + 1, "writing", vectors.encode_vector(row)) for n, row in enumerate(data)]
    matrix = vectors.build_matrix(rows[:1_500], dimensions=384)
    matrix = vectors.build_matrix(rows[1_500:], dimensions=384, before=matrix)
    wanted = (data[1_700] + rng.normal(scale=0.3, size=384)).astype(np.float32)
    wanted /= np.linalg.norm(wanted)
    centre = np.full(384, wanted.mean(), np.float32)
    monkeypatch.setattr(vectors, "EXACT", 100)

    def nearest(category: str) -> list[int]:
        return list(matrix.find_nearest(wanted, centre=centre, category=category, most=1, margin=1, floor=0))

    assert nearest("") == nearest("writing") == [1_701]
    assert nearest("education") == []
    kept = vectors.keep_rows(matrix, np.array([5, 1_701]))
    assert kept.listings.tolist() == [5, 1_701]
    assert list(kept.compare([4, 5], wanted)) == [5]


@pytest.mark.parametrize(
    ("text", "noise"),
    [
        ("zzzzqqqq", True),
        ("zxcvbnm", True),
        ("12345", True),
        ("的的的", True),
        ("!!!", True),
        ("", True),
        ("strengths", False),
        ("sql", False),
        ("TAM SAM SOM", False),
        ("2024 taxes", False),
        ("周报", False),
    ],
)
def test_keyboard_noise_is_not_embedded(text: str, noise: bool) -> None:
    assert is_noise(text) is noise

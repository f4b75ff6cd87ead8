"""Search: relevance, spelling correction, pagination, and that nothing private is found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.errors import InvalidInput
from marketplace.models import Listing
from marketplace.queries import search_listings
from marketplace.search import candidates
from marketplace.search.query_plan import SCAN_BY_POPULARITY, SORT_MATCHES, choose_order
from marketplace.search.spelling import count_edits, find_nearest
from marketplace.search.tokens import detect_languages, list_index_tokens
from marketplace.services.listings import delist_listing, quarantine_listing
from tests.support.marketplace import NOW, make_gpt, make_listing, make_version

pytestmark = pytest.mark.django_db

LISTINGS = [
    ("Cover letter coach", "Writes cover letters that sound like you.", "writing"),
    ("SQL query tutor", "Explains joins, indexes and window functions.", "programming"),
    ("Recipe planner", "Plans vegetarian meals for the week and a shopping list.", "lifestyle"),
    ("Thesis reviewer", "Reads your chapter and says what is missing.", "education"),
    ("作文老师", "帮小学生改作文，说明为什么这样改。", "education"),
    ("面试教练", "模拟面试并给出反馈，适合应届毕业生。", "productivity"),
    ("素食菜谱", "一周素食菜单和购物清单。", "lifestyle"),
    ("C++ helper", "Reads compiler errors of C++ and C# aloud.", "programming"),
]


@pytest.fixture
def listings() -> None:
    for name, description, category in LISTINGS:
        make_listing(name=name, description=description, category=category, starters=[])


def names(text: str, **options: Any) -> list[str]:
    return [card.name for card in search_listings(text, **options).items]


@pytest.mark.usefixtures("listings")
@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("cover letter", "Cover letter coach"),
        ("covering letters", "Cover letter coach"),
        ("COVER  LETTER", "Cover letter coach"),
        ("sql", "SQL query tutor"),
        ("window function", "SQL query tutor"),
        ("vegetarian meals", "Recipe planner"),
        ("help me with my thesis", "Thesis reviewer"),
        ("作文", "作文老师"),
        ("改作文", "作文老师"),
        ("小学生作文", "作文老师"),
        ("面试", "面试教练"),
        ("模拟面试", "面试教练"),
        ("素食 菜单", "素食菜谱"),
        ("ＳＱＬ", "SQL query tutor"),
        ("c++", "C++ helper"),
        ("c#", "C++ helper"),
    ],
)
def test_the_right_listing_is_first(text: str, first: str) -> None:
    assert names(text)[:1] == [first]


@pytest.mark.usefixtures("listings")
@pytest.mark.parametrize(
    ("typed", "meant", "first"),
    [
        ("recpie", "recipe", "Recipe planner"),
        ("thesis reviwer", "thesis reviewer", "Thesis reviewer"),
        ("vegeterian", "vegetarian", "Recipe planner"),
        ("quary tutor", "query tutor", "SQL query tutor"),
    ],
)
def test_spelling_is_corrected_and_the_correction_shown(typed: str, meant: str, first: str) -> None:
    found = search_listings(typed)

    assert found.shown_for == meant
    assert found.items[0].name == first


@pytest.mark.usefixtures("listings")
def test_partial_matches_are_shown_when_nothing_matches_all_words() -> None:
    found = search_listings("thesis zzzzqqqq")

    assert [card.name for card in found.items] == ["Thesis reviewer"]
    assert found.is_partial


@pytest.mark.usefixtures("listings")
@pytest.mark.parametrize(
    "text", ["", "   ", "zzzzqqqqxxxx", "'); DROP TABLE", "& | ! :*", "\\", "'", "<b>", "的"]
)
def test_odd_search_texts_never_fail(text: str) -> None:
    found = search_listings(text)

    assert len(found.items) <= len(LISTINGS)


def test_a_word_in_the_name_weighs_more_than_one_in_the_text() -> None:
    make_listing(name="Plain helper", description="Knows chess and chess and chess.")
    make_listing(name="Chess club", description="Meets on Fridays.")

    assert names("chess") == ["Chess club", "Plain helper"]


def test_popularity_decides_between_equal_texts() -> None:
    for number in range(3):
        listing = make_listing(name="Budget keeper", description="Keeps a budget.")
        Listing.objects.filter(pk=listing.pk).update(popularity=30 * number)

    popularity = [card.popularity for card in search_listings("budget").items]

    assert popularity == [60, 30, 0]


def test_an_exact_name_is_found_despite_more_popular_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    smaller = candidates.FIND_SQL.replace(f"LIMIT {candidates.MAX_CANDIDATES}", "LIMIT 2")
    monkeypatch.setattr(candidates, "FIND_SQL", smaller)
    for _number in range(4):
        popular = make_listing(name="Garden diary", description="For every gardener: tulips.")
        Listing.objects.filter(pk=popular.pk).update(popularity=90)
    make_listing(name="Tulips", description="Only that.")

    assert names("tulips")[0] == "Tulips"


@pytest.mark.parametrize("hide", [quarantine_listing, delist_listing])
def test_hidden_names_are_not_found_suggested_or_counted(hide: object) -> None:
    make_listing(name="Open garden", description="Plants.")
    secret = make_listing(name="Xylograph atelier", description="Prints.")
    assert names("xylograph") == ["Xylograph atelier"]

    hide(listing=secret, by=None, at=NOW, reason="Test.")  # type: ignore[operator]

    for text in ("Xylograph atelier", "xylograf", "xylographs"):
        found = search_listings(text)
        assert (found.items, found.found, found.shown_for, found.suggestion) == ([], 0, "", "")


def test_a_private_gpt_is_never_found_or_suggested() -> None:
    gpt = make_gpt(name="Quarterly numbers", description="Internal quokka project.")
    make_version(gpt)
    make_listing()

    for text in ("Quarterly numbers", "quokka", "quoka", "quartely"):
        found = search_listings(text)
        assert (found.items, found.found, found.shown_for, found.suggestion) == ([], 0, "", "")


def test_pages_are_stable_while_listings_come_and_go() -> None:
    for number in range(30):
        listing = make_listing(name=f"Poem maker {number}", description="Poems.")
        Listing.objects.filter(pk=listing.pk).update(popularity=number)
    first = search_listings("poem")
    make_listing(name="Poem newcomer", description="Poems.", at=NOW + timedelta(days=1))
    quarantine_listing(listing=Listing.objects.get(slug=first.items[0].slug), by=None, at=NOW)

    second = search_listings("poem", cursor=first.next_cursor)

    seen = [card.slug for card in first.items] + [card.slug for card in second.items]
    assert len(first.items) == 24
    assert len(seen) == len(set(seen))
    assert {card.name for card in second.items} >= {f"Poem maker {number}" for number in range(6)}
    assert second.next_cursor == ""


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIiwxXQ", "WyIxIiwiYSJd", "W251bGwsMV0", "////", "é"])
def test_an_invalid_cursor_is_refused(cursor: str) -> None:
    make_listing()

    with pytest.raises(InvalidInput) as refused:
        search_listings("essay", cursor=cursor)

    assert refused.value.code == "cursor_invalid"


def test_category_narrows() -> None:
    make_listing(name="Poem maker", category="writing")
    make_listing(name="Poem teacher", category="education")

    assert names("poem", category="education") == ["Poem teacher"]
    assert names("", category="education") == ["Poem teacher"]


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [
        ("recipe", "recipe", 0),
        ("recpie", "recipe", 1),
        ("recip", "recipe", 1),
        ("abc", "xyz", 3),
        ("a", "abcd", 3),
    ],
)
def test_swapped_letters_count_as_one_edit(first: str, second: str, edits: int) -> None:
    assert count_edits(first, second, limit=2) == edits


def test_nearest_prefers_fewer_edits_then_more_use() -> None:
    assert find_nearest("writng", [("writing", 1), ("waiting", 900)]) == "writing"
    assert find_nearest("cofee", [("coffee", 2), ("cofer", 9)]) == "cofer"
    assert find_nearest("word", [("lord", 5), ("work", 2)]) == "work"
    assert find_nearest("sql", [("html", 5)]) is None


def test_tokens() -> None:
    assert list_index_tokens("Ｃ++ 写作助手 v2") == [
        "c++",
        "写",
        "作",
        "助",
        "手",
        "写作",
        "作助",
        "助手",
        "v2",
    ]
    assert detect_languages("帮你改 essay") == ["zh-hans"]
    assert detect_languages("Write an essay with me") == ["en"]


@pytest.mark.parametrize(
    ("matching", "inside", "way"),
    [
        (10, 100_000, SORT_MATCHES),
        (4_500, 100_000, SORT_MATCHES),
        (12_000, 100_000, SCAN_BY_POPULARITY),
        (60_000, 100_000, SCAN_BY_POPULARITY),
        (4_500, 1_000, SCAN_BY_POPULARITY),
        (10, 1_000, SORT_MATCHES),
    ],
)
def test_common_words_scan_by_popularity_and_rare_ones_sort_matches(
    matching: int, inside: int, way: str
) -> None:
    assert choose_order(matching=matching, total=100_000, in_category=inside, limit=300) == way


@pytest.mark.parametrize("category", ["", "writing"])
def test_both_plans_find_the_same(category: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        make_listing(name=f"Essay coach {number}")
        make_listing(name=f"Budget coach {number}", category="lifestyle")
    found = []
    for way in (SCAN_BY_POPULARITY, SORT_MATCHES):
        monkeypatch.setattr("marketplace.search.query_plan.choose_order", lambda *, way=way, **_rows: way)
        found.append(search_listings("coach", category=category))

    assert found[0] == found[1]
    assert found[0].found == (5 if category else 10)

"""Suggestions while somebody types: what is found, for whom, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from core.rate_limits import Limit
from core.scope import public_reader
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from marketplace.api import views as api_views
from marketplace.models import Listing, SearchTerm
from marketplace.queries.suggestions import list_suggestions, suggest_listings
from marketplace.search import suggestions
from marketplace.search.spelling import list_nearest_beginnings
from marketplace.services.listings import delist_listing, quarantine_listing
from marketplace.web import suggestions as suggestion_pages
from tests.support.api_client import create_key, get_bearer_header
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_finished_turn, make_gpt, make_listing, make_version
from tests.support.pages import sign_in
from workspaces.models import User

pytestmark = pytest.mark.django_db

NAMES = [
    "Letter writer",
    "Cover letter coach",
    "SQL query tutor",
    "C++ helper",
    "100% focus_ed",
    "古文翻译老师",
    "作文老师",
    "Landlord letters",
]


FOUND: dict[str, list[str]] = {
    # A name that begins with the text comes first, however popular the others are.
    "let": ["Letter writer", "Landlord letters", "Cover letter coach"],
    "  LETTER  w ": ["Letter writer"],
    "cover let": ["Cover letter coach"],
    "coach cov": ["Cover letter coach"],
    "qu": ["SQL query tutor"],
    "ＳＱＬ": ["SQL query tutor"],
    "c+": ["C++ helper", "Cover letter coach"],
    "c++": ["C++ helper"],
    "100%": ["100% focus_ed"],
    "100% focus_": ["100% focus_ed"],
    "古文": ["古文翻译老师"],
    "古文翻": ["古文翻译老师"],
    "翻译": ["古文翻译老师"],
    "老师": ["作文老师", "古文翻译老师"],
    # One typing error: missing, doubled, wrong and swapped letters, also in a word that is only begun.
    "lettr": ["Letter writer", "Landlord letters", "Cover letter coach"],
    "lettter": ["Letter writer", "Landlord letters", "Cover letter coach"],
    "letetr": ["Letter writer", "Landlord letters", "Cover letter coach"],
    "landlprd": ["Landlord letters"],
    "landlrod let": ["Landlord letters"],
    "cvoer": ["Cover letter coach"],
    # Two errors in a word, words of other texts, and texts longer than any name.
    "lnadlrod": [],
    "vocabulary": [],
    "letter to my landlord about the broken heating in winter, please": [],
    "": [],
    "   ": [],
    "'); DROP TABLE": [],
    "& | ! :*": [],
    "\\": [],
    "%": [],
    "_": [],
}


def find(text: str) -> list[str]:
    return [one.name for one in suggest_listings(text)]


def test_listings_are_found_by_their_names() -> None:
    for number, name in enumerate(NAMES):
        listing = make_listing(name=name, description="Explains vocabulary.", starters=[])
        Listing.objects.filter(pk=listing.pk).update(popularity=10 + number)

    assert {typed: find(typed) for typed in FOUND} == FOUND
    assert {typed: find(typed) for typed in FOUND} == FOUND  # from the cache


@pytest.mark.parametrize(
    ("word", "candidates", "found"),
    [
        ("lettr", [("letter", 3), ("letters", 9), ("lettuce", 5)], ["letter", "lettu"]),
        ("letter", [("letter", 3), ("better", 9)], ["letter", "better"]),
        ("plan", [("planner", 1), ("clan", 8)], ["plan", "clan"]),
        ("zzzz", [("letter", 3)], []),
    ],
)
def test_the_nearest_beginnings_of_words(
    word: str, candidates: list[tuple[str, int]], found: list[str]
) -> None:
    assert list_nearest_beginnings(word, candidates) == found


def test_the_most_popular_eight_are_suggested() -> None:
    for number in range(10):
        listing = make_listing(name=f"Budget keeper {number}", starters=[])
        Listing.objects.filter(pk=listing.pk).update(popularity=number)

    assert find("budget") == [f"Budget keeper {number}" for number in range(9, 1, -1)]
    with translation.override("en"):
        found = list_suggestions("pro", listings=suggest_listings("budget"))
    assert [(one.kind, one.name) for one in found[6:]] == [
        ("category", "Productivity"),
        ("category", "Programming"),
    ]
    assert len(found) == suggestions.MAX_SUGGESTIONS


@pytest.mark.parametrize(
    ("language", "typed", "found"),
    [
        ("en", "wri", ["Writing"]),
        ("en", "anal", ["Research & Analysis"]),
        ("en", "w", []),
        ("en", "ting", []),
        ("zh-hans", "写", ["写作"]),
        ("zh-hans", "writ", ["写作"]),
        ("en", "写", []),
    ],
)
def test_categories_in_the_readers_language(language: str, typed: str, found: list[str]) -> None:
    with translation.override(language):
        assert [one.name for one in list_suggestions(typed, listings=[])] == found


def ask(client: Client, text: str, **headers: str) -> Any:
    return client.get("/search/suggestions", {"q": text}, headers={"HX-Request": "true"} | headers)


def test_what_leaves_the_store_is_suggested_no_more(django_capture_on_commit_callbacks: Any) -> None:
    client = Client()
    listings = [make_listing(name=f"Secret plan {number}", starters=[]) for number in range(4)]
    assert ask(client, "secret pl").content.decode().count('role="option"') == 4

    with django_capture_on_commit_callbacks(execute=True):
        delist_listing(listing=listings[0], reason="", by=None, at=NOW)
        quarantine_listing(listing=listings[1], by=None, at=NOW)

    # At once, although the answer was kept.
    html = ask(client, "secret pl").content.decode()
    assert [name for name in ("0", "1", "2", "3") if f"Secret plan {name}" in html] == ["2", "3"]
    assert find("seecret plan") == ["Secret plan 3", "Secret plan 2"]


def test_a_visitor_gets_a_fragment_from_the_cache_without_a_query() -> None:
    make_listing(name='Evil <b>"name"', starters=[])
    client = Client()
    first = ask(client, "evil")

    with CaptureQueriesContext(connection) as queries:
        second = ask(client, "EVIL ")

    html = second.content.decode()
    assert (first.content, len(queries)) == (second.content, 0)
    assert "Evil &lt;b&gt;&quot;name&quot;" in html
    assert "1 suggestion." in html
    assert {"Accept-Language", "Cookie", "HX-Request"} < set(second["Vary"].split(", "))
    assert not client.cookies


def test_the_script_alone_gets_the_fragment() -> None:
    response = Client().get("/search/suggestions", {"q": "sql & co"})

    assert (response.status_code, response["Location"]) == (302, "/search?q=sql+%26+co")
    assert Client().post("/search/suggestions", {"q": "sql"}).status_code == 405


def test_nothing_that_is_typed_is_kept_or_counted() -> None:
    make_listing(name="Diary", starters=[])
    terms = list(SearchTerm.objects.order_by("term").values_list("term", "listing_count"))

    ask(Client(), "my secret diary")
    ask(Client(), "diary")

    store = redis.Redis.from_url(settings.CACHE_URL)
    values = [key + (store.get(key) or b"") for key in store.scan_iter("*") if store.type(key) == b"string"]
    assert [value for value in values if b"Diary" in value] != []  # the answer is kept
    assert [value for value in values if b"my secret diary" in value] == []
    assert list(SearchTerm.objects.order_by("term").values_list("term", "listing_count")) == terms


def test_own_and_recent_gpts_come_first() -> None:
    reader, maker = UserFactory.create(), UserFactory.create()
    used = make_listing(name="Garden planner", owner=maker, starters=[])
    make_listing(name="Garden poet", owner=maker, starters=[])
    unused = make_listing(name="Garden of others", owner=maker, starters=[])
    Listing.objects.filter(pk=unused.pk).update(popularity=90)
    make_finished_turn(reader, used)
    own = make_gpt(name="My garden", owner=reader)
    key = create_key(reader, "store:read")

    answer = Client().get("/api/v1/store/suggestions/?q=garden", headers=get_bearer_header(key))

    items = answer.json()["items"]
    assert [(item["kind"], item["name"], item["url"]) for item in items] == [
        ("recent", "Garden planner", f"/g/{used.slug}"),
        ("gpt", "Garden of others", f"/g/{unused.slug}"),
        ("gpt", "Garden poet", items[2]["url"]),
    ]
    assert own.slug not in answer.content.decode()  # it is not live
    assert "Recent" in ask(sign_in(reader), "garden").content.decode()
    assert "Recent" not in ask(sign_in(maker), "garden pla").content.decode()
    assert "Recent" not in ask(Client(), "garden").content.decode()


def test_ones_own_gpts_outside_the_store_lead_to_a_chat_and_are_told_to_nobody_else() -> None:
    owner, stranger = UserFactory.create(), UserFactory.create()
    inside, stopped = (make_gpt(name=f"Quiet ledger {number}", owner=owner) for number in range(2))
    for gpt in (inside, stopped):
        version = make_version(gpt)
        set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, by=owner, at=NOW)
    quarantine_gpt(gpt=stopped, at=NOW)

    def list_found(person: User) -> list[str]:
        key = create_key(person, "store:read")
        answer = Client().get("/api/v1/store/suggestions/?q=quiet", headers=get_bearer_header(key))
        return [f"{item['kind']} {item['url']} {item['builder_name']}" for item in answer.json()["items"]]

    assert list_found(owner) == [f"own /g/{inside.slug}/chat "]
    assert list_found(stranger) == []
    assert "Quiet ledger" not in ask(sign_in(stranger), "quiet").content.decode()
    assert "Quiet ledger" not in ask(Client(), "quiet").content.decode()
    assert "Yours" in ask(sign_in(owner), "quiet").content.decode()


def test_the_api_gives_the_same_and_needs_a_key() -> None:
    person = UserFactory.create()
    listing = make_listing(name="Chess club", category="lifestyle", starters=[])
    key = create_key(person, "store:read")

    answer = Client().get("/api/v1/store/suggestions/?q=chess", headers=get_bearer_header(key))

    assert answer.json() == {
        "items": [
            {
                "kind": "gpt",
                "name": "Chess club",
                "slug": listing.slug,
                "category": "lifestyle",
                "url": f"/g/{listing.slug}",
                "icon_url": answer.json()["items"][0]["icon_url"],
                "builder_name": listing.builder_name,
                "builder_verified": False,
            }
        ]
    }
    assert answer.json()["items"][0]["icon_url"].startswith("/icons/drawn/lifestyle/")
    life = Client().get("/api/v1/store/suggestions/?q=lifest", headers=get_bearer_header(key)).json()["items"]
    assert [(item["kind"], item["url"], item["icon_url"]) for item in life] == [
        ("category", "/categories/lifestyle", "")
    ]
    assert Client().get("/api/v1/store/suggestions/?q=chess").status_code == 401
    other = get_bearer_header(create_key(person, "chat"))
    assert Client().get("/api/v1/store/suggestions/?q=chess", headers=other).status_code == 403


def test_too_many_are_refused_with_the_time_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggestion_pages, "NETWORK_LIMIT", Limit("suggestions-network", 2, 60))
    client = Client()

    answers = [ask(client, f"text {number}") for number in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    monkeypatch.setattr(api_views, "PERSON_LIMIT", Limit("suggestions-person", 1, 60))
    headers = get_bearer_header(create_key(UserFactory.create(), "store:read"))
    given = [client.get("/api/v1/store/suggestions/?q=a", headers=headers) for _time in range(2)]
    assert [answer.status_code for answer in given] == [200, 429]
    assert given[1].json()["error"]["code"] == "too_many_tries"


def test_the_index_answers_and_no_table_is_read_whole() -> None:
    """Few rows are always read whole; so the planner is told not to where it has a choice."""
    make_listing(name="Chess club", starters=[])
    with public_reader(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN (FORMAT JSON) " + suggestions.FIND_SQL, {"named": "'=che':*", "beginning": "che%"}
        )
        plan = json.dumps(cursor.fetchone()[0])

    assert "Seq Scan" not in plan

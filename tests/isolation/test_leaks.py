"""T03, T26: nothing private shows in what others read: pages, searches, counts, errors, lists."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.isolation.asking import ask, body_of, call_api, own_ids, sign_in_as
from tests.isolation.matrix import ROWS
from tests.isolation.rows.row import Row
from tests.isolation.world import ACTORS, World
from tests.isolation.worlds.chats import SECRET_ANSWER, SECRET_QUESTION
from tests.isolation.worlds.creations import SECRETS
from tests.isolation.worlds.judged import SECRET_REPORT
from tests.isolation.worlds.money import SECRET_NAME_ON_ACCOUNT

pytestmark = pytest.mark.django_db
# They asked the same question in conversations of their own.
TALKERS = ("owner", "member", "admin", "stranger", "rival")
# Who may read which words; the owner reads all of their own.
READERS: dict[str, set[str]] = (
    {word: {"owner"} for word in SECRETS}
    | {word: {*TALKERS} for word in (SECRET_QUESTION, SECRET_ANSWER)}
    | {SECRET_REPORT: {"moderator"}, SECRET_NAME_ON_ACCOUNT: {"owner", "finance"}}
)


@pytest.mark.parametrize("row", [row for row in ROWS if "GET" in row.methods], ids=lambda row: row.name)
def test_private_words_reach_only_their_readers(row: Row, world: World) -> None:
    """T26, M09, P07: drafts, instructions, files, chats, reports and bank names on every route that reads."""
    for actor in ACTORS:
        body = body_of(ask(world, row, actor, "GET", own_ids(row, world))).decode(errors="replace")
        found = {word for word, readers in READERS.items() if word in body and actor not in readers}
        assert found == set(), actor


def normal(answer: Any, word: str) -> str:
    text = answer.content.decode()
    text = re.sub(r'nonce="[^"]*"|\b[A-Za-z0-9]{64}\b', "*", text)
    return re.sub(re.escape(word).replace(r"\ ", "(?: |%20|[+])"), "WORD", text)


@pytest.mark.parametrize("who", ["anonymous", "rival", "member"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "typing"])
def test_a_private_name_is_found_by_nobody(who: str, headers: dict[str, str], world: World) -> None:
    """T03: the answer for the exact name is that for a word that does not occur."""
    for name in ("Zibeline Quorvex", "Alpha Onboarding Pilot", "Glimmerfen Almanac", "Obsidian Lullaby"):
        client = Client() if who == "anonymous" else sign_in_as(world, who)
        absent = "Brimtallow Sexton"
        found = client.get("/search", {"q": name}, headers=headers)
        nothing = client.get("/search", {"q": absent}, headers=headers)
        # A name of two words may share ordinary ones with listings; these four share none but "Alpha Pilot".
        assert name.lower() not in normal(found, name).lower().replace("word", "")
        if "Alpha" not in name:
            assert normal(found, name) == normal(nothing, absent)


def test_a_private_name_is_found_by_no_key(world: World) -> None:
    for path in ("/api/v1/store/listings/?q=Zibeline+Quorvex", "/api/v1/store/leaderboards/", "/api/v1/gpts"):
        assert b"Zibeline" not in call_api(world, "rival", "get", path).content, path
    found = call_api(world, "rival", "get", "/api/v1/store/listings/?q=Zibeline+Quorvex").json()
    assert (found["items"], found["suggestion"], found["shown_for"]) in (
        ([], "", ""),
        ([], "", "Zibeline Quorvex"),
    )


def test_reporting_answers_alike_for_private_and_absent(world: World) -> None:
    """M10"""
    client = sign_in_as(world, "rival")
    private, absent = (client.get(f"/g/{slug}/report") for slug in (world.slug, "nothing-has-this-name"))
    assert (private.status_code, absent.status_code) == (404, 404)
    body = {"category": "privacy", "explanation": "x", "is_good_faith": True}
    answers = [
        call_api(world, "rival", "post", "/api/v1/reviews/reports", body | {"gpt": slug}).content
        for slug in (world.slug, "nothing-has-this-name")
    ]
    assert answers[0] == answers[1]

"""Private names do not appear in what others search, are suggested or report.

test_route_matrix.py looks for private texts in every response of the matrix.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.isolation.requests import as_person, call
from tests.isolation.world import World

pytestmark = pytest.mark.django_db


def normalise_page(answer: Any, word: str) -> str:
    text = answer.content.decode()
    text = re.sub(r'nonce="[^"]*"|\b[A-Za-z0-9]{64}\b', "*", text)
    return re.sub(re.escape(word).replace(r"\ ", "(?: |%20|[+])"), "WORD", text)


@pytest.mark.parametrize("who", ["anonymous", "rival", "member"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "typing"])
def test_searching_a_private_name_finds_nothing(who: str, headers: dict[str, str], world: World) -> None:
    """The response for the exact name equals that for a word that occurs nowhere."""
    for name in ("Zibeline Quorvex", "Alpha Onboarding Pilot", "Glimmerfen Almanac", "Obsidian Lullaby"):
        client = Client() if who == "anonymous" else as_person(world, who)
        absent = "Brimtallow Sexton"
        found = client.get("/search", {"q": name}, headers=headers)
        nothing = client.get("/search", {"q": absent}, headers=headers)
        # Of these names only the second shares ordinary words with listings.
        assert name.lower() not in normalise_page(found, name).lower().replace("word", "")
        if "Alpha" not in name:
            assert normalise_page(found, name) == normalise_page(nothing, absent)


@pytest.mark.parametrize("who", ["anonymous", "rival", "member"])
def test_nothing_is_suggested_for_the_beginning_of_a_private_name(who: str, world: World) -> None:
    client = Client() if who == "anonymous" else as_person(world, who)
    for typed in ("Zibeline Qu", "Glimmerf", "Obsidiam", "Tessera Cartographer"):
        answer = client.get("/search/suggestions", {"q": typed}, headers={"HX-Request": "true"})
        assert (answer.status_code, answer.content.count(b"option")) == (200, 0), typed
        if who != "anonymous":
            given = call(world, who, "get", f"/api/v1/store/suggestions/?q={typed.replace(' ', '+')}")
            assert given.json() == {"items": []}, typed


def test_searching_a_private_name_by_api_finds_nothing(world: World) -> None:
    for path in ("/api/v1/store/listings/?q=Zibeline+Quorvex", "/api/v1/store/leaderboards/", "/api/v1/gpts"):
        assert b"Zibeline" not in call(world, "rival", "get", path).content, path
    found = call(world, "rival", "get", "/api/v1/store/listings/?q=Zibeline+Quorvex").json()
    assert (found["items"], found["suggestion"], found["shown_for"]) in (
        ([], "", ""),
        ([], "", "Zibeline Quorvex"),
    )


def test_reporting_a_private_gpt_looks_like_reporting_an_absent_one(world: World) -> None:
    client = as_person(world, "rival")
    private, absent = (client.get(f"/g/{slug}/report") for slug in (world.slug, "nothing-has-this-name"))
    assert (private.status_code, absent.status_code) == (404, 404)
    body = {"category": "privacy", "explanation": "x", "is_good_faith": True}
    answers = [
        call(world, "rival", "post", "/api/v1/reviews/reports", body | {"gpt": slug}).content
        for slug in (world.slug, "nothing-has-this-name")
    ]
    assert answers[0] == answers[1]

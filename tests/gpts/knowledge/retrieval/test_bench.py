"""The retrieval bench: its page and its API."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.retrieval import add_document
from tests.support.times import NOW
from workspaces.access import personal_workspace
from workspaces.models import User
from workspaces.services.api_keys import create_api_key

pytestmark = pytest.mark.django_db

SHOP = [
    ("Returns", "You can return a bicycle within 30 days if it has no scratches."),
    ("Insurance", "Theft insurance costs eight euros a month and starts on the day after you sign."),
    ("<b>Delivery</b>", "We deliver <script>alert(1)</script> bicycles to your door within the city."),
]


def search_by_api(user: User, slug: str, body: dict[str, object], scope: str = "gpts:read") -> Any:
    _key, plain = create_api_key(
        user=user, workspace=personal_workspace(user), name="k", scopes=[scope], by=user, at=NOW
    )
    return Client().post(
        f"/api/v1/gpts/{slug}/knowledge/search",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {plain}"},
    )


def test_the_page_shows_what_each_question_finds() -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)
    address = reverse("gpts:build-bench", args=[gpt.slug])
    client = sign_in(gpt.owner)

    empty = client.get(address).content.decode()
    body = client.post(
        address, {"questions": "how much is thefft insurance\n\nquantum physics\ndeliver bicycles"}
    ).content.decode()

    assert "Questions, one a line" in empty
    assert "Would answer" not in empty
    assert body.count("Would answer") == 2
    assert body.count("not enough information") == 1
    assert "“thefft” was read as “theft”" in body
    assert "No passage is close enough" in body
    assert "Full text alone" in body
    assert "<script>alert" not in body
    assert "<b>Delivery" not in body


def test_questions_over_the_limit_are_left_out_with_a_message() -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)

    body = sign_in(gpt.owner).post(
        reverse("gpts:build-bench", args=[gpt.slug]), {"questions": "insurance\n" * 12}
    )

    assert "2 more questions were left out" in body.content.decode()


def test_the_page_is_not_found_for_strangers() -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)
    address = reverse("gpts:build-bench", args=[gpt.slug])
    stranger = sign_in(UserFactory.create())

    assert stranger.get(address).status_code == 404
    assert stranger.post(address, {"questions": "insurance"}).status_code == 404


def test_the_number_of_queries_does_not_depend_on_the_number_of_files() -> None:
    counts = []
    for files in (1, 3):
        gpt = GPTFactory.create()
        for number in range(files):
            add_document(gpt, f"{number}.md", [*SHOP, ("Number", f"This is document {number}.")])
        client, address = sign_in(gpt.owner), reverse("gpts:build-bench", args=[gpt.slug])
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.post(address, {"questions": "insurance"})
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_api_returns_passages_with_reasons() -> None:
    gpt = GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)

    answer = search_by_api(gpt.owner, gpt.slug, {"text": "thefft insurance", "limit": 3})

    assert answer.status_code == 200
    found = answer.json()
    assert found.pop("milliseconds") > 0
    (item,) = found.pop("items")
    assert found == {
        "is_answerable": True,
        "absent_terms": [],
        "mended": {"thefft": "theft"},
        "vectors": "none",
        "passage_count": 3,
    }
    assert item.pop("score") == pytest.approx(item.pop("text_score"), abs=0.001)
    assert item == {
        "passage_id": document.passages.get(position=1).pk, "document_id": document.pk, "file": "shop.md",
        "heading": "Insurance", "page": None, "paragraph": 2, "rows": None, "text": SHOP[1][1],
        "matched": ["theft", "insur"], "text_rank": 1, "vector_score": 0.0, "vector_rank": 0,
    }  # fmt: skip


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "x" * 2_001}, {"text": "x", "limit": 21}])
def test_the_api_refuses_invalid_input(body: dict[str, object]) -> None:
    gpt = GPTFactory.create()

    assert search_by_api(gpt.owner, gpt.slug, body).status_code == 400


def test_the_api_needs_access_to_the_gpt_and_the_scope() -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)

    assert search_by_api(UserFactory.create(), gpt.slug, {"text": "insurance"}).status_code == 404
    assert search_by_api(gpt.owner, gpt.slug, {"text": "insurance"}, "chat").status_code == 403

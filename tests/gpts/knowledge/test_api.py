"""The API of knowledge files: adding, states, changing, reading text, replacing, removing, erasing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gpts.assistants.models import GPT
from gpts.knowledge.models import Document, KnowledgeFile
from gpts.knowledge.services.files import add_knowledge_file
from tests.support.api_client import FILE_KEYS, ApiClient
from tests.support.factories.gpts import GPTFactory
from tests.support.knowledge_files import make_pdf
from tests.support.outbound import run_outbound_jobs
from tests.support.times import NOW
from tests.support.uploads import make_upload
from tests.support.web_site import Site

pytestmark = pytest.mark.django_db


PAGE = "<title>Returns</title><p>Within 30 days</p>"


def add_file(gpt: GPT, name: str = "a.txt", text: str | bytes = "The canary sings.") -> KnowledgeFile:
    return add_knowledge_file(gpt=gpt, upload=make_upload(name, text), by=gpt.owner, at=NOW)


def build_path(file: KnowledgeFile, end: str = "") -> str:
    return f"gpts/{file.gpt.slug}/knowledge/{file.pk}{end}"


def test_a_waiting_file_has_no_text_and_a_failed_one_can_be_retried() -> None:
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner)

    added = call.upload(f"gpts/{gpt.slug}/knowledge", "a.txt", "The canary sings.").json()
    file = KnowledgeFile.objects.get()
    early = call("GET", build_path(file, "/text")).json()
    Document.objects.update(state="failed", failure="encrypted")
    failed = call("GET", build_path(file)).json()
    retried = call("POST", build_path(file, "/retry")).json()

    assert (set(added), added["state"]) == (FILE_KEYS, "waiting")
    assert early["items"] == []
    assert (failed["failure_code"], failed["failure"][:19]) == ("encrypted", "This file is locked")
    assert (retried["state"], retried["failure"]) == ("waiting", "")


def test_the_text_is_paginated() -> None:
    file = add_file(
        GPTFactory.create(), "a.pdf", make_pdf(*(f"Page {number} says this." for number in range(1, 31)))
    )
    call = ApiClient(file.gpt.owner)

    first = call("GET", build_path(file, "/text")).json()
    second = call("GET", build_path(file, f"/text?cursor={first['next_cursor']}")).json()

    pages = [item["page"] for item in first["items"] + second["items"]]
    assert pages == list(range(1, 31))
    assert first["items"][0] == {
        "position": 0,
        "heading": "",
        "page": 1,
        "paragraph": 1,
        "first_row": None,
        "last_row": None,
        "text": "Page 1 says this.",
    }
    assert second["next_cursor"] == ""


def test_patch_changes_name_and_review_date_only() -> None:
    file = add_file(GPTFactory.create())
    call = ApiClient(file.gpt.owner)

    changed = call("PATCH", build_path(file), {"name": "Songs.txt", "review_on": "2026-01-01", "state": "x"})
    kept = call("PATCH", build_path(file), {})
    bad = call("PATCH", build_path(file), {"review_on": "yesterday"})
    cleared = call("PATCH", build_path(file), {"review_on": None})

    assert (changed.json()["name"], changed.json()["is_due_for_review"]) == ("Songs.txt", True)
    assert kept.json() == changed.json()
    assert (bad.status_code, bad.json()["error"]["field"]) == (400, "review_on")
    assert (cleared.json()["review_on"], cleared.json()["name"]) == (None, "Songs.txt")
    file.refresh_from_db()
    assert file.review_on is None
    assert Document.objects.get().state == "ready"


def test_replacing_the_content_keeps_the_name() -> None:
    file = add_file(GPTFactory.create())
    call = ApiClient(file.gpt.owner)

    new = call.upload(build_path(file, "/content"), "b.txt", "New words", method="PUT")
    refused = call.upload(
        f"gpts/{file.gpt.slug}/knowledge/{new.json()['id']}/content", "b.txt", "", method="PUT"
    )

    assert (new.status_code, new.json()["name"], new.json()["state"]) == (200, "a.txt", "waiting")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "file_empty")
    assert [held.pk for held in KnowledgeFile.objects.all()] == [new.json()["id"]]


def test_a_web_page_is_added_and_fetched_again(site: Site) -> None:
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner)
    address = site.put("/p", "<title>Returns</title><p>Within 30 days</p>")

    pages = f"gpts/{gpt.slug}/knowledge/pages"
    added = call("POST", pages, {"url": address})
    twice = call("POST", pages, {"url": address})
    assert (run_outbound_jobs(), site.asked) == (1, ["/p"])
    shown = call("GET", f"{pages}/{added.json()['id']}").json()
    first = KnowledgeFile.objects.get()
    site.put("/p", "<title>Returns</title><p>Within 60 days</p>")
    again = call("POST", build_path(first, "/fetch"))
    run_outbound_jobs()
    refused = call("POST", pages, {"url": "https://10.0.0.1/"})

    assert (added.status_code, added.json()["state"], added.json()["address"]) == (202, "queued", address)
    assert twice.json()["id"] == added.json()["id"]
    assert (shown["state"], shown["file_id"], shown["error"]) == ("done", first.pk, "")
    assert (again.status_code, again.json()["file_id"]) == (202, first.pk)
    assert KnowledgeFile.objects.get().content_hash != first.content_hash
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "outbound_refused")
    assert refused.json()["error"]["field"] == "url"


def test_a_page_that_cannot_be_fetched_is_tried_again_or_dismissed(site: Site) -> None:
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner)
    pages = f"gpts/{gpt.slug}/knowledge/pages"

    job = call("POST", pages, {"url": f"{site.url}/gone"}).json()
    early = call("POST", f"{pages}/{job['id']}/retry")
    run_outbound_jobs()
    failed = call("GET", f"{pages}/{job['id']}").json()
    site.put("/gone", PAGE)
    retried = call("POST", f"{pages}/{job['id']}/retry")
    run_outbound_jobs()
    done = call("GET", pages).json()["items"]
    dismissed = call("DELETE", f"{pages}/{job['id']}")

    assert (early.status_code, early.json()["error"]["code"]) == (409, "not_failed")
    assert (failed["state"], failed["error_code"]) == ("failed", "page_status")
    assert failed["error"] == "The address answered with status 404, not with a page."
    assert (retried.status_code, retried.json()["state"], retried.json()["error"]) == (202, "queued", "")
    assert [(row["id"], row["state"]) for row in done] == [(job["id"], "done")]
    assert dismissed.status_code == 204
    assert call("GET", pages).json()["items"] == []
    assert KnowledgeFile.objects.get().source_url == f"{site.url}/gone"


def test_removing_and_erasing() -> None:
    file, other = add_file(gpt := GPTFactory.create()), add_file(gpt, "b.txt", "Other")
    call = ApiClient(gpt.owner)

    wrong = call("POST", build_path(file, "/erase"), {"confirmation": "b.txt"})
    assert (wrong.status_code, KnowledgeFile.objects.filter(removed_at=None).count()) == (400, 2)
    erased = call("POST", build_path(file, "/erase"), {"confirmation": "a.txt"})
    removed = call("DELETE", build_path(other))

    assert (erased.status_code, removed.status_code) == (204, 204)
    assert call("GET", build_path(file)).status_code == 404
    assert call("GET", f"gpts/{gpt.slug}/knowledge").json()["items"] == []
    assert not Document.objects.exists()


ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"name": "x.txt", "review_on": str(date(2027, 1, 1))}),
    ("DELETE", "", None),
    ("GET", "/text", None),
    ("POST", "/fetch", None),
    ("POST", "/retry", None),
    ("POST", "/erase", {"confirmation": "a.txt"}),
]


@pytest.mark.parametrize(("method", "end", "body"), ROUTES, ids=str)
def test_files_of_other_gpts_are_not_found(method: str, end: str, body: Any) -> None:
    file, mine = add_file(GPTFactory.create()), GPTFactory.create()
    call = ApiClient(mine.owner)

    own = call(method, f"gpts/{mine.slug}/knowledge/{file.pk}{end}", body)
    foreign = call(method, build_path(file, end), body)
    nothing = call(method, f"gpts/{mine.slug}/knowledge/999999{end}", body)

    assert (own.status_code, foreign.status_code) == (404, 404)
    assert own.content == nothing.content
    file.refresh_from_db()
    assert (file.name, file.removed_at, file.review_on) == ("a.txt", None, None)

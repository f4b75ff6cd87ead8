"""The Knowledge tab and the page of one file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from gpts.assistants.models import GPT
from gpts.assistants.services.versions import freeze_version
from gpts.knowledge.models import Document, KnowledgeFile, Passage
from gpts.knowledge.retrieval import find_passages
from gpts.knowledge.services.files import add_knowledge_file, update_file, upload_knowledge_file
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.knowledge_files import make_pdf
from tests.support.outbound import run_outbound_jobs
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.uploads import make_upload
from tests.support.web_site import Site
from workspaces.models import OutboundJob

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
PART = {"HX-Request": "true"}


def url(gpt: GPT, end: str = "") -> str:
    return f"/build/{gpt.slug}/knowledge{end}"


def add_file(gpt: GPT, name: str = "a.txt", text: str | bytes = "The canary sings.") -> KnowledgeFile:
    return add_knowledge_file(gpt=gpt, upload=make_upload(name, text), by=gpt.owner, at=NOW)


def test_uploaded_files_are_listed_as_waiting() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)

    answer = client.post(
        url(gpt), {"file": [make_upload("a.txt", "One"), make_upload("b.md", "# Two\nText")]}
    )
    page = client.get(url(gpt)).content.decode()

    assert (answer.status_code, answer.headers["Location"]) == (302, url(gpt))
    assert set(Document.objects.values_list("state", flat=True)) == {"waiting"}
    assert "2 files were added." in page
    assert "a.txt" in page
    assert "2 of 20 files" in page
    assert "every 1s" in page


def test_uploads_of_the_script_are_answered_with_json() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)

    taken = client.post(url(gpt), {"file": make_upload("a.txt", "One")}, headers=JSON)
    empty = client.post(url(gpt), {"file": make_upload("b.txt", "")}, headers=JSON)
    none = client.post(url(gpt), {}, headers=JSON)

    assert (taken.status_code, taken.json()["name"]) == (201, "a.txt")
    assert (empty.status_code, empty.json()["error"]["code"]) == (400, "file_empty")
    assert (none.status_code, none.json()["error"]["code"]) == (400, "required")
    assert KnowledgeFile.objects.count() == 1


def test_without_javascript_refused_files_do_not_affect_the_others() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)

    answer = client.post(url(gpt), {"file": [make_upload("a.txt", "One"), make_upload("<b>.exe", "MZ")]})

    assert answer.status_code == 400
    assert "&lt;b&gt;.exe: Files of this type cannot be read." in answer.content.decode()
    assert [file.name for file in KnowledgeFile.objects.all()] == ["a.txt"]


def test_the_list_fragment_shows_progress_and_failures() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    file = upload_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "One"), by=gpt.owner, at=NOW)
    Document.objects.update(state="extracting", stage="reading", progress=42)

    part = client.get(url(gpt), headers=PART)
    reading = part.content.decode()
    Document.objects.update(state="failed", stage="", failure="encrypted", progress=0)
    failed = client.get(url(gpt), headers=PART).content.decode()

    assert "HX-Request" in part.headers["Vary"]
    assert "<html" not in reading
    assert 'value="42"' in reading
    assert "every 1s" in reading
    assert 'hx-swap-oob="true"' in reading
    assert "This file is locked by a password." in failed
    assert f'action="{url(gpt, f"/{file.pk}/retry")}"' in failed


def test_retrying_a_failed_file() -> None:
    gpt = GPTFactory.create()
    file = upload_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "One"), by=gpt.owner, at=NOW)
    Document.objects.update(state="failed", failure="crashed")

    answer = sign_in(gpt.owner).post(url(gpt, f"/{file.pk}/retry"))

    assert answer.headers["Location"] == url(gpt)
    assert Document.objects.get().state == "waiting"


def test_malware_has_no_retry_button() -> None:
    gpt = GPTFactory.create()
    upload_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "One"), by=gpt.owner, at=NOW)
    Document.objects.update(state="failed", failure="malware")

    assert "/retry" not in sign_in(gpt.owner).get(url(gpt)).content.decode()


def test_a_file_that_timed_out_twice_has_no_retry_button_and_is_not_retried() -> None:
    gpt = GPTFactory.create()
    file = upload_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "One"), by=gpt.owner, at=NOW)
    Document.objects.update(state="failed", failure="timeout", timeouts=1)
    assert "/retry" in sign_in(gpt.owner).get(url(gpt)).content.decode()
    Document.objects.update(timeouts=2)

    answer = sign_in(gpt.owner).post(url(gpt, f"/{file.pk}/retry"))

    assert answer.status_code == 409
    assert (Document.objects.get().state, Document.objects.get().failure) == ("failed", "timeout")
    assert "/retry" not in sign_in(gpt.owner).get(url(gpt)).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_does_not_depend_on_the_number_of_files(
    count: int, django_assert_num_queries: Any
) -> None:
    gpt = GPTFactory.create()
    for number in range(count):
        add_file(gpt, f"{number}.txt", f"Text {number}")
    client = sign_in(gpt.owner)
    client.get(url(gpt), headers=PART)

    with django_assert_num_queries(LIST_QUERIES):
        client.get(url(gpt), headers=PART)


LIST_QUERIES = 15


def test_files_due_for_review_are_marked() -> None:
    gpt = GPTFactory.create()
    file, later = add_file(gpt), add_file(gpt, "b.txt", "Other")
    today = timezone.localdate()
    update_file(file=file, review_on=today, by=gpt.owner, at=NOW)
    update_file(file=later, review_on=today + timedelta(days=3), by=gpt.owner, at=NOW)

    page = sign_in(gpt.owner).get(url(gpt)).content.decode()

    assert "1 file is due for review" in page
    assert page.count("Due for review since") == 1
    assert page.count("Review on") == 1


def test_the_text_of_a_file_is_paginated() -> None:
    gpt = GPTFactory.create()
    file = add_file(gpt, "a.pdf", make_pdf(*(f"This is page {number}." for number in range(1, 61))))
    client = sign_in(gpt.owner)

    first = client.get(url(gpt, f"/{file.pk}")).content.decode()
    second = client.get(url(gpt, f"/{file.pk}?from=50")).content.decode()
    turned = client.get(url(gpt, f"/{file.pk}?page=12")).content.decode()

    assert "This is page 50." in first
    assert "This is page 51." not in first
    assert "1 to 50 of 60" in first
    assert 'href="?from=50"' in first
    assert "51 to 60 of 60" in second
    assert "This is page 12." in turned
    assert "This is page 11." not in turned
    for odd in ("?from=x", "?from=99999999999", "?page=-1", "?page=²", "?from=1000"):
        assert client.get(url(gpt, f"/{file.pk}{odd}")).status_code == 200


def test_changing_name_and_date_keeps_the_input_on_errors() -> None:
    gpt = GPTFactory.create()
    file = add_file(gpt)
    client = sign_in(gpt.owner)
    path = url(gpt, f"/{file.pk}/update")

    saved = client.post(path, {"name": "Songs.txt", "review_on": "2027-02-03"})
    bad_date = client.post(path, {"name": "Other.txt", "review_on": "2027-02-31"})
    bad_name = client.post(path, {"name": "  ", "review_on": ""})

    file.refresh_from_db()
    assert (saved.status_code, file.name, str(file.review_on)) == (302, "Songs.txt", "2027-02-03")
    assert (bad_date.status_code, bad_name.status_code) == (400, 400)
    assert "Write a date like 2026-03-31." in bad_date.content.decode()
    assert 'value="Other.txt"' in bad_date.content.decode()


def test_replacing_removing_and_deleting_on_the_page(own_media: Path) -> None:
    gpt = GPTFactory.create()
    file, other = add_file(gpt), add_file(gpt, "b.txt", "Other words")
    client = sign_in(gpt.owner)

    refused = client.post(url(gpt, f"/{file.pk}/replace"), {"file": make_upload("c.txt", "")})
    twice = client.post(url(gpt, f"/{file.pk}/replace"), {"file": make_upload("c.txt", "Other words")})
    missing = client.post(url(gpt, f"/{file.pk}/replace"))
    wrong = client.post(url(gpt, f"/{file.pk}/erase"), {"confirmation": "x"})
    assert [answer.status_code for answer in (refused, twice, missing, wrong)] == [400] * 4
    assert "Another file of this GPT has the same content." in twice.content.decode()
    assert "Type the file&#x27;s name exactly" in wrong.content.decode()
    assert KnowledgeFile.objects.filter(removed_at=None).count() == 2

    replaced = client.post(url(gpt, f"/{file.pk}/replace"), {"file": make_upload("c.txt", "New words")})
    assert replaced.status_code == 302
    new = KnowledgeFile.objects.get(name="a.txt")
    removed = client.post(url(gpt, f"/{other.pk}/delete"))
    erased = client.post(url(gpt, f"/{new.pk}/erase"), {"confirmation": "a.txt"})

    assert removed.headers["Location"] == erased.headers["Location"] == url(gpt)
    assert not KnowledgeFile.objects.filter(removed_at=None).exists()
    assert not Passage.objects.exists()


def test_adding_and_fetching_a_web_page(site: Site) -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    address = site.put("/p", "<title>Returns</title><p>Within 30 days</p>")

    added = client.post(url(gpt, "/page"), {"url": address})
    waiting = client.get(url(gpt)).content.decode()
    run_outbound_jobs()
    refused = client.post(url(gpt, "/page"), {"url": "https://127.0.0.1/x"})
    file = KnowledgeFile.objects.get()
    shown = client.get(url(gpt, f"/{file.pk}")).content.decode()
    site.pages.clear()
    gone = client.post(url(gpt, f"/{file.pk}/fetch"))
    run_outbound_jobs()
    failed = client.get(url(gpt)).content.decode()
    job = OutboundJob.objects.get(state="failed")
    retried = client.post(url(gpt, f"/page/{job.pk}/retry"))
    dismissed = client.post(url(gpt, f"/page/{job.pk}/dismiss"))

    assert added.status_code == 302
    assert refused.status_code == 400
    assert 'value="https://127.0.0.1/x"' in refused.content.decode()
    assert address in shown
    assert "Fetched" in shown
    assert "Waits to be fetched" in waiting
    assert "every 1s" in waiting
    assert gone.status_code == 302
    assert "status 404" in failed
    assert "to replace “Returns.html”" in failed
    assert (retried.status_code, dismissed.status_code) == (302, 302)
    assert not OutboundJob.objects.filter(pk=job.pk).exists()
    assert KnowledgeFile.objects.get().pk == file.pk


ACTS = ("update", "replace", "fetch", "retry", "delete", "erase")


@pytest.mark.parametrize("act", ["page", *ACTS])
def test_only_editors_can_change_files(act: str) -> None:
    boss, ada = UserFactory.create(display_name="Boss"), UserFactory.create(display_name="Ada")
    gpt = GPTFactory.create(owner=ada, workspace=create_company(boss, builder=ada))
    file = add_file(gpt)
    path = url(gpt, "/page" if act == "page" else f"/{file.pk}/{act}")

    body = {"name": "x.txt", "confirmation": "a.txt", "url": "https://127.0.0.1/"}
    looked = sign_in(boss).get(url(gpt, f"/{file.pk}"))
    asked = sign_in(boss).post(path, body)
    stranger = sign_in(UserFactory.create(display_name="Eve")).post(path, body)

    assert looked.status_code in (200, 404)
    assert asked.status_code in (403, 404)
    assert stranger.status_code == 404
    assert Client().post(path, body).status_code == 302
    file.refresh_from_db()
    assert (file.name, file.removed_at, KnowledgeFile.objects.count()) == ("a.txt", None, 1)


def test_files_of_another_gpt_are_not_found() -> None:
    mine, theirs = GPTFactory.create(), GPTFactory.create()
    file = add_file(theirs)
    client = sign_in(mine.owner)

    assert client.get(url(mine, f"/{file.pk}")).status_code == 404
    for act in ACTS:
        assert client.post(url(mine, f"/{file.pk}/{act}"), {"confirmation": "a.txt"}).status_code == 404
    file.refresh_from_db()
    assert (file.name, file.removed_at) == ("a.txt", None)


def test_files_kept_for_versions_are_listed_and_can_be_erased() -> None:
    gpt = GPTFactory.create()
    file = add_file(gpt)
    version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
    client = sign_in(gpt.owner)
    client.post(url(gpt, f"/{file.pk}/delete"))

    listed = client.get(url(gpt)).content.decode()
    shown = client.get(url(gpt, f"/{file.pk}")).content.decode()
    others = [
        client.post(url(gpt, f"/{file.pk}/{act}")).status_code
        for act in ("update", "replace", "fetch", "retry", "delete")
    ]
    assert "1 removed file is kept for frozen versions" in listed
    assert "Frozen versions that use it still answer from it" in shown
    assert f"/{file.pk}/update" not in shown
    assert others == [404] * 5
    assert [found.file for found in find_passages(gpt, "canary", version=version)] == ["a.txt"]

    erased = client.post(url(gpt, f"/{file.pk}/erase"), {"confirmation": "a.txt"})
    assert erased.status_code == 302
    assert find_passages(gpt, "canary", version=version) == []
    assert client.get(url(gpt, f"/{file.pk}")).status_code == 404
    assert "kept for frozen versions" not in client.get(url(gpt)).content.decode()

"""Web pages as knowledge files: fetching, naming, fetching again, refusals."""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from core.errors import DomainError, InvalidInput, RateLimited
from gpts.assistants.models import GPT
from gpts.knowledge.models import Document, KnowledgeFile
from gpts.knowledge.queries import list_knowledge_files, list_passages
from gpts.knowledge.services.files import replace_file, upload_knowledge_file
from gpts.knowledge.services.reading import read_document
from gpts.knowledge.services.web_pages import request_fetch_again, request_page, run_page_job
from tests.support.factories.gpts import GPTFactory
from tests.support.knowledge_files import make_pdf
from tests.support.outbound import run_outbound_jobs
from tests.support.times import LATER, NOW
from tests.support.uploads import make_upload
from tests.support.web_site import Site
from workspaces.models import OutboundJob
from workspaces.services.outbound_jobs import REQUESTS, dismiss_job

pytestmark = pytest.mark.django_db

PAGE = "<title>Returns &amp; refunds / shop</title><h1>Returns</h1><p>Within 30 days.</p>"


def fetch_and_add(gpt: GPT, url: str) -> KnowledgeFile:
    """Ask for a page and fetch it as a worker does; raises the job's failure as it is."""
    return run(request_page(gpt=gpt, url=url, by=gpt.owner, at=NOW))


def fetch_again(file: KnowledgeFile) -> KnowledgeFile:
    return run(request_fetch_again(file=file, by=file.gpt.owner, at=LATER))


def run(job: OutboundJob) -> KnowledgeFile:
    try:
        return KnowledgeFile.objects.get(pk=run_page_job(job)["file_id"])
    finally:
        dismiss_job(job=job)


def read_texts(file: KnowledgeFile) -> list[str]:
    read_document(document_id=file.document_id or 0, step=nullcontext, clock=lambda: NOW)
    return [passage.text for passage in list_passages(KnowledgeFile.objects.get(pk=file.pk))]


def test_a_page_becomes_a_file_with_its_address(site: Site) -> None:
    gpt = GPTFactory.create()
    url = site.put("/returns", PAGE)

    file = fetch_and_add(gpt, f" {url}#part ")

    assert (file.name, file.source_url) == ("Returns & refunds shop.html", url)
    assert file.fetched_at is not None
    assert read_texts(file)[-1] == "Within 30 days."
    assert site.asked == ["/returns"]


@pytest.mark.parametrize(
    ("path", "kind", "body", "name"),
    [
        ("/guide.pdf?x=1", "application/pdf", make_pdf("A guide."), "guide.pdf"),
        ("/notes", "text/plain; charset=utf-8", b"Notes", "notes.txt"),
        ("/", "text/html", b"<p>No title</p>", "127.0.0.1.html"),
        ("/data.json", "application/json", b'{"a": 1}', "data.json"),
        ("/%2e%2e%2fetc%2fpasswd", "text/plain", b"Text", "etc passwd.txt"),
    ],
)
def test_other_documents_keep_their_type(path: str, kind: str, body: bytes, name: str, site: Site) -> None:
    assert fetch_and_add(GPTFactory.create(), site.put(path, body, kind)).name == name


def test_the_charset_of_the_content_type_is_used(site: Site) -> None:
    url = site.put("/de", "<p>Grüße aus Köln</p>".encode("latin-1"), "text/html; charset=iso-8859-1")

    assert read_texts(fetch_and_add(GPTFactory.create(), url)) == ["Grüße aus Köln"]


def test_fetching_again_replaces_changed_content(site: Site) -> None:
    gpt = GPTFactory.create()
    url = site.put("/returns", PAGE)
    file = fetch_and_add(gpt, url)

    same = fetch_again(file)
    assert (same.pk, Document.objects.count()) == (file.pk, 1)
    assert (same.fetched_at or NOW) > (file.fetched_at or LATER)
    site.put("/returns", PAGE.replace("30", "60"))
    new = fetch_again(file)

    assert (new.name, new.source_url) == (file.name, url)
    assert read_texts(new)[-1] == "Within 60 days."
    assert [held.pk for held in list_knowledge_files(gpt)] == [new.pk]


def test_replacing_a_page_by_an_upload_removes_the_address(site: Site) -> None:
    gpt = GPTFactory.create()
    file = fetch_and_add(gpt, site.put("/a", PAGE))

    new = replace_file(file=file, upload=make_upload("b.txt", "Words"), by=gpt.owner, at=LATER)

    assert (new.source_url, new.fetched_at) == ("", None)
    with pytest.raises(InvalidInput) as refusal:
        request_fetch_again(file=new, by=gpt.owner, at=LATER)
    assert refusal.value.code == "no_page"


@pytest.mark.parametrize(
    ("kind", "status", "body", "code"),
    [
        ("text/html", 404, b"gone", "page_status"),
        ("text/html", 500, b"broken", "page_status"),
        ("image/png", 200, b"\x89PNG", "page_type"),
        ("application/zip", 200, b"PK\x03\x04", "page_type"),
        ("application/pdf", 200, b"<html>not a pdf</html>", "file_malformed"),
        ("text/html", 200, b"", "file_empty"),
        ("text/html", 200, b"x" * 2_001, "answer_too_large"),
    ],
)
def test_an_answer_that_is_no_document_is_refused(
    kind: str, status: int, body: bytes, code: str, site: Site, settings: Any, own_media: Path
) -> None:
    settings.KNOWLEDGE_PAGE_BYTES = 2_000
    gpt = GPTFactory.create()
    url = site.put("/x", body, kind, status)

    with pytest.raises(DomainError) as refusal:
        fetch_and_add(gpt, url)

    assert (refusal.value.code, refusal.value.field) == (code, "url")
    assert list_knowledge_files(gpt) == []
    assert not any(path.is_file() for path in own_media.rglob("*"))


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "http://localhost/",
        "https://10.0.0.8/metadata",
        "https://[::1]/",
        "file:///etc/passwd",
        "ftp://example.com/a.txt",
        "https://redis:6379/",
        "javascript:alert(1)",
        "no address at all",
    ],
)
def test_internal_addresses_are_refused(url: str) -> None:
    gpt = GPTFactory.create()

    with pytest.raises(DomainError) as refusal:
        fetch_and_add(gpt, url)

    assert (refusal.value.code, refusal.value.field) == ("outbound_refused", "url")
    assert list_knowledge_files(gpt) == []


def test_a_redirect_to_an_internal_address_is_refused(site: Site) -> None:
    site.pages["/go"] = (302, {"Location": "http://127.0.0.1:9/secret"}, b"")

    with pytest.raises(DomainError) as refusal:
        fetch_and_add(GPTFactory.create(), f"{site.url}/go")

    assert refusal.value.code in ("outbound_refused", "outbound_failed")


@pytest.mark.parametrize("url", ["", "   ", "https://example.com/" + "x" * 2000])
def test_empty_and_too_long_addresses_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        fetch_and_add(GPTFactory.create(), url)

    assert (refusal.value.code, refusal.value.field) == ("bad_url", "url")


def test_nothing_is_fetched_for_a_full_gpt(site: Site) -> None:
    gpt = GPTFactory.create()
    for number in range(20):
        upload_knowledge_file(gpt=gpt, upload=make_upload("a.txt", f"Text {number}"), by=gpt.owner, at=NOW)

    with pytest.raises(DomainError) as refusal:
        fetch_and_add(gpt, site.put("/a", PAGE))

    assert (refusal.value.code, refusal.value.field, site.asked) == ("too_many_files", "url", [])


# Python codecs that are no charsets of web pages; punycode takes quadratic time.
@pytest.mark.parametrize("charset", ["punycode", "idna", "undefined", "utf-7", "unicode_escape", "hex"])
def test_a_charset_unusual_for_web_pages_is_ignored(site: Site, charset: str) -> None:
    gpt = GPTFactory.create()
    body = b"<h1>Lamps</h1><p>Oak \\ud800 +2AA- " + b"a" * 60_000 + b"-" + b"b" * 60_000

    file = fetch_and_add(gpt, site.put("/lamps", body, kind=f"text/html; charset={charset}"))

    with default_storage.open(file.document.storage_key) as stored:
        assert stored.read() == body


def test_the_fetches_of_a_person_are_limited(site: Site) -> None:
    gpt, other = GPTFactory.create(), GPTFactory.create()
    page = site.put("/kept", PAGE)
    kept = fetch_and_add(gpt, page)

    for _try in range(REQUESTS - 1):
        with pytest.raises(InvalidInput):
            fetch_and_add(gpt, f"{site.url}/gone")
    with pytest.raises(RateLimited) as refusal:
        request_page(gpt=gpt, url=page, by=gpt.owner, at=NOW)
    with pytest.raises(RateLimited):
        request_fetch_again(file=kept, by=gpt.owner, at=LATER)

    assert (refusal.value.code, refusal.value.field) == ("too_many_fetches", "url")
    assert len(site.asked) == REQUESTS
    assert fetch_and_add(other, page).source_url == page


def test_a_page_of_unclosed_titles_takes_little_time(site: Site) -> None:
    started = time.process_time()

    file = fetch_and_add(GPTFactory.create(), site.put("/many", b"<title" * 500_000))
    other = fetch_and_add(GPTFactory.create(), site.put("/more", b"<title>" * 500_000))

    assert time.process_time() - started < 2
    assert (file.name, other.name) == ("many.html", "more.html")


@pytest.mark.parametrize("loss", ["deactivated", "not theirs any more"])
def test_whoever_lost_their_access_while_the_job_waited_gets_nothing_fetched(site: Site, loss: str) -> None:
    gpt = GPTFactory.create()
    job = request_page(gpt=gpt, url=site.put("/a", PAGE), by=gpt.owner, at=NOW)
    if loss == "deactivated":
        type(gpt.owner).objects.filter(pk=gpt.owner_id).update(is_active=False)
    else:
        GPT.objects.filter(pk=gpt.pk).update(deleted_at=NOW)

    assert run_outbound_jobs() == 1

    job.refresh_from_db()
    assert (job.state, site.asked) == ("failed", [])
    assert not KnowledgeFile.objects.filter(gpt=gpt).exists()


def test_pages_on_their_way_count_as_files(site: Site) -> None:
    gpt = GPTFactory.create()
    for number in range(19):
        upload_knowledge_file(gpt=gpt, upload=make_upload("a.txt", f"Text {number}"), by=gpt.owner, at=NOW)
    first = site.put("/a", PAGE)
    request_page(gpt=gpt, url=first, by=gpt.owner, at=NOW)

    with pytest.raises(DomainError) as refusal:
        request_page(gpt=gpt, url=site.put("/b", PAGE), by=gpt.owner, at=NOW)
    again = request_page(gpt=gpt, url=first, by=gpt.owner, at=NOW)

    assert refusal.value.code == "too_many_files"
    assert OutboundJob.objects.get() == again

"""Web pages as knowledge files: fetched once by a worker through core.outbound, and again on request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from html import unescape
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, InvalidInput
from core.outbound import OutboundResponse, fetch
from core.outbound_guard import parse_target, policy_for
from core.outbound_purposes import Purpose
from core.scope import open_scope
from gpts.assistants.access import access_gpt, gpt_not_found
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.rules import GPTAct
from gpts.knowledge.access import access_knowledge_file
from gpts.knowledge.extraction.charsets.choosing import resolve_label
from gpts.knowledge.extraction.kinds import CODE, KINDS
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.queries import PAGE_JOB, list_page_jobs
from gpts.knowledge.services.files import check_file_count, replace_file, upload_knowledge_file
from workspaces.access import scope_for
from workspaces.acts import Act, check_act
from workspaces.models import OutboundJob, User
from workspaces.services.outbound_jobs import handles, request_job
from workspaces.states import OPEN_JOB_STATES

URL_LENGTH = 2000
NAME_LENGTH = 120
# The end of a file's name by what a server calls its kind.
ENDINGS = {
    **{kind.media_type: kind.endings[0] for kind in KINDS if kind.media_type != CODE},
    "application/xhtml+xml": ".html",
    "application/ld+json": ".json",
    "application/x-ndjson": ".ndjson",
    "text/rtf": ".rtf",
}
# Bounded and without overlap, so that a page of unclosed tags cannot cause quadratic backtracking.
_TITLE = re.compile(r"<title(?:\s[^<>]{0,300})?>([^<]{1,2000})</title>", re.IGNORECASE)
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)
# Characters with a meaning in paths.
_PATH_CHARACTERS = re.compile(r"[/\\:*?\"<>|]+")


@dataclass(frozen=True)
class WebPage:
    """The answer of an address as an upload."""

    url: str
    name: str
    upload: ContentFile[bytes]


def request_page(*, gpt: GPT, url: str, by: User, at: datetime) -> OutboundJob:
    """Have a worker fetch a page and add it to the draft; see run_page_job.

    Raises, with field ``url``, InvalidInput (``bad_url``), OutboundRefused for an address that is not allowed
    by itself, TooLarge (``too_many_files``, pages on their way count) and what request_job raises.
    """
    address = clean_address(url)
    with gpt_workspace_scope(gpt):
        waiting = list_page_jobs(gpt).filter(state__in=OPEN_JOB_STATES, payload={})
        check_file_count(gpt, field="url", more=waiting.exclude(address=address).count())
        return _request(gpt, address, {}, by=by, at=at)


def request_fetch_again(*, file: KnowledgeFile, by: User, at: datetime) -> OutboundJob:
    """Have a worker fetch a file's address again and replace the file's content; see run_page_job.

    Raises InvalidInput (``no_page``) for an uploaded file, and what request_page raises.
    """
    if not file.source_url:
        raise InvalidInput(_("This file was uploaded; there is no address to fetch."), code="no_page")
    with gpt_workspace_scope(file.gpt):
        return _request(
            file.gpt, clean_address(file.source_url), {"file_id": file.pk, "name": file.name}, by=by, at=at
        )


def _request(gpt: GPT, address: str, payload: dict[str, Any], *, by: User, at: datetime) -> OutboundJob:
    check_act(by, Act.UPLOAD_KNOWLEDGE, workspace_id=gpt.workspace_id)
    return _call_with_url_errors(
        request_job,
        kind=PAGE_JOB,
        workspace=gpt.workspace,
        subject_id=gpt.pk,
        address=address,
        payload=payload,
        by=by,
        at=at,
    )


@handles(PAGE_JOB)
def run_page_job(job: OutboundJob) -> dict[str, Any]:
    """Fetch the job's address, then add the page or replace the job's file, as the person who asked.

    Raises, with field ``url``, what core.outbound.fetch raises (OutboundRefused, OutboundFailed, TooLarge),
    InvalidInput (``page_status``, ``page_type``) for an answer that is no document, what
    upload_knowledge_file and replace_file raise, and NotFound when the person may no longer change the GPT.
    Running it twice adds the same content once.
    """
    with _open_draft(job):
        pass  # nobody's access may have ended while the job waited
    page = fetch_page(job.address)
    with _open_draft(job) as gpt:
        by, at = job.requested_by, timezone.now()
        if "file_id" in job.payload:
            file = access_knowledge_file(by, gpt, job.payload["file_id"])
            write: Any = partial(replace_file, file=file)
        else:
            write = partial(upload_knowledge_file, gpt=gpt)
        file = _call_with_url_errors(write, upload=page.upload, source_url=page.url, by=by, at=at)
    return {"file_id": file.pk, "name": file.name}


@contextmanager
def _open_draft(job: OutboundJob) -> Iterator[GPT]:
    """Open the scope of the person who asked, with the GPT that they may still edit."""
    person = User.objects.filter(pk=job.requested_by_id, is_active=True).first()
    if person is None:
        raise gpt_not_found()
    with open_scope(scope_for(person)):
        slug = GPT.objects.filter(pk=job.subject_id).values_list("slug", flat=True).first()
        yield access_gpt(person, slug or "", to=GPTAct.EDIT)


def clean_address(url: str) -> str:
    """Return an address without its fragment; raises what request_page raises for the address alone."""
    address = urldefrag(url.strip()).url
    if not address or len(address) > URL_LENGTH:
        raise InvalidInput(
            _("Give the address of a page, at most %(count)d characters long.") % {"count": URL_LENGTH},
            code="bad_url",
            field="url",
        )
    _call_with_url_errors(parse_target, address, policy_for(Purpose.KNOWLEDGE_PAGE))
    return address


def fetch_page(url: str) -> WebPage:
    """Fetch an address; raises what run_page_job raises for the address and its answer."""
    address = clean_address(url)
    accept = {"accept": "text/html, application/xhtml+xml, application/pdf, text/*;q=0.8, */*;q=0.5"}
    answer: OutboundResponse = _call_with_url_errors(
        fetch,
        address,
        purpose=Purpose.KNOWLEDGE_PAGE,
        headers=accept,
        max_bytes=settings.KNOWLEDGE_PAGE_BYTES,
    )
    if answer.status != 200:
        raise InvalidInput(
            _("The address answered with status %(status)d, not with a page.") % {"status": answer.status},
            code="page_status",
            field="url",
            data={"status": answer.status},
        )
    header = answer.headers.get("content-type", "")
    kind = header.partition(";")[0].strip().lower()
    ending = ENDINGS.get(kind, ".txt" if kind.startswith("text/") else "")
    if not ending:
        raise InvalidInput(
            _("The address answers with %(kind)s, which cannot be read.") % {"kind": kind[:80] or "?"},
            code="page_type",
            field="url",
        )
    body = (
        _convert_to_utf8(answer.body, header)
        if kind.startswith("text/") or ending == ".html"
        else answer.body
    )
    name = _build_name(address, body, ending)
    return WebPage(address, name, ContentFile(body, name=name))


def _call_with_url_errors(act: Any, *positional: Any, **named: Any) -> Any:
    """Call ``act`` and set the field of a DomainError to ``url``."""
    try:
        return act(*positional, **named)
    except DomainError as problem:
        problem.field = "url"
        raise


def _convert_to_utf8(body: bytes, header: str) -> bytes:
    """Re-encode a text in the charset that the server names; without one the reader detects it later."""
    match = _CHARSET.search(header)
    if match is None or match[1].lower() in ("utf-8", "utf8"):
        return body
    charset = resolve_label(match[1])
    return body.decode(charset, errors="replace").encode() if charset else body


def _build_name(url: str, body: bytes, ending: str) -> str:
    """Return a page's title, another document's last path part, or the host if that is empty."""
    parts = urlsplit(url)
    stem = unquote(parts.path.rstrip("/").rpartition("/")[2])
    if stem.lower().endswith(ending):
        stem = stem[: -len(ending)]
    if ending == ".html":
        match = _TITLE.search(body[:65536].decode("utf-8", errors="ignore"))
        stem = unescape(match[1]) if match else stem
    stem = "".join(part if part.isprintable() else " " for part in _PATH_CHARACTERS.sub(" ", stem))
    stem = " ".join(stem.split()).strip(". ")
    return f"{(stem or parts.hostname or 'page')[:NAME_LENGTH]}{ending}"

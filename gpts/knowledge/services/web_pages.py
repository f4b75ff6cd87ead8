"""Web pages as knowledge files: fetched once through core.outbound, and again on request."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, InvalidInput, RateLimited
from core.outbound import OutboundResponse, fetch
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.knowledge.extraction.sniffing import DOCX, EPUB, PDF, PPTX, XLSX
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.services.files import check_file_count, replace_file, upload_knowledge_file
from workspaces.models import User

URL_LENGTH = 2000
# Rate limit for each person: a slow host occupies a web process, and nobody may scan or flood other hosts
# through this server.
FETCHES, FETCH_SECONDS = 60, 600
NAME_LENGTH = 120
ENDINGS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/ld+json": ".json",
    "application/jsonl": ".jsonl",
    PDF: ".pdf",
    DOCX: ".docx",
    XLSX: ".xlsx",
    PPTX: ".pptx",
    EPUB: ".epub",
}
# Bounded and without overlap, so that a page of unclosed tags cannot cause quadratic backtracking.
_TITLE = re.compile(r"<title(?:\s[^<>]{0,300})?>([^<]{1,2000})</title>", re.IGNORECASE)
# Charsets of web pages by Python's names. Other codecs that a server could name take quadratic time
# (punycode), produce lone surrogates (utf-7, unicode_escape) or are no charsets at all.
CHARSETS = frozenset(
    {
        "ascii", "big5", "big5hkscs", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "iso2022_jp", "koi8-r",
        "koi8-u", "mac-roman", "shift_jis", "tis-620", "utf-16", "utf-16-be", "utf-16-le", "utf-32",
        *(f"cp{number}" for number in (866, 874, 932, 949, 950, *range(1250, 1259))),
        *(f"iso8859-{number}" for number in range(1, 17)),
    }
)  # fmt: skip
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)
# Characters with a meaning in paths.
_PATH_CHARACTERS = re.compile(r"[/\\:*?\"<>|]+")


@dataclass(frozen=True)
class WebPage:
    """The answer of an address as an upload."""

    url: str
    name: str
    upload: ContentFile[bytes]


def add_page(*, gpt: GPT, url: str, by: User, at: datetime) -> KnowledgeFile:
    """Fetch a page and add it to the draft; see upload_knowledge_file.

    Raises, with field ``url``, what core.outbound.fetch raises (OutboundRefused, OutboundFailed, TooLarge),
    InvalidInput (``page_status``, ``page_type``) for an answer that is no document and RateLimited beyond
    FETCHES in FETCH_SECONDS. Call it without locks: it waits for another host.
    """
    with gpt_workspace_scope(gpt):
        check_file_count(gpt, field="url")
    _check_rate_limit(by)
    page = fetch_page(url)
    return _call_with_url_errors(
        upload_knowledge_file, gpt=gpt, upload=page.upload, source_url=page.url, by=by, at=at
    )


def fetch_again(*, file: KnowledgeFile, by: User, at: datetime) -> KnowledgeFile:
    """Fetch a file's address again and replace the file's content; see replace_file and add_page.

    Unchanged content only gets a new ``fetched_at``. InvalidInput (``no_page``) for an uploaded file.
    """
    if not file.source_url:
        raise InvalidInput(_("This file was uploaded; there is no address to fetch."), code="no_page")
    _check_rate_limit(by)
    page = fetch_page(file.source_url)
    return _call_with_url_errors(
        replace_file, file=file, upload=page.upload, source_url=page.url, by=by, at=at
    )


def fetch_page(url: str) -> WebPage:
    """Fetch an address; raises what add_page raises, except for the rate limit and the number of files."""
    address = urldefrag(url.strip()).url
    if not address or len(address) > URL_LENGTH:
        raise InvalidInput(
            _("Give the address of a page, at most %(count)d characters long.") % {"count": URL_LENGTH},
            code="bad_url",
            field="url",
        )
    accept = {"accept": "text/html, application/xhtml+xml, application/pdf, text/*;q=0.8, */*;q=0.5"}
    answer: OutboundResponse = _call_with_url_errors(
        fetch, address, headers=accept, max_bytes=settings.KNOWLEDGE_PAGE_BYTES
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


def _check_rate_limit(by: User) -> None:
    key = f"gpts:page-fetches:{by.pk}"
    cache.add(key, 0, FETCH_SECONDS)
    try:
        count = cache.incr(key)
    except ValueError:  # the key expired between add and incr
        cache.set(key, 1, FETCH_SECONDS)
        return
    if count > FETCHES:
        raise RateLimited(
            _("Be patient, you are sending too many requests."),
            code="too_many_fetches",
            field="url",
            data={"limit": FETCHES, "retry_after": FETCH_SECONDS},
        )


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
    try:
        codec = codecs.lookup(match[1])
    except (LookupError, ValueError):
        return body
    return body.decode(codec.name, errors="replace").encode() if codec.name in CHARSETS else body


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

"""The baseline of the store benchmark: a bare view that runs the same SELECTs and sends the same bytes."""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.store_bare_settings"
os.environ.setdefault("LOGGIA_DATABASE_ROLE", "app")

import hashlib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import django

django.setup()

from django.conf import settings  # noqa: E402 - readable only now
from django.core.handlers.asgi import ASGIHandler  # noqa: E402

# No middleware; the system checks of the apps need it only during start-up.
settings.MIDDLEWARE = []
application = ASGIHandler()

from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import re_path  # noqa: E402
from django.utils import timezone  # noqa: E402

from core.scope import public_reader  # noqa: E402
from marketplace import queries  # noqa: E402

PAGES = Path(os.environ["LOGGIA_BENCH_PAGES"])
KEEP_SCOPE = "SELECT set_config('loggia.workspace_ids', '{}', false)"
_known: dict[str, tuple[list[str], list[str]]] = {}


def get_page_path(address: str) -> Path:
    return PAGES / hashlib.sha256(address.encode()).hexdigest()


def bare(request: HttpRequest) -> HttpResponse:
    address = request.get_full_path()
    if address not in _known:
        if not get_page_path(address).exists():
            return HttpResponse(status=404)
        text = get_page_path(address).read_text("utf-8")
        step = max(1, len(text) // 64)
        _known[address] = (_record_selects(address), [text[i : i + step] for i in range(0, len(text), step)])
    selects, pieces = _known[address]
    with connection.cursor() as cursor:
        # Row-level security refuses to answer without a scope; a visitor's, kept for the whole connection.
        cursor.execute(KEEP_SCOPE)
        for select in selects:
            cursor.execute(select)
            cursor.fetchall()
    return HttpResponse("".join(pieces))


def _record_selects(address: str) -> list[str]:
    """Run the product's queries once and return their SQL, without transactions and roles."""
    parts = urlsplit(address)
    with public_reader(), CaptureQueriesContext(connection) as captured:
        if parts.path == "/":
            queries.get_storefront(today=timezone.now().date(), language="en")
        elif parts.path == "/search":
            queries.search_listings(parse_qs(parts.query)["q"][0])
        else:
            about = queries.get_about(parts.path.removeprefix("/g/"))
            queries.list_ratings(about.listing.pk)
    wanted = ("SELECT", "(SELECT", "WITH")
    texts = [entry["sql"].strip() for entry in captured.captured_queries]
    return [
        text.replace("%", "%%") for text in texts if text.startswith(wanted) and "set_config(" not in text
    ]


urlpatterns = [re_path(r"^.*$", bare)]

"""What a browser with an empty cache loads for each kind of page, and that nothing moves while it does."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.core.management import call_command
from playwright.sync_api import Browser, Page
from pytest_django.fixtures import Settings

from core.scope import system_scope
from gpts.chat.models import Conversation
from gpts.llm.models import LanguageModel
from payouts.models import AccountingPeriod, Statement
from reviews.models import Case
from tests.support.browser import TELL_VIOLATIONS, sign_in_page
from tests.support.demo import seed_demo
from tests.support.services import WebService, start_web_service
from workspaces.models import User

MAX_REQUESTS = 20
MAX_BYTES = 150_000
# "Good" by the measure of browsers (Core Web Vitals).
MAX_SHIFT = 0.1
# Sums up the layout shifts that no input caused.
OBSERVE = """window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
SETTLED = """() => new Promise((go) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(go, 50))))"""
# Whether all style sheets had arrived when something was painted first.
IS_STYLED = """() => performance.getEntriesByName("first-contentful-paint").every((paint) =>
  performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".css"))
    .every(({ responseEnd }) => responseEnd <= paint.startTime))"""
# The distances of the store's rows, as shares of what the header leaves of a window: two rows fit into one.
LONG_ROWS = """() => {
  const header = document.querySelector(".site-header")?.getBoundingClientRect().height ?? 0;
  const tops = [...document.querySelectorAll(".section--row")].map((row) => row.getBoundingClientRect().top);
  return tops.slice(1).map((top, index) => (top - tops[index]) / (innerHeight - header))
    .filter((share) => share > 0.5);
}"""
HASHED = re.compile(r"\.[0-9a-f]{12}\.(?:min\.)?\w+$")

PAGES: dict[str, tuple[str, ...]] = {
    "": (
        "/", "/search?q=letter", "/categories/writing", "/leaderboards", "/g/plain-letter",
        "/g/plain-letter/report", "/rules", "/how-ranking-works", "/accounts/login/", "/accounts/signup/",
        "/accounts/password/reset/", "/api/", "/nowhere",
    ),
    "visitor@demo.test": ("/", "/g/plain-letter", "/g/plain-letter/chat", "/c/", "/c/shared"),
    "creator@demo.test": (
        "/c/{conversation}", "/build/", "/build/new", "/build/plain-letter/create",
        "/build/plain-letter/configure", "/build/plain-letter/preview", "/build/plain-letter/knowledge",
        "/build/plain-letter/knowledge/bench", "/build/plain-letter/tests", "/build/plain-letter/tests/new",
        "/build/plain-letter/versions", "/build/plain-letter/share", "/build/travel-desk/insights?days=90",
        "/earnings/", "/earnings/statements/{statement}", "/builders/me/edit",
        "/settings/", "/settings/appearance/", "/settings/security/", "/settings/data/",
        "/settings/notifications/", "/settings/limits",
    ),
    "admin@acme.test": (
        "/w/acme/", "/w/acme/admin/members", "/w/acme/admin/settings", "/w/acme/admin/audit",
        "/w/acme/admin/models", "/w/acme/admin/budgets", "/w/acme/admin/budgets/new", "/settings/api-keys/",
        "/accounts/2fa/", "/w/new",
    ),
    "moderator@demo.test": (
        "/moderation/", "/moderation/cases/{case}", "/moderation/decisions", "/moderation/transparency",
    ),
    "finance@demo.test": (
        "/finance/periods", "/finance/periods/{month}", "/finance/statements", "/finance/batches",
        "/finance/ledger", "/finance/ledger/entries",
        "/finance/rules", "/finance/rules/new",
    ),
    "operator@demo.test": (
        "/operator/", "/operator/people", "/operator/workspaces", "/operator/jobs", "/operator/settings",
        "/operator/health",
        "/accounts/reauthenticate/", "/operator/models", "/operator/models/providers/new",
        "/operator/models/{model}",
    ),
}  # fmt: skip

PHONE_PAGES: dict[str, tuple[str, ...]] = {
    "": ("/", "/g/plain-letter"),
    "creator@demo.test": (
        "/g/plain-letter/chat", "/c/{conversation}", "/build/new", "/build/plain-letter/configure",
        "/build/plain-letter/knowledge", "/settings/",
    ),
}  # fmt: skip
PRODUCTION_PAGES: dict[str, tuple[str, ...]] = {
    "": ("/",),
    "creator@demo.test": ("/g/plain-letter/chat", "/c/{conversation}", "/build/plain-letter/configure"),
}
DESK, PHONE = (1440, 900), (390, 844)


@dataclass
class Load:
    """What a browser received for one page; bytes are those on the wire."""

    status: int = 0
    shift: float = 0
    is_styled: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def list_faults(self, status: int) -> list[str]:
        size = sum(self.sizes.values())
        largest = sorted(self.sizes.items(), key=lambda item: -item[1])[:5]
        # Browsers log each answer that is an error.
        complaints = self.complaints if status == 200 else []
        return [
            *([f"status {self.status}"] if self.status != status else []),
            *([f"requests {self.addresses}"] if len(self.addresses) > MAX_REQUESTS else []),
            *([f"{size} bytes, most of them {largest}"] if size > MAX_BYTES else []),
            *([f"moves by {self.shift:.3f}"] if self.shift > MAX_SHIFT else []),
            *(["painted before its style sheet"] if not self.is_styled else []),
            *complaints,
        ]


class ColdBrowser:
    """A page of a browser that keeps nothing, and what each address loads."""

    def __init__(self, page: Page, server: WebService) -> None:
        self.page = page
        self.server = server
        self.current = Load()
        page.add_init_script(OBSERVE + TELL_VIOLATIONS)
        page.on("console", lambda line: self._complain(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self._complain(str(error)))
        session = page.context.new_cdp_session(page)
        names: dict[str, str] = {}

        def note(event: dict[str, Any]) -> None:
            address: str = event["request"]["url"]
            if not address.startswith("data:"):
                names[event["requestId"]] = address.removeprefix(server.url)
                self.current.addresses.append(names[event["requestId"]])

        def measure(event: dict[str, Any]) -> None:
            if name := names.get(event["requestId"]):
                self.current.sizes[name] = self.current.sizes.get(name, 0) + event["encodedDataLength"]

        session.on("Network.requestWillBeSent", note)
        session.on("Network.loadingFinished", measure)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def _complain(self, text: str) -> None:
        self.current.complaints.append(text)

    def enter(self, email: str) -> None:
        """Be the person of an address from here on; a visitor for an empty one."""
        self.page.context.clear_cookies()
        if email:
            sign_in_page(self.page, self.server, User.objects.get(email=email))

    def load(self, path: str) -> Load:
        self.current = Load()
        answer = self.page.goto(self.server.url + path)
        assert answer is not None
        self.page.evaluate(SETTLED)
        self.current.status = answer.status
        if self.page.url != self.server.url + path:
            self._complain(f"led to {self.page.url}")
        self.current.shift = self.page.evaluate("window.shift")
        self.current.is_styled = self.page.evaluate(IS_STYLED)
        return self.current


@contextmanager
def open_cold_browser(browser: Browser, server: WebService, width: int, height: int) -> Iterator[ColdBrowser]:
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US")
    try:
        yield ColdBrowser(context.new_page(), server)
    finally:
        context.close()


@contextmanager
def run_production(folder: Path, settings: Settings) -> Iterator[WebService]:
    """Run the web service with LOGGIA_ENV=production on collected static files."""
    settings.STATIC_ROOT = folder
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "core.look.static_files.StaticStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    # Production refuses the key of the tests; sessions that are made here need the same.
    settings.SECRET_KEY = secrets.token_urlsafe(48)
    service = start_web_service(
        "production",
        LOGGIA_ENV="production",
        SECRET_KEY=settings.SECRET_KEY,
        STATIC_ROOT=str(folder),
        ALLOWED_HOSTS="127.0.0.1",
        ENCRYPTION_KEYS=Fernet.generate_key().decode(),
        SECURE_SSL_REDIRECT="false",
    )
    try:
        yield service
    finally:
        service.stop()


def test_a_first_view_is_small_and_does_not_move(
    server: WebService, browser: Browser, tmp_path: Path, settings: Settings
) -> None:
    seed_demo()
    with system_scope("tests"):
        conversations = Conversation.objects.filter(user__email="creator@demo.test")
        names = {
            "conversation": conversations.latest("pk").pk,
            "statement": Statement.objects.filter(payee__email="creator@demo.test").latest("pk").pk,
            "case": Case.objects.filter(submission__isnull=False).latest("risk").pk,
            "month": AccountingPeriod.objects.latest("month").month,
            "model": LanguageModel.objects.filter(provider__workspace=None).latest("pk").pk,
        }
    faults = list_faults(browser, server, {DESK: PAGES, PHONE: PHONE_PAGES}, names)
    with run_production(tmp_path, settings) as production:
        pages = dict.fromkeys((DESK, PHONE), PRODUCTION_PAGES)
        faults |= list_faults(browser, production, pages, names, is_hashed=True)

    assert faults == {}


def list_faults(
    browser: Browser,
    server: WebService,
    pages: Mapping[tuple[int, int], Mapping[str, Iterable[str]]],
    names: Mapping[str, object],
    *,
    is_hashed: bool = False,
) -> dict[str, list[str]]:
    """Load pages by size of the window and person; ``is_hashed``: static files must be named by content."""
    faults: dict[str, list[str]] = {}
    for size, by_person in pages.items():
        with open_cold_browser(browser, server, *size) as cold:
            for email, paths in by_person.items():
                cold.enter(email)
                for path in (path.format(**names) for path in paths):
                    load = cold.load(path)
                    found = load.list_faults(404 if path == "/nowhere" else 200)
                    files = [name for name in load.addresses if name.startswith("/static/")]
                    # The rows of the public store; a company chooses what its shelves say.
                    rows = cold.page.evaluate(LONG_ROWS) if path == "/" else ()
                    found += [f"a row of {share:.2f}" for share in rows]
                    found += [name for name in files if is_hashed and not HASHED.search(name)]
                    if found:
                        faults[f"{email} {path} {size}"] = found
    return faults

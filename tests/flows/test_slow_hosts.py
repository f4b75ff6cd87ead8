"""Hosts that never finish answering: the pages of everybody go on, and the person who asked learns of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import httpx2
import pytest
from django.conf import settings
from django.db import connection, transaction

from core.scope import system_scope
from gpts.llm.services.catalogue import ProviderChange, create_provider
from tests.fakes.smtp_server import run_mail_server
from tests.support.api_client import create_key, get_bearer_header
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.jobs import take_jobs
from tests.support.servers import servers
from tests.support.services import WebService, WorkerService, start_web_service
from tests.support.times import NOW
from tests.support.web_client import WebClient
from workspaces.models import OutboundJob, User

# What a page may take while the machine is busy with tests. A slow host takes 20 seconds.
SOON = 10.0


class SlowSite:
    """Sends one byte a second for a minute; counts how many requests it serves at once."""

    def __init__(self) -> None:
        self.current = self.most = self.total = 0
        self.is_over = False
        self.lock = Lock()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with site.lock:
                    site.total += 1
                    site.current += 1
                    site.most = max(site.most, site.current)
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "text/html")
                    self.send_header("Content-Length", "60")
                    self.end_headers()
                    for _second in range(60):
                        if site.is_over:
                            return
                        self.wfile.write(b"x")
                        self.wfile.flush()
                        time.sleep(1)
                except OSError:
                    self.close_connection = True
                finally:
                    with site.lock:
                        site.current -= 1

            def log_message(self, *_arguments: object) -> None:
                """Nothing is printed."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.place = f"127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self.is_over = True
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def slow_site() -> Iterator[SlowSite]:
    site = SlowSite()
    yield site
    site.stop()


@pytest.fixture
def start(transactional_db: None) -> Iterator[Callable[..., WebService]]:
    """Start a web service with changed settings; stopped after the test."""
    running: list[WebService] = []
    servers.start_redis()

    def begin(**changes: str) -> WebService:
        running.append(start_web_service("slow-hosts", **changes))
        return running[-1]

    yield begin
    for service in running:
        service.stop()


@pytest.fixture
def sign_in_at() -> Iterator[Callable[..., WebClient]]:
    """Make an HTTP client of a person, or of a visitor, for a web service; closed after the test."""
    made: list[WebClient] = []

    def make(web: WebService, user: User | None = None) -> WebClient:
        made.append(WebClient(web.url, user))
        return made[-1]

    yield make
    for client in made:
        client.close()


def start_worker(**changes: str) -> WorkerService:
    servers.start_redis()
    environment = servers.environment(settings.DATABASE_NAME, settings.REDIS_DATABASE) | changes
    worker = WorkerService(environment, servers.directory / "slow-hosts-worker.log")
    worker.wait_until_ready()
    return worker


def get(client: WebClient, path: str) -> tuple[int, float]:
    started = time.monotonic()
    status = client.http.get(path).status_code
    return status, time.monotonic() - started


@pytest.mark.usefixtures("transactional_db")
def test_fifty_slow_pages_of_one_person_leave_all_pages_answering(
    start: Callable[..., WebService], sign_in_at: Callable[..., WebClient], slow_site: SlowSite
) -> None:
    with system_scope("tests"):
        gpts = [GPTFactory.create() for _number in range(2)]
        eve, ben = gpts[0].owner, gpts[1].owner
    allowed = {"OUTBOUND_TENANT_PRIVATE_HOSTS": slow_site.place}
    web = start(DATABASE_POOL_SIZE="4", **allowed)
    worker = start_worker(**allowed)
    attacker, other, visitor = sign_in_at(web, eve), sign_in_at(web, ben), sign_in_at(web)
    try:
        with ThreadPoolExecutor(50) as threads:
            answers = list(
                threads.map(
                    lambda number: (
                        attacker.http.post(
                            f"/build/{gpts[0].slug}/knowledge/page",
                            data={"url": f"http://{slow_site.place}/{number}"},
                        ).status_code
                    ),
                    range(50),
                )
            )
        deadline = time.monotonic() + 90
        while not slow_site.current and time.monotonic() < deadline:
            time.sleep(0.1)
        during = [
            get(client, path)
            for client, path in (
                (visitor, "/"), (visitor, "/search?q=travel"), (other, "/build/"), (other, "/settings/"),
                (attacker, f"/build/{gpts[0].slug}/knowledge"),
            )
        ]  # fmt: skip
        running = slow_site.current
    finally:
        slow_site.is_over = True
        worker.stop()

    # Some of fifty at once may find no free connection in time, and are told so.
    assert set(answers) <= {302, 400, 413, 503}
    assert 302 in answers
    assert [status for status, _seconds in during] == [200] * 5
    assert max(seconds for _status, seconds in during) < SOON
    assert running > 0
    assert slow_site.most <= 2  # OUTBOUND_RUNNING_PER_PERSON
    with system_scope("tests"):
        assert OutboundJob.objects.count() <= 20  # OUTBOUND_JOBS_PER_PERSON


@pytest.mark.usefixtures("transactional_db")
def test_a_slow_provider_holds_up_no_request_and_the_test_ends_with_an_error(
    start: Callable[..., WebService], slow_site: SlowSite
) -> None:
    with system_scope("tests"):
        ada = UserFactory.create()
        company = create_company(ada)
    allowed = {"OUTBOUND_TENANT_PRIVATE_HOSTS": slow_site.place}
    with pytest.MonkeyPatch.context() as patch, system_scope("tests"):
        patch.setattr(settings, "OUTBOUND_TENANT_PRIVATE_HOSTS", [slow_site.place])
        row = create_provider(
            workspace=company,
            change=ProviderChange("House", "responses", f"http://{slow_site.place}/v1", ""),
            by=ada,
            at=NOW,
        )
    web = start(**allowed)
    worker = start_worker(**allowed)
    key = create_key(ada, "account", workspace=company)
    path = f"/api/v1/workspaces/{company.slug}/model-providers/{row.pk}/test"
    try:
        with httpx2.Client(base_url=web.url, headers=get_bearer_header(key), timeout=20) as http:
            started = time.monotonic()
            asked = http.post(path)
            seconds = time.monotonic() - started
            state: dict[str, Any] = asked.json()
            while state["state"] in ("queued", "running") and time.monotonic() < started + 40:
                time.sleep(0.3)
                state = http.get(path).json()
    finally:
        worker.stop()

    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    assert seconds < SOON
    assert (state["state"], state["error_code"], state["names"]) == ("failed", "outbound_slow", [])
    assert "does not answer" in state["error"]


@pytest.mark.usefixtures("transactional_db")
def test_when_people_hold_all_connections_others_get_503_and_visitors_their_page(
    start: Callable[..., WebService], sign_in_at: Callable[..., WebClient]
) -> None:
    with system_scope("tests"):
        ada, ben = UserFactory.create(), UserFactory.create()
    web = start(DATABASE_POOL_SIZE="4")
    key = create_key(ben, "gpts:read")
    clients = [sign_in_at(web, ada) for _number in range(6)]
    visitor, person = sign_in_at(web), sign_in_at(web, ben)
    with ThreadPoolExecutor(6) as threads:
        with transaction.atomic(), connection.cursor() as cursor:
            # Each page of a signed-in person counts their notifications.
            cursor.execute("LOCK TABLE workspaces_notification IN ACCESS EXCLUSIVE MODE")
            pending = [threads.submit(client.http.get, "/build/") for client in clients]
            time.sleep(1)
            seen = [get(visitor, path) for path in ("/", "/search?q=letters", "/readyz")]
            page = person.http.get("/build/")
            part = person.http.get("/build/", headers={"HX-Request": "true"})
            asked = httpx2.get(f"{web.url}/api/v1/gpts", headers=get_bearer_header(key), timeout=20)
        answers = [future.result() for future in pending]

    assert [status for status, _seconds in seen] == [200] * 3
    assert max(seconds for _status, seconds in seen) < SOON
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "Not available right now" in page.text
    assert "Too much is going on right now" in page.text
    assert part.status_code == 503
    assert "toast--bad" in part.text
    assert (asked.status_code, asked.headers["Retry-After"]) == (503, "5")
    assert asked.json()["error"]["code"] == "busy"
    assert sorted({answer.status_code for answer in answers}) == [200, 503]
    assert person.http.get("/build/").status_code == 200


@pytest.mark.usefixtures("transactional_db")
def test_a_slow_mail_server_holds_up_no_request(
    start: Callable[..., WebService], sign_in_at: Callable[..., WebClient]
) -> None:
    with run_mail_server() as mail_server:
        mail_server.greets_after = 60
        web = start(EMAIL_URL=f"smtp://127.0.0.1:{mail_server.port}")
        visitor = sign_in_at(web)
        started = time.monotonic()
        answer = visitor.http.post(
            "/accounts/signup/",
            data={"email": "new@example.com", "display_name": "New", "password1": "long enough for a test"},
        )
        seconds = time.monotonic() - started

        assert answer.status_code == 302
        assert seconds < SOON
        assert mail_server.connections == 0
        with system_scope("tests"):
            assert User.objects.filter(email="new@example.com").exists()
        assert "workspaces.send_queued_mail" in [name for name, _arguments in take_jobs()]

"""Fixtures of all tests: servers that start on first use, a scope for arranging rows, clean state."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import django.test
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.backends.signals import connection_created
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as profiles

from tests.support.browsers import find_browser
from tests.support.servers import servers, stop_abandoned_runs, stop_run
from tests.support.services import WebService, WorkerService, start_service
from tests.support.warm_worker import stop_forking

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["tests.support.fixtures"]

# No property test depends on how busy the machine is, as Hypothesis itself has it where CI is set. Tests take
# these settings when they are imported.
profiles.register_profile("loggia", deadline=None, suppress_health_check=[HealthCheck.too_slow])
profiles.load_profile("loggia")


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        stop_abandoned_runs(settings.WHOLE_RUN)
    servers.start_redis_on_first_use()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep the modules and tests, which live until the end, out of what the garbage collector walks.

    tests/settings.py lets it run rarely.
    """
    gc.freeze()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name long texts and files by their argument: an archive's bytes hold the second in which it was made,
    so that the workers of a run would disagree about the names of their tests."""
    return argname if isinstance(val, (str, bytes)) and len(val) > 80 else None


def pytest_unconfigure(config: pytest.Config) -> None:
    connections.close_all()
    stop_forking()
    servers.stop()
    if not hasattr(config, "workerinput"):
        stop_run(settings.WHOLE_RUN)  # also of workers that crashed


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """A database for this process, cloned from the migrated template."""
    servers.start_postgres()
    servers.clone(settings.DATABASE_NAME)
    django.test.TransactionTestCase._fixture_teardown = recreate_database  # type: ignore[attr-defined]  # not in the stubs
    yield
    with django_db_blocker.unblock():
        connections.close_all()


def recreate_database(self: django.test.TransactionTestCase) -> None:
    """Clone the database again after a test that committed: append-only tables refuse Django's TRUNCATE."""
    connections.close_all()
    running = asyncio._get_running_loop()  # Django keeps separate connections for code beside a loop
    asyncio._set_running_loop(None)
    connections.close_all()
    asyncio._set_running_loop(running)
    servers.clone(settings.DATABASE_NAME)


@pytest.fixture(autouse=True)
def arranging_scope(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test that uses the database arrange and read rows of every tenant.

    Requests through the test client run in the narrower scope that the middleware opens. In transactional
    tests the setting holds for the connection, as there is no transaction around the test.
    """
    marker = request.node.get_closest_marker("django_db")
    names = set(request.fixturenames)
    transactional = bool(marker and marker.kwargs.get("transaction")) or bool(
        names & {"transactional_db", "live_server", "server", "worker"}
    )
    if not marker and not transactional and "db" not in names:
        yield
    elif transactional:
        request.getfixturevalue("transactional_db")
        yield from _system_connections()
    else:
        request.getfixturevalue("db")
        from core.connections import count_open_scope
        from core.scope import system_scope

        scope = system_scope("tests")
        scope.__enter__()
        _mark_transaction_of_the_test()
        yield
        count_open_scope(1)
        with suppress(
            DatabaseError
        ):  # the test may have left a broken transaction, which is rolled back anyway
            if not connection.needs_rollback:
                connection.check_constraints()  # what is checked at commit reads rows in the scope
            scope.__exit__(None, None, None)


def _mark_transaction_of_the_test() -> None:
    """Let core.connections tell the test's own transaction from those of the code under test."""
    from core.connections import count_open_scope

    for block in connection.atomic_blocks:
        block._from_testcase = True  # type: ignore[attr-defined]  # not in the stubs
    count_open_scope(-1)


def _system_connections() -> Iterator[None]:
    from core import scope

    def let_see_all(sender: object, connection: Any, **kwargs: object) -> None:
        scope._current.set(scope.Scope(system="tests"))  # also in the test's own threads
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('loggia.system', 'tests', false)")

    connection_created.connect(let_see_all)
    connection.close()
    scope._current.set(scope.Scope(system="tests"))
    yield
    connection_created.disconnect(let_see_all)
    scope._current.set(None)


@pytest.fixture(autouse=True)
def usual_language() -> None:
    """Begin in the usual language: a request in another leaves it active until the next request."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def no_instance_settings() -> Iterator[None]:
    """Begin with the settings of the environment, without looking for an operator's changes."""
    from core.instance_settings import prime

    prime({}, seconds=3600)
    yield
    prime({}, seconds=3600)


@pytest.fixture(autouse=True)
def empty_redis() -> Iterator[None]:
    yield
    servers.empty_redis(settings.REDIS_DATABASE)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# Real services ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def running_services() -> Iterator[dict[str, WebService]]:
    """The web service starts with the first test that needs it and runs until the end."""
    running: dict[str, WebService] = {}
    yield running
    for service in running.values():
        service.stop()


@pytest.fixture
def server(transactional_db: None, running_services: dict[str, WebService]) -> WebService:
    """The real web service (``.url``) on this test's database, in its production role."""
    service = running_services.get("server")
    if service is None or service.process.poll() is not None:
        service = running_services["server"] = start_service(WebService)
    return service


@pytest.fixture
def worker(transactional_db: None) -> Iterator[WorkerService]:
    """A real Celery worker on this test's database and Redis.

    It ends with the test: otherwise it would run the jobs of other tests and lock their rows.
    """
    service = start_service(WorkerService)
    yield service
    service.stop()


# The browser -----------------------------------------------------------------------------------------------


@pytest.hookimpl(trylast=True)  # after the random order
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start the longest tests first. Without a browser skip its tests with a reason; in CI fail."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    browser_tests = [item for item in items if "browser" in getattr(item, "fixturenames", ())]
    if not browser_tests or find_browser():
        return
    if os.environ.get("CI"):
        raise pytest.UsageError("CI is set and no browser was found: install chromium or set LOGGIA_BROWSER.")
    for item in browser_tests:
        item.add_marker(pytest.mark.skip(reason="NO BROWSER: install chromium or set LOGGIA_BROWSER"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    # Chromium has no sandbox for root, and /dev/shm is small in containers.
    sandbox = ["--no-sandbox", "--disable-dev-shm-usage"] if os.getuid() == 0 else ["--disable-dev-shm-usage"]
    return {**browser_type_launch_args, "executable_path": find_browser(), "args": sandbox}


@pytest.fixture(scope="session", autouse=True)
def allow_queries_beside_the_browser() -> None:
    """Playwright keeps an event loop in the test's thread, where Django would refuse plain queries."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser(browser: Browser) -> Iterator[Browser]:
    loop = asyncio._get_running_loop()
    yield browser
    asyncio._set_running_loop(loop)  # the last test may be one without a browser; closing needs the loop


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with hide_browser_loop(item):
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with hide_browser_loop(item):
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    with hide_browser_loop(item):
        yield


@contextmanager
def hide_browser_loop(item: pytest.Item) -> Iterator[None]:
    """Hide Playwright's loop, which counts as running from the first browser test on, from all other tests.

    Else everything that runs a loop of its own would fail after it, such as async views in the test client.
    All three phases must agree: Django keeps other connections for code that runs inside a loop.
    """
    running = asyncio._get_running_loop()
    if running is None or "browser" in getattr(item, "fixturenames", ()):
        yield
        return
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(None if running.is_closed() else running)

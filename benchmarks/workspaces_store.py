"""The private store of a large company beside the public store, and what row-level security costs it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.scope import Scope, open_scope, system_scope
from embedded.paths import DataPaths
from embedded.postgres import EmbeddedPostgres
from gpts.assistants.models import GPT, LiveVersion, Version
from gpts.assistants.states import Audience
from marketplace.queries import page_private_store
from marketplace.synthetic.load import load_synthetic_listings
from workspaces.models import User, Workspace
from workspaces.services.users import create_user

# Fewer rows than PostgreSQL takes parameters for.
BATCH = 1_000
RUNS = 7
PAIRS = 60


def fill_stores(place: Workspace, boss: User, count: int) -> None:
    """Insert GPTs that are live for the workspace, and as many listings. No service makes so many at once."""
    now = timezone.now()
    for start in range(0, count, BATCH):
        numbers = range(start, min(count, start + BATCH))
        gpts = GPT.objects.bulk_create(
            GPT(
                workspace=place,
                owner=boss,
                name=f"Helper {number}",
                slug=f"bench-{number}",
                description=f"Answers questions about part {number % 97}. Works for everybody.",
                recent_members=number % 500,
                address_settled_at=now,
                created_at=now,
                updated_at=now,
            )
            for number in numbers
        )
        versions = Version.objects.bulk_create(
            Version(
                gpt=gpt,
                number=1,
                name=gpt.name,
                description=gpt.description,
                content_hash=f"{gpt.pk:064d}",
                created_by=boss,
                created_at=now,
            )
            for gpt in gpts
        )
        LiveVersion.objects.bulk_create(
            LiveVersion(gpt=version.gpt, version=version, audience=Audience.WORKSPACE, since=now)
            for version in versions
        )
    load_synthetic_listings(count, at=now, with_vectors=False)
    with psycopg.connect(**_superuser(), autocommit=True) as admin:
        admin.execute("ANALYZE")


def measure_stores(place: Workspace, member: User) -> None:
    with system_scope("benchmarks"):
        stranger = create_user(
            email="stranger@bench.test", display_name="Stranger", password=None, at=timezone.now()
        )
    pages, cpu = {}, {}
    for name, person, url in (
        ("private", member, f"/w/{place.slug}/"),
        ("private, search", member, f"/w/{place.slug}/?q=helper+part"),
        ("private, rare words", member, f"/w/{place.slug}/?q=19999"),
        ("public", stranger, "/"),
        ("public, search", stranger, "/search?q=travel+plan"),
    ):
        client = Client(HTTP_HOST="localhost")
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")

        def get(client: Client = client, url: str = url) -> None:
            answer = client.get(url)
            if answer.status_code != 200:
                raise SystemExit(f"{url} answered {answer.status_code}.")

        pages[name] = time_shortest(get)
        # Of this process alone: what else the machine does changes it less.
        spent = sorted(measure_cpu(get) for _run in range(3 * RUNS))
        cpu[name] = spent[len(spent) // 4]
    for name, spent_ms in pages.items():
        print(f"page, signed in, {name}: {spent_ms:.1f} ms, {cpu[name]:.1f} ms of the web process's CPU")
    print(f"private store: {pages['private'] / pages['public']:.2f} of the public store's time")
    search = pages["private, search"] / pages["public, search"]
    print(f"search in the private store: {search:.2f} of the public store's time")
    print(
        f"CPU of the web process: {cpu['private'] / cpu['public']:.2f} for the list,"
        f" {cpu['private, search'] / cpu['public, search']:.2f} for the search"
    )


def measure_row_security(place: Workspace, member: User) -> None:
    """Run the statements of the private store in the member's scope, then as a role without policies."""
    scope = Scope(user_id=member.pk, workspace_ids=(place.pk,))
    for name, text in (("list", ""), ("search", "helper part")):
        with open_scope(scope), CaptureQueriesContext(connection) as queries:
            page_private_store(place, member, text=text)
        statements = [query["sql"] for query in queries.captured_queries if "set_config" not in query["sql"]]
        with open_scope(scope), connection.cursor() as cursor:

            def run_inside(cursor: object = cursor, statements: list[str] = statements) -> None:
                for statement in statements:
                    cursor.execute(statement.replace("%", "%%"), ())  # type: ignore[attr-defined]
                    cursor.fetchall()  # type: ignore[attr-defined]

            with psycopg.connect(**_superuser()) as admin:

                def run_outside(statements: list[str] = statements) -> None:
                    for statement in statements:
                        admin.execute(statement.replace("%", "%%"), ()).fetchall()  # type: ignore[arg-type]

                # In turn, so that both meet the same load; prepared after the first runs, as in the product.
                pairs = [
                    (time_shortest(run_inside, times=1), time_shortest(run_outside, times=1))
                    for _pair in range(PAIRS)
                ]
        with_policies, without = (min(column) for column in zip(*pairs, strict=True))
        print(
            f"statements of the private store, {name}: {with_policies:.1f} ms with row-level security,"
            f" {without:.1f} ms without ({with_policies / without:.2f})"
        )


def time_shortest(work: Callable[[], object], *, times: int = RUNS) -> float:
    """Return the shortest of several runs in milliseconds."""
    spent = []
    for _run in range(times):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return min(spent) * 1000


def measure_cpu(work: Callable[[], object]) -> float:
    """Return the CPU time of one run in this process in milliseconds."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def _superuser() -> dict[str, object]:
    postgres = EmbeddedPostgres(DataPaths(Path(os.environ["LOGGIA_DATA_DIR"])))
    return postgres.superuser(str(connection.settings_dict["NAME"]))

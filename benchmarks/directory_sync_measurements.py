"""Measurements of `script/bench directory_sync`, in a process of its own with the servers' settings."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import django

django.setup()

import httpx2  # noqa: E402 - the settings are readable only now
from django.utils import timezone  # noqa: E402

from benchmarks.load import get_cpu_seconds  # noqa: E402
from core.scope import system_scope  # noqa: E402
from workspaces.services.proved_domains import prove_domain  # noqa: E402
from workspaces.services.scim_tokens import create_scim_token  # noqa: E402
from workspaces.services.users import create_user  # noqa: E402
from workspaces.services.workspaces import create_workspace  # noqa: E402

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
DOMAIN = "bench.example"


def make_directory() -> tuple[str, str]:
    """Make a company with a proved domain; return its slug and a token."""
    now = timezone.now()
    with system_scope("benchmarks"):
        owner = create_user(email="owner@bench.example", display_name="Owner", at=now, is_email_verified=True)
        company = create_workspace(name="Bench", by=owner, at=now)
        prove_domain(workspace=company, domain=DOMAIN, at=now)
        _token, plain = create_scim_token(workspace=company, name="Bench", by=owner, at=now)
    return company.slug, plain


def sync(client: httpx2.Client, number: int) -> str:
    """Look for a person and add them, as the first cycle of an identity provider does; return the id."""
    email = f"person{number}@{DOMAIN}"
    found = client.get("Users", params={"filter": f'userName eq "{email}"'}).json()
    assert found["totalResults"] == 0, found
    body = {
        "schemas": [USER],
        "userName": email,
        "externalId": f"e{number}",
        "name": {"givenName": "Person", "familyName": str(number)},
        "emails": [{"value": email, "type": "work", "primary": True}],
        "active": True,
    }
    answer = client.post("Users", json=body)
    assert answer.status_code == 201, answer.text
    identifier: str = answer.json()["id"]
    return identifier


def main(port: int, web: int, database: int, people: int = 5_000, connections: int = 4) -> None:
    print(f"{'':52}{'seconds':>9}{'a second':>10}{'web ms':>9}{'db ms':>8}", flush=True)

    def timed(name: str, work: Callable[[], Any], count: int) -> Any:
        """Print how long ``work`` takes, and the CPU time of both servers for each of ``count``."""
        before = get_cpu_seconds(web), get_cpu_seconds(database)
        begun = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - begun
        cpu = get_cpu_seconds(web) - before[0], get_cpu_seconds(database) - before[1]
        each = "".join(f"{1_000 * one / count:>{width}.1f}" for one, width in zip(cpu, (9, 8), strict=True))
        print(f"{name:52}{seconds:>9.1f}{count / seconds:>10.1f}{each}", flush=True)
        return result

    slug, token = make_directory()
    with httpx2.Client(
        base_url=f"http://127.0.0.1:{port}/scim/v2/{slug}/",
        headers={"Authorization": f"Bearer {token}"},
        timeout=120,
        trust_env=False,
    ) as client:

        def run(work: Callable[[Any], Any], given: Iterable[Any], count: int = connections) -> list[Any]:
            with ThreadPoolExecutor(count) as pool:
                return list(pool.map(work, given))

        ids: list[str] = []
        half = people // 2
        for count, numbers in ((1, range(half)), (connections, range(half, people))):
            ids += timed(
                f"{len(numbers)} people added, 2 requests each, {count} at once",
                partial(run, partial(sync, client), numbers, count),
                len(numbers),
            )
        group = client.post("Groups", json={"schemas": [GROUP], "displayName": "Everybody"}).json()
        add = {
            "schemas": [PATCH],
            "Operations": [{"op": "add", "path": "members", "value": [{"value": one} for one in ids]}],
        }
        timed("all of them into one group", lambda: client.patch(f"Groups/{group['id']}", json=add), people)
        timed(
            "every person listed, 500 a page",
            lambda: [client.get(f"Users?startIndex={at}&count=500") for at in range(1, people + 1, 500)],
            people,
        )
        off = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]}
        gone = ids[: people // 10]
        timed(
            f"{len(gone)} people deactivated",
            lambda: run(lambda one: client.patch(f"Users/{one}", json=off), gone),
            len(gone),
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

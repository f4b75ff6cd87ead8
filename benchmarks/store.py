"""The store at N listings: home, search and About beside a bare view with the same SELECTs and bytes.

Run by `script/bench store [N] [seconds]`. Starts servers of its own in a temporary directory, fills them by
seed_catalogue, sends requests as 1, 8 and 32 clients, prints one table, and removes everything.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from benchmarks.load import LoadResult, measure

ROOT = Path(__file__).resolve().parent.parent
PRODUCT_PORT, BARE_PORT = 8941, 8942
CLIENTS = (1, 8, 32)
# "about, cold": each page is requested once for every number of clients, so that no cache can help.
SLUGS = 600
# "about, visits": with frequencies by Zipf's law, the n-th page 1/n as often as the first, on VISITED
# different pages. VISITS_BEFORE requests fill the cache before measuring.
VISITED, VISITS, VISITS_BEFORE = 2_000, 3_000, 1_000
WORDS = [
    "recipe",
    "budget",
    "essay",
    "sql query",
    "python test",
    "travel plan",
    "history",
    "grammar",
    "garden",
    "invoice",
    "statistics",
    "poetry",
    "email",
    "作文",
    "面包",
    "代码审查",
    "统计",
    "旅行",
    "求职信",
    "单元测试",
]
ROLES = [
    "",
    "coach",
    "tutor",
    "planner",
    "helper",
    "for students",
    "for teachers",
    "friendly",
    "strict",
    "助手",
    "老师",
    "教练",
]


def main(count: int, seconds: float) -> None:
    data = Path(tempfile.mkdtemp(prefix="loggia-bench-"))
    pages = data / "pages"
    pages.mkdir()
    os.environ |= {
        "LOGGIA_ENV": "development", "DEBUG": "false", "LOGGIA_DATA_DIR": str(data),
        "LOGGIA_BENCH_PAGES": str(pages), "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    for name in ("DATABASE_URL", "REDIS_URL", "CACHE_URL"):
        os.environ.pop(name, None)
    from embedded.paths import DataPaths
    from embedded.postgres import EmbeddedPostgres
    from embedded.redis import EmbeddedCache, EmbeddedRedis

    postgres, redis = EmbeddedPostgres(DataPaths(data)), EmbeddedRedis(DataPaths(data))
    cache = EmbeddedCache(DataPaths(data))
    try:
        postgres.start()
        redis.start()
        cache.start()
        for command in (["setup_database"], ["migrate"], ["seed_catalogue", str(count)]):
            _run_command(*command)
        with (
            _run_server("config.asgi:application", PRODUCT_PORT) as product,
            _run_server("benchmarks.store_bare:application", BARE_PORT) as bare,
        ):
            _compare_pages(count, seconds, pages, product, bare, postgres.pid() or 0)
    finally:
        cache.stop()
        redis.stop()
        postgres.stop()
        shutil.rmtree(data, ignore_errors=True)


def _compare_pages(count: int, seconds: float, pages: Path, product: int, bare: int, database: int) -> None:
    rng = random.Random(1)
    searches = [f"/search?q={quote(f'{word} {role}'.strip())}" for word in WORDS for role in ROLES]
    abouts = [f"/g/catalogue-{number:06d}" for number in rng.sample(range(1, count + 1), min(SLUGS, count))]
    rng.shuffle(searches)
    print(
        f"{count:,} listings, {os.cpu_count()} cores, {seconds:g} s each; the clients run on the same machine"
    )
    print("page           clients     what    req/s   p50 ms   p99 ms  server ms   db ms  of bare  by CPU")
    visits = _draw_visits(rng, count)
    for name, addresses in (
        ("home", ["/"]),
        ("search", searches),
        ("about, cold", abouts),
        ("about, visits", visits),
    ):
        is_cold = name == "about, cold"
        share = max(1, len(addresses) // len(CLIENTS)) if is_cold else len(addresses)
        for turn, clients in enumerate(CLIENTS):
            chosen = addresses[turn * share : (turn + 1) * share] if is_cold else addresses
            # The bare view records its SELECTs on the first call; the product's cache is emptied.
            if unknown := _save_pages(chosen, pages):
                _measure_requests(
                    BARE_PORT, unknown, bare, database, clients=4, seconds=60, most=len(unknown)
                )
            # Cold pages are requested once only.
            most = len(chosen) if is_cold else None
            theirs = _measure_requests(
                BARE_PORT, chosen, bare, database, clients=clients, seconds=seconds, most=most
            )
            _empty_cache()
            if name == "about, visits":
                before, chosen = chosen[:VISITS_BEFORE], chosen[VISITS_BEFORE:]
                _measure_requests(
                    PRODUCT_PORT, before, product, database, clients=4, seconds=60, most=len(before)
                )
            ours = _measure_requests(
                PRODUCT_PORT, chosen, product, database, clients=clients, seconds=seconds, most=most
            )
            _print_row(name, clients, "bare", theirs, "", "")
            cpu = (theirs.server_cpu + theirs.database_cpu) / (ours.server_cpu + ours.database_cpu)
            _print_row(
                name, clients, "store", ours, f"{ours.per_second / theirs.per_second:.0%}", f"{cpu:.0%}"
            )


def _measure_requests(
    port: int,
    chosen: list[str],
    server: int,
    database: int,
    *,
    clients: int,
    seconds: float,
    most: int | None,
) -> LoadResult:
    return measure(
        port, chosen, clients=clients, seconds=seconds, server=server, database=database, most=most
    )


def _draw_visits(rng: random.Random, count: int) -> list[str]:
    numbers = rng.sample(range(1, count + 1), min(VISITED, count))
    weights = [1 / rank for rank in range(1, len(numbers) + 1)]
    return [f"/g/catalogue-{number:06d}" for number in rng.choices(numbers, weights, k=VISITS)]


def _empty_cache() -> None:
    """Empty the product's cache."""
    from redis import Redis

    from embedded.paths import get_default_paths
    from embedded.redis import EmbeddedCache

    Redis.from_url(EmbeddedCache(get_default_paths()).url()).flushall()


def _save_pages(addresses: list[str], pages: Path) -> list[str]:
    """Save the product's pages that are not saved yet, and return their addresses."""
    from hashlib import sha256

    unknown = []
    for address in dict.fromkeys(addresses):
        file = pages / sha256(address.encode()).hexdigest()
        if not file.exists():
            with urllib.request.urlopen(f"http://127.0.0.1:{PRODUCT_PORT}{address}") as answer:
                file.write_bytes(answer.read())
            unknown.append(address)
    return unknown


def _print_row(name: str, clients: int, what: str, found: LoadResult, share: str, cpu: str) -> None:
    failed = f"  {found.failures} failed" if found.failures else ""
    print(
        f"{name:14}{clients:>8}{what:>9}{found.per_second:>9.1f}{found.p50:>9.1f}{found.p99:>9.1f}"
        f"{found.server_cpu:>11.2f}{found.database_cpu:>8.2f}{share:>9}{cpu:>8}{failed}",
        flush=True,
    )


def _run_command(*arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=True, stdout=sys.stderr)


@contextmanager
def _run_server(application: str, port: int) -> Iterator[int]:
    process = subprocess.Popen(
        [
            sys.executable, "-m", "uvicorn", application, "--port", str(port), "--no-access-log",
            "--log-level", "error",
        ],
        cwd=ROOT, env=os.environ | {"LOGGIA_DATABASE_ROLE": "app"},
    )  # fmt: skip
    try:
        for _try in range(300):
            time.sleep(0.2)
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                if process.poll() is not None:
                    raise
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 100_000,
        float(sys.argv[2]) if len(sys.argv) > 2 else 5.0,
    )

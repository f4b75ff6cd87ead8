"""What script/server does: start the servers, set up roles, migrate, add first data, start all processes."""

from __future__ import annotations

import argparse
import errno
import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from functools import partial
from importlib import import_module
from typing import TextIO

from celery.__main__ import main as celery_main

from embedded.errors import StartupError
from embedded.forking import freeze_memory
from embedded.paths import ROOT, DataPaths, get_default_paths
from embedded.postgres import EmbeddedPostgres
from embedded.processes import last_lines
from embedded.redis import EmbeddedCache, EmbeddedRedis
from embedded.supervisor import Supervisor, end_leftovers

# The workers: name, queues (see QUEUES in config/celery.py), and options. A worker's slots are only for its
# queues, so that mails and money never wait for files. Threads suffice where a job waits for a server or a
# child process.
WORKERS: tuple[tuple[str, str, str], ...] = (
    ("worker", "celery", ""),
    ("mail", "mail,money", "--pool threads --concurrency 4"),
    ("files", "files", "--pool threads --concurrency {FILES_CONCURRENCY}"),
    ("outbound", "outbound", "--pool threads --concurrency 4"),
    ("search", "search", "--pool threads --concurrency 2"),
)
JOBS_ROLE = {"LOGGIA_DATABASE_ROLE": "worker"}
MIN_FREE_BYTES = 300 * 1024 * 1024


def main() -> int:
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a real stream, also into a file
    options = parse_arguments()
    os.environ["LOGGIA_ENV"] = os.environ.get("LOGGIA_ENV") or "development"
    os.environ.pop("LOGGIA_DATABASE_ROLE", None)  # each process sets its own
    paths = get_default_paths()
    supervisor = Supervisor(ROOT, paths.data / "processes.json")
    supervisor.handle_stop_signals()
    try:
        paths.create()
        lock = lock_clone(paths)
        end_leftovers(supervisor.record, ROOT)
        check_free_disk(paths)
        host, port = get_free_address()
        # For all processes, so that a mail of the worker leads where the web service listens.
        os.environ["BASE_URL"] = os.environ.get("BASE_URL") or f"http://localhost:{port}"
        if options.reset:
            reset(paths)
        return start_everything(supervisor, paths, host=host, port=port, demo=not options.no_demo)
    except StartupError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    finally:
        supervisor.stop()
        if "lock" in locals():
            lock.close()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/server",
        description="Starts Loggia: database, Redis, web, workers and beat. PORT chooses the port (8000).",
    )
    parser.add_argument("--no-demo", action="store_true", help="do not add the demo people and GPTs")
    parser.add_argument("--reset", action="store_true", help="delete the embedded data first")
    return parser.parse_args()


def start_everything(supervisor: Supervisor, paths: DataPaths, *, host: str, port: int, demo: bool) -> int:
    started_at = time.monotonic()
    servers: list[EmbeddedPostgres | EmbeddedRedis] = []
    try:
        if not os.environ.get("DATABASE_URL"):
            postgres = EmbeddedPostgres(paths)
            servers.append(postgres)
            postgres.start()
            supervisor.watch("postgres", lambda: bool(postgres.pid()), lambda: last_lines(postgres.log))
        if not os.environ.get("REDIS_URL"):
            kinds = [EmbeddedRedis] if os.environ.get("CACHE_URL") else [EmbeddedRedis, EmbeddedCache]
            for kind in kinds:
                start_redis(supervisor, kind(paths), servers)
        prepare(paths, demo=demo)
        if supervisor.is_stop_requested:
            return 0
        add_processes(supervisor, host, port)
        if wait_for_page(supervisor, host, port):
            seconds = time.monotonic() - started_at
            print(f"\nLoggia is ready after {seconds:.0f} s: http://localhost:{port}  (Ctrl-C stops it)\n")
        return supervisor.run()
    finally:
        supervisor.stop()
        for server in reversed(servers):
            server.stop()


def start_redis(
    supervisor: Supervisor, server: EmbeddedRedis, servers: list[EmbeddedPostgres | EmbeddedRedis]
) -> None:
    servers.append(server)
    server.start()
    supervisor.watch(server.name, lambda: bool(server.pid()), lambda: last_lines(server.log))


def lock_clone(paths: DataPaths) -> TextIO:
    """Allow one server per clone; the kernel releases the lock when the process ends."""
    lock = (paths.data / "server.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        raise StartupError(
            f"Loggia already runs from here (process {lock.read().strip() or 'unknown'}):"
            " use that one, or stop it first."
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def check_free_disk(paths: DataPaths) -> None:
    free = shutil.disk_usage(paths.data).free
    if free < MIN_FREE_BYTES:
        raise StartupError(
            f"The disk is full: {free // 1024**2} MB are free at {paths.data} and Loggia needs"
            f" {MIN_FREE_BYTES // 1024**2}. Free some space and start again."
        )


def get_free_address() -> tuple[str, int]:
    host, given = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise StartupError(f"PORT is {given!r}: give a number from 1 to 65535, for example PORT=8001.")
    port = int(given)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise StartupError(
                    f"Port {port} is in use by another program: stop that, or choose another port,"
                    f" for example PORT={port + 1} script/server."
                ) from error
            raise StartupError(
                f"Cannot listen on {host}:{port} ({error.strerror}): set HOST and PORT."
            ) from error
    return host, port


def reset(paths: DataPaths) -> None:
    """Delete the embedded data; never an external database."""
    if os.environ.get("DATABASE_URL"):
        raise StartupError(
            "--reset deletes only the embedded data: unset DATABASE_URL, or empty that database yourself."
        )
    postgres = EmbeddedPostgres(paths)
    for server in (postgres, EmbeddedRedis(paths), EmbeddedCache(paths)):
        server.stop()
    for directory in (postgres.directory, paths.redis, paths.data / "media", paths.data / "mails"):
        shutil.rmtree(directory, ignore_errors=True)
    for marker in paths.data.glob("started-*"):
        marker.unlink()
    print(f"The embedded data in {paths.data} was deleted.")
    paths.create()


def prepare(paths: DataPaths, *, demo: bool) -> None:
    """Set up roles and migrate as the owner, then add the first data as the worker."""
    run_command("setup_database", "--migrate")
    database = os.environ.get("DATABASE_URL") or "embedded"
    marker = paths.data / f"started-{hashlib.sha256(database.encode()).hexdigest()[:12]}"
    run_command("first_data", *(["--demo"] if demo and not marker.exists() else []))
    marker.touch()


def run_command(command: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), command, *arguments], cwd=ROOT, check=False
    )
    if done.returncode:
        raise StartupError(f"Loggia did not start: manage.py {command} failed; its message stands above.")


def add_processes(supervisor: Supervisor, host: str, port: int) -> None:
    python = [sys.executable, "-m"]
    supervisor.add(
        "web",
        [*python, "config.web_server", "--host", host, "--port", str(port),
         "--workers", os.environ.get("WEB_WORKERS") or "2", "--graceful-seconds", "8"],
        {"LOGGIA_DATABASE_ROLE": "app"},
    )  # fmt: skip
    jobs = list_celery_commands()
    if sys.platform == "linux":
        load_jobs()
        for name, arguments in jobs.items():
            supervisor.fork(name, partial(run_celery, arguments), JOBS_ROLE)
    else:  # libraries of macOS do not survive a fork
        for name, arguments in jobs.items():
            supervisor.add(name, [*python, "celery", *arguments], JOBS_ROLE)
    supervisor.read_outputs()


def list_celery_commands() -> dict[str, list[str]]:
    """Return the arguments of Celery for the workers and beat, by name."""
    celery = ["--app", "config.celery:app", "--quiet"]
    given = {"FILES_CONCURRENCY": os.environ.get("FILES_CONCURRENCY") or "3"}
    return {
        name: [
            *celery, "worker", "--loglevel", "WARNING", "--queues", queues, "--hostname", f"{name}@%h",
            *options.format_map(given).split(),
        ]
        for name, queues, options in WORKERS
    } | {"beat": [*celery, "beat", "--loglevel", "WARNING", "--pidfile="]}  # fmt: skip


def load_jobs() -> None:
    """Import what the workers and beat run, once for all of them."""
    os.environ.update(JOBS_ROLE)
    app = import_module("config.celery").app
    app.loader.import_default_modules()
    app.finalize(auto=True)
    freeze_memory()


def run_celery(arguments: list[str]) -> None:
    sys.argv = ["celery", *arguments]
    celery_main()


def wait_for_page(supervisor: Supervisor, host: str, port: int) -> bool:
    """Return True once the web process answers, False on a failure or a request to stop."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    end = time.monotonic() + 60
    while time.monotonic() < end and not supervisor.is_stop_requested and not supervisor.find_failure():
        try:
            with urllib.request.urlopen(f"http://{reachable}:{port}/healthz", timeout=5):
                return True
        except OSError:
            time.sleep(0.2)
    return False

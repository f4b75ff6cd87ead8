"""Turns database URLs, given or of the embedded server, into Django's settings for a role."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from embedded.credentials import DATABASE, ROLES, derive_role_password
from embedded.paths import DataPaths

LOGINS = ("owner", "app", "worker")
# A request that gets no connection in this time is answered with 503.
POOL_WAIT_SECONDS = 5
# A statement is prepared when a connection sends it for the fourth time.
PREPARE_AFTER = 3


def database_settings(
    *,
    url: str,
    given: dict[str, str],
    public_role: str,
    process: str,
    secret_key: str,
    paths: DataPaths,
    pool_size: int,
) -> tuple[dict[str, dict[str, Any]], dict[str, str], dict[str, str]]:
    """Return DATABASES for the process's role, the names of all roles, and the URL of each."""
    urls = _embedded_urls(paths, secret_key) if not url else _outside_urls(url, given, secret_key)
    roles = {role: unquote(urlsplit(urls[role]).username or "") for role in urls} | {"public": public_role}
    if process not in urls:
        raise ImproperlyConfigured(f"LOGGIA_DATABASE_ROLE is {process!r}: use owner, app or worker.")
    database = _bind_on_server(parse_url(urls[process], name=f"the database URL of the role {process}"))
    database["ENGINE"] = "config.postgres"
    if process == "app":
        database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": POOL_WAIT_SECONDS}
        # config.postgres checks connections itself; the pool's check waits longer for each dead one.
        database["CONN_HEALTH_CHECKS"] = False
    return {"default": database}, roles, urls


def _embedded_urls(paths: DataPaths, secret_key: str) -> dict[str, str]:
    host = quote(str(paths.sockets), safe="")
    urls = {}
    for role in LOGINS:
        password = derive_role_password(secret_key, ROLES[role])
        urls[role] = f"postgresql://{ROLES[role]}:{password}@{host}:5432/{DATABASE}"
    return urls


def _outside_urls(url: str, given: dict[str, str], secret_key: str) -> dict[str, str]:
    parse_url(url, name="DATABASE_URL")
    urls = {"owner": url}
    for role, given_url in given.items():
        if given_url:
            parse_url(given_url, name=f"DATABASE_{role.upper()}_URL")
        urls[role] = given_url or with_user(url, ROLES[role], derive_role_password(secret_key, ROLES[role]))
    return urls


def with_user(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{quote(user)}:{quote(password, safe='')}@{place}").geturl()


def parse_url(url: str, *, name: str) -> dict[str, Any]:
    """Return Django's settings for ``postgresql://user:password@host:port/database?option=value``."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
        parts = parts._replace(scheme="")
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/") or not parts.username:
        raise ImproperlyConfigured(
            f"{name} is not a PostgreSQL address: write postgresql://user:password@host:5432/database."
        )
    options: dict[str, Any] = {}
    for pair in filter(None, parts.query.split("&")):
        key, _, value = pair.partition("=")
        options[key] = unquote(value)
    if "prepare_threshold" in options:
        options["prepare_threshold"] = _read_threshold(options["prepare_threshold"], name)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(_host(parts.netloc)),
        "PORT": str(port or ""),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5} | options,
    }


def _bind_on_server(database: dict[str, Any]) -> dict[str, Any]:
    """Send values apart from the statement, so that PostgreSQL plans a repeated statement once.

    Planning under row-level security takes longer than running: 3.3 ms of 3.6 for a GPT's live versions.
    """
    binding = {"server_side_binding": True, "prepare_threshold": PREPARE_AFTER}
    return database | {"OPTIONS": binding | database["OPTIONS"]}


def _read_threshold(text: str, name: str) -> int | None:
    """Return after how many times a statement is prepared; None for never."""
    if text == "none":
        return None
    if not text.isdecimal():
        raise ImproperlyConfigured(f"{name}: prepare_threshold is a number, or none to prepare nothing.")
    return int(text)


def _host(netloc: str) -> str:
    """Return the host as written: urlsplit's attribute lowers the case, which breaks socket paths."""
    place = netloc.rpartition("@")[2]
    if place.startswith("["):
        return place[1 : place.index("]")]
    return place.rpartition(":")[0] or place


def connection_arguments(url: str) -> dict[str, Any]:
    """Return the URL as arguments of psycopg.connect."""
    found = parse_url(url, name="The database URL")
    arguments = {
        "host": found["HOST"],
        "port": found["PORT"] or None,
        "dbname": found["NAME"],
        "user": found["USER"],
        "password": found["PASSWORD"],
    }
    return {k: v for k, v in arguments.items() if v} | cast(dict[str, Any], found["OPTIONS"])

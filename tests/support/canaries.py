"""Rows whose every free text holds a canary, and the search for canaries in database, files and Redis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.cache import cache
from django.db import connection, models

from tests.support.times import AT

MARK = "canaryword"
# Free texts that no person or workspace writes: configuration of the instance, hashes, codes, ids.
NOT_WRITTEN = re.compile(
    r"(auth_|django_|socialaccount_socialapp\.|reviews_policy|reviews_dailystat|payouts_(ratecard|accountingperiod"
    r"|closerun|account\.|journalentry|posting|usage)|gpts_insight|gpts_usage(void|day)|core_(audit|failedjob|instancesetting)|marketplace_shelf\."
    r"|marketplace_searchterm\.trigrams|workspaces_(usedtoken|retiredname|erasure|outgoingmail\.sealed)"
    r"|workspaces_policyrule\.(act|target_value)|workspaces_sharingpolicy\.closed_acts"
    r"|account_emailconfirmation|workspaces_domainclaim\.token"
    r"|gpts_languagemodel\.embedding_failure|gpts_(vectorblock|attachmentvectors)|marketplace_listingvector|gpts_index(segment|block)|usersessions_usersession\.session_key|gpts_indexshelf\.key"
    r"|workspaces_user\.(password|language|time_zone)|workspaces_workspace\.(accent|logo)"
    r"|workspaces_apikey\.scopes|.*_hash$|.*\.(sha256|file_sha256|media_type|error_code|failure|reread_failure|kind|currency"
    r"|country|iban_ending|category|origin_month|language|languages|locale|subcategory|file_format|step|field"
    r"|outcome|checker|subject_id|before|after|prefix|provider|key_hash|storage_key|icon|request_key"
    r"|knowledge_hashes|digest|cost|version|price_version)$)"
)
_numbers = count(1)


def get_text_columns(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    """Return the columns of a table that may hold what people wrote: texts without choices, JSON, bytes."""
    kinds = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
    found = {}
    for field in model._meta.local_concrete_fields:
        base = field.base_field if isinstance(field, ArrayField) else field
        if isinstance(base, kinds) and not base.choices and not field.is_relation:
            found[field.column] = field
    return found


def list_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]


def plant(model: type[models.Model], **given: Any) -> Any:
    """Insert a row with canaries in all texts that ``given`` does not name. No service runs."""
    values: dict[str, Any] = {}
    texts = get_text_columns(model)
    for field in model._meta.local_concrete_fields:
        if field.name in given or field.attname in given:
            continue
        if field.column in texts:
            is_written = not NOT_WRITTEN.search(f"{model._meta.db_table}.{field.column}")
            values[field.attname] = build_canary(field) if is_written else _build_code(field)
        elif field.primary_key or field.null or field.has_default():
            continue
        elif isinstance(field, models.DateTimeField):
            values[field.attname] = AT
        elif isinstance(field, models.DateField):
            values[field.attname] = AT.date()
        elif isinstance(field, models.BooleanField):
            values[field.attname] = True
        elif field.choices:
            values[field.attname] = "" if field.blank else field.choices[0][0]
        else:
            values[field.attname] = 1
    row = model(**values, **given)
    model._default_manager.bulk_create([row])
    return row


def build_canary(field: models.Field[Any, Any]) -> Any:
    if isinstance(field, ArrayField):
        return [build_canary(field.base_field)]
    word = f"{MARK}{next(_numbers)}"
    if isinstance(field, models.JSONField):
        return {"word": word}
    if isinstance(field, models.BinaryField):
        return word.encode()
    if isinstance(field, models.EmailField):
        return f"{word}@example.test"
    if isinstance(field, models.URLField):
        return f"https://{word}.example.test"
    return word[: field.max_length or None]


def _build_code(field: models.Field[Any, Any]) -> Any:
    """Return a value of a column that nobody writes into: unique where it must be, without a canary."""
    if isinstance(field, ArrayField):
        return []
    if isinstance(field, models.JSONField):
        return {}
    if isinstance(field, models.BinaryField):
        return b""
    return f"x{next(_numbers)}"[: field.max_length or None]


def find_in_database() -> set[str]:
    """Return "table.column" of every column of every table that holds a canary, from the catalogue."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a"
            " JOIN pg_class c ON c.oid = a.attrelid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
            " AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped"
        )
        for table, column, kind in cursor.fetchall():
            if kind.startswith(("bigint", "integer", "smallint", "boolean", "timestamp", "date", "double")):
                continue
            text = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(f"SELECT 1 FROM \"{table}\" WHERE {text} ILIKE '%%' || %s || '%%' LIMIT 1", [MARK])
            if cursor.fetchone():
                found.add(f"{table}.{column}")
    return found


def find_in_files(root: Path) -> list[str]:
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and (MARK in path.name or MARK.encode() in path.read_bytes())
    )


def find_in_redis() -> Iterator[tuple[str, int]]:
    """Yield keys with a canary, and the seconds after which they expire (-1: never)."""
    client = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]  # Django's own
    for key in client.scan_iter("*"):
        name = key.decode(errors="replace")
        if MARK in name or MARK.encode() in _dump(client, key):
            yield name, client.ttl(key)


def _dump(client: Any, key: bytes) -> bytes:
    kind = client.type(key)
    if kind == b"string":
        return client.get(key) or b""
    if kind == b"list":
        return b" ".join(client.lrange(key, 0, -1))
    if kind == b"hash":
        return repr(client.hgetall(key)).encode()
    return repr(client.xrange(key)).encode() if kind == b"stream" else b""

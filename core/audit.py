"""Writes and verifies the audit log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.db.models import Model

from core.audit_words import load_words
from core.models import AuditEvent
from core.scope import find_scope

PLATFORM_CHAIN = "platform"
# The label of a workspace's identity provider, which has no account.
DIRECTORY = "directory"


def record(
    *,
    action: str,
    by: AbstractBaseUser | None,
    at: datetime,
    subject: Model | tuple[str, str],
    workspace_id: int | None = None,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    is_automated: bool | None = None,
) -> AuditEvent:
    """Append one event in the caller's transaction.

    ``by`` is the acting user. None stands for the system in a system scope, for a workspace's identity
    provider in a scope of that workspace without a person, and for a visitor otherwise; row-level security
    accepts the system's events from a system scope only. ``action`` is
    ``<app>.<noun>_<verb in the past tense>``. The actor's name is not stored, but shown from the account, so
    that it goes when the account goes. The row of the chain's last event stays locked until commit, so call
    this last in a service. ``data`` takes ids and names of fields, never content, names or secrets; the same
    holds for ``changes``, which maps fields to their values before and after. Raises ValueError for an action
    without a sentence (``core.audit_words``).
    """
    if action not in load_words().actions:
        raise ValueError(f"The audit action {action!r} has no sentence: add it to its app's audit_words.py.")
    kind, identifier = subject if isinstance(subject, tuple) else (subject._meta.label_lower, str(subject.pk))
    return AuditEvent.objects.create(
        chain=PLATFORM_CHAIN if workspace_id is None else f"workspace:{workspace_id}",
        at=at,
        action=action,
        actor_id=None if by is None else by.pk,
        actor_label=_label_actor(by),
        is_automated=_is_machine(by) if is_automated is None else is_automated,
        workspace_id=workspace_id,
        subject_type=kind,
        subject_id=identifier,
        reason=reason,
        data=dict(data or {}) | ({"changes": _serialise(changes)} if changes else {}),
    )


def _is_machine(by: AbstractBaseUser | None) -> bool:
    scope = find_scope()
    return by is None and (scope is None or bool(scope.system))


def _label_actor(by: AbstractBaseUser | None) -> str:
    if by is not None:
        return f"user {by.pk}"
    scope = find_scope()
    is_directory = scope is not None and not scope.system and scope.user_id is None and scope.workspace_ids
    return DIRECTORY if is_directory else ""


def compare(
    before: Mapping[str, Any], after: Mapping[str, Any], fields: Collection[str]
) -> dict[str, tuple[Any, Any]]:
    """Return those of ``fields`` that differ, for ``record(changes=…)``; an absent value counts as None."""
    return {
        name: (before.get(name), after.get(name)) for name in fields if before.get(name) != after.get(name)
    }


def _serialise(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, list[Any]]:
    return {name: [_as_json(before), _as_json(after)] for name, (before, after) in changes.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value.pk if isinstance(value, Model) else value


@dataclass(frozen=True)
class ChainFault:
    """The first invalid event of a chain."""

    chain: str
    sequence: int
    what: str


def verify(chain: str | None = None) -> list[ChainFault]:
    """Recompute every hash in the database and return the first fault of each chain.

    Needs a scope that sees the rows (a system scope for all). A missing row shows as a gap in the sequence,
    a changed one as a wrong hash, rows deleted at the end as a difference from the chain's stored head.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT chain, sequence, what FROM loggia_audit_faults(%s)", [chain])
        return [ChainFault(*row) for row in cursor.fetchall()]

"""Protecting names: marks by operators, prohibited ones by moderation, those of verified builders."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import NotFound
from core.text import clean_line, skeleton
from workspaces.models import ProtectedName, User
from workspaces.states import NameProtection


@transaction.atomic
def protect_mark(*, name: str, holder: User | None, by: User | None, at: datetime) -> ProtectedName:
    """Let nobody but ``holder`` use the name in public; replaces the holder of a protected one. Audited."""
    name = clean_line(name, max_length=80, field="name")
    row, _is_new = ProtectedName.objects.exclude(kind=NameProtection.VERIFIED).update_or_create(
        name=name,
        defaults={"skeleton": skeleton(name), "kind": NameProtection.MARK, "holder": holder},
    )
    record(action="workspaces.name_protected", by=by, at=at, subject=row)
    return row


@transaction.atomic
def release_mark(*, name: str, by: User | None, at: datetime) -> None:
    """Stop protecting a mark. Raises NotFound for a name that is none. Audited."""
    row = ProtectedName.objects.filter(name=name, kind=NameProtection.MARK).first()
    if row is None:
        raise NotFound(_("This name is not protected as a mark."), code="name_not_protected")
    record(action="workspaces.name_released", by=by, at=at, subject=row)
    row.delete()


def prohibit_name(*, name: str, enforcement_id: UUID) -> bool:
    """Prohibit a name to everybody; return False when it was protected before. The caller audits."""
    _row, is_new = ProtectedName.objects.exclude(kind=NameProtection.VERIFIED).get_or_create(
        name=name,
        defaults={
            "skeleton": skeleton(name),
            "kind": NameProtection.PROHIBITED,
            "enforcement_id": enforcement_id,
        },
    )
    return is_new


def allow_name(*, name: str, enforcement_id: UUID) -> None:
    """Undo prohibit_name by the same enforcement."""
    ProtectedName.objects.filter(name=name, enforcement_id=enforcement_id).delete()


def hold_verified_name(*, user_id: int, name: str | None) -> None:
    """Protect the name of a verified builder; None ends it. Idempotent."""
    if name is None:
        ProtectedName.objects.filter(holder_id=user_id, kind=NameProtection.VERIFIED).delete()
        return
    ProtectedName.objects.update_or_create(
        holder_id=user_id,
        kind=NameProtection.VERIFIED,
        defaults={"name": name, "skeleton": skeleton(name)},
    )

"""Names that were there before they were protected go into the queue; nothing changes them by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from gpts.assistants.models import LiveVersion
from gpts.assistants.states import Audience
from marketplace.models import BuilderProfile
from reviews.checks.reasons import REASONS
from reviews.models import Case
from reviews.services.cases import get_or_open_case
from reviews.states import CaseKind, SubjectType, Tier
from workspaces.models import Member, ProtectedName, User, Workspace
from workspaces.names import find_resemblances
from workspaces.services.names import hold_verified_name
from workspaces.states import NameProtection, Role, WorkspaceKind

CHUNK = 1_000


def recheck_names(*, at: datetime) -> int:
    """Open a case for each person with a public name that resembles a protected one; count new findings.

    Idempotent: what a case names already, open or closed, is not raised again. A periodic job.
    """
    _sync_verified_names()
    count = 0
    for user_id, what, name in _iterate_public_names():
        found = find_resemblances(name, holder_id=user_id)
        if what == "display_name":  # the same name as somebody verified: names of people repeat
            found = [one for one in found if one.why != "same_mark" or not _is_verified_name(one.known)]
        if found:
            known = found[0].known
            reason = str(REASONS[found[0].why])
            line = f"{what}: “{name}” · {reason}" + (f" “{known}”" if known else "")
            count += _note(user_id, line, at=at)
    return count


def _sync_verified_names() -> None:
    verified = Q(verified_name_at__isnull=False) | Q(verified_website_at__isnull=False)
    for user_id, name in BuilderProfile.objects.filter(verified).values_list("user_id", "display_name"):
        hold_verified_name(user_id=user_id, name=name)


def _is_verified_name(known: str) -> bool:
    kinds = ProtectedName.objects.filter(name=known).values_list("kind", flat=True)
    return set(kinds) == {NameProtection.VERIFIED}


def _iterate_public_names() -> Iterator[tuple[int, str, str]]:
    """Yield (the person who answers for it, which name, the name)."""
    people = User.objects.filter(is_active=True).order_by("pk").values_list("pk", "display_name")
    for user_id, name in people.iterator(chunk_size=CHUNK):
        yield user_id, "display_name", name
    profiles = BuilderProfile.objects.order_by("pk").values_list("user_id", "display_name", "handle")
    for user_id, name, handle in profiles.iterator(chunk_size=CHUNK):
        yield user_id, "builder_name", name
        yield user_id, "handle", handle
    owners = dict(Member.objects.filter(role=Role.OWNER).order_by("-pk").values_list("workspace", "user"))
    companies = Workspace.objects.exclude(kind=WorkspaceKind.PERSONAL).order_by("pk")
    for workspace_id, name in companies.values_list("pk", "name").iterator(chunk_size=CHUNK):
        if workspace_id in owners:
            yield owners[workspace_id], "workspace", name
    outside = LiveVersion.objects.filter(audience=Audience.LINK).order_by("pk")
    for user_id, name in outside.values_list("gpt__owner", "version__name").iterator(chunk_size=CHUNK):
        yield user_id, "gpt", name


@transaction.atomic
def _note(user_id: int, line: str, *, at: datetime) -> bool:
    """Add the line to the person's case; return False when a case of theirs has it."""
    subject = {"kind": CaseKind.PROACTIVE, "subject_type": SubjectType.BUILDER, "subject_id": str(user_id)}
    if Case.objects.filter(**subject, note__contains=line).exists():
        return False
    case, _is_new = get_or_open_case(
        kind=CaseKind.PROACTIVE,
        subject_type=SubjectType.BUILDER,
        subject_id=str(user_id),
        at=at,
        tier=Tier.NORMAL,
        builder=User.objects.get(pk=user_id),
    )
    case.note = f"{case.note}\n{line}".strip()
    case.row_version += 1
    case.save(update_fields=["note", "row_version"])
    return True

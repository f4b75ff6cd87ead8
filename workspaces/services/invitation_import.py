"""Invitations from a CSV file: checked row by row, written in one transaction, mailed by a job in batches."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.csv_files import unescape_cell
from core.errors import InvalidInput, TooLarge
from core.jobs import enqueue_on_commit
from core.links import absolute_url
from workspaces.access import hash_secret
from workspaces.invitation_mails import build_invitation_mail
from workspaces.models import Invitation, Member, User, Workspace
from workspaces.services.joining import INVITATION_DAYS, refuse_archived, refuse_personal
from workspaces.services.locks import lock_workspaces
from workspaces.services.mail_limits import count_imported_mail, find_addresses_at_limit
from workspaces.services.mails import enqueue_mail
from workspaces.states import Role

IMPORT_BYTES = 4 * 1024 * 1024
IMPORT_ROWS = 20_000
# A longer cell is a quotation mark that is never closed, not an address.
CELL_CHARACTERS = 10_000
# Roles that a file may give; owners are named one by one, with a password.
IMPORT_ROLES = (Role.ADMIN, Role.BUILDER, Role.MEMBER)
MAILS_AT_ONCE = 100
_BATCH = 1_000

REASONS = {
    "email_invalid": _("No complete e-mail address."),
    "role_unknown": _("No role of a file: write admin, builder or member, or leave it empty."),
    "repeated": _("The same address stands further up."),
    "already_member": _("Already a member."),
    "address_limit": _("This address has got many mails in this hour. Invite it later."),
}


@dataclass(frozen=True)
class RefusedRow:
    """A row of the file that invites nobody; ``line`` counts from 1, with the header."""

    line: int
    email: str
    code: str

    @property
    def reason(self) -> object:
        return REASONS[self.code]


@dataclass(frozen=True)
class ImportResult:
    invited: int
    refused: list[RefusedRow]


def import_invitations(
    *, workspace: Workspace, content: bytes, by: User, at: datetime, language: str = ""
) -> ImportResult:
    """Invite everybody in a CSV file with the columns ``email`` and, if it has one, ``role``. Audited once.

    UTF-8, comma or semicolon. Rows that cannot be invited are returned with their reason; all others are
    written in one transaction, in place of older open invitations of their addresses, or none when it fails.
    Mails leave by ``workspaces.send_imported_invitations``. Raises Conflict (``workspace_personal``,
    ``workspace_archived``), TooLarge (more than 20,000 rows or 4 MB) and InvalidInput (``file_invalid``).
    """
    refuse_personal(workspace)
    refuse_archived(workspace)
    if len(content) > IMPORT_BYTES:
        raise _too_large()
    accepted: dict[str, str] = {}
    lines: dict[str, int] = {}
    refused: list[RefusedRow] = []
    members = set(Member.objects.filter(workspace=workspace).values_list("user__email", flat=True))
    for line, email, role in _read_rows(content):
        code = _check_row(email, role, accepted, members)
        if code:
            refused.append(RefusedRow(line, email[:254], code))
        else:
            accepted[email] = role
            lines[email] = line
    for email in sorted(find_addresses_at_limit(accepted, at=at), key=lines.__getitem__):
        del accepted[email]
        refused.append(RefusedRow(lines[email], email, "address_limit"))
    refused.sort(key=lambda row: row.line)
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        Invitation.objects.filter(
            workspace=workspace, email__in=accepted, accepted_at__isnull=True, revoked_at__isnull=True
        ).update(revoked_at=at)
        rows = [
            Invitation(
                workspace=workspace,
                email=email,
                role=role,
                # Of a token that nobody knows: the job makes the real one when it writes the mail.
                token_hash=hash_secret(secrets.token_urlsafe(32)),
                invited_by=by,
                created_at=at,
                expires_at=at + timedelta(days=INVITATION_DAYS),
                language=language,
            )
            for email, role in accepted.items()
        ]
        Invitation.objects.bulk_create(rows, batch_size=_BATCH)
        if rows:
            enqueue_on_commit("workspaces.send_imported_invitations")
        record(
            action="workspaces.members_imported",
            by=by,
            at=at,
            subject=workspace,
            workspace_id=workspace.pk,
            data={"invited": len(rows), "refused": len(refused)},
        )
    return ImportResult(len(rows), refused)


def mail_imported_invitations(*, at: datetime) -> int:
    """Write the mails of at most MAILS_AT_ONCE imported invitations; return how many. Idempotent.

    In a system scope. Two runs share the work: each locks what it takes. Calls itself again while more wait.
    Mails over the limit of their workspace or address wait for a later run, which beat starts.
    """
    with transaction.atomic():
        rows = _take_within_limits(at)
        for invitation in rows:
            token = secrets.token_urlsafe(32)
            invitation.token_hash, invitation.mailed_at = hash_secret(token), at
            link = absolute_url(reverse("workspaces:invitation-accept", args=[token]))
            with translation.override(invitation.language or settings.LANGUAGE_CODE):
                enqueue_mail(to=invitation.email, text=build_invitation_mail(invitation, link))
        Invitation.objects.bulk_update(rows, ["token_hash", "mailed_at"])
        if len(rows) == MAILS_AT_ONCE:
            enqueue_on_commit("workspaces.send_imported_invitations", countdown=1)
    return len(rows)


def _take_within_limits(at: datetime) -> list[Invitation]:
    """Lock at most MAILS_AT_ONCE waiting invitations whose limits allow a mail, and count their mails."""
    waiting = (
        Invitation.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("workspace", "invited_by")
        .filter(
            mailed_at__isnull=True,
            accepted_at__isnull=True,
            revoked_at__isnull=True,
            expires_at__gt=at,
            workspace__suspended_at__isnull=True,
            workspace__archived_at__isnull=True,
        )
        .order_by("pk")
    )
    taken: list[Invitation] = []
    at_limit: set[int] = set()
    last = 0
    while len(taken) < MAILS_AT_ONCE:
        found = waiting.filter(pk__gt=last).exclude(workspace_id__in=at_limit)
        rows = list(found[: MAILS_AT_ONCE - len(taken)])
        if not rows:
            break
        last = rows[-1].pk
        for row in rows:
            if row.workspace_id in at_limit:
                continue
            spent = count_imported_mail(workspace_id=row.workspace_id, email=row.email, at=at)
            if spent == "workspace":
                at_limit.add(row.workspace_id)
            elif not spent:
                taken.append(row)
    return taken


def _read_rows(content: bytes) -> Iterator[tuple[int, str, str]]:
    """Yield line, address and role of each row that is not empty."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid() from error
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",")
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "email" not in header:
            raise _invalid()
        email_at = header.index("email")
        role_at = header.index("role") if "role" in header else None
        count = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if any(len(cell) > CELL_CHARACTERS for cell in cells):
                raise _invalid()
            count += 1
            if count > IMPORT_ROWS:
                raise _too_large()
            email = _get(cells, email_at).lower()
            role = _get(cells, role_at).lower() if role_at is not None else ""
            yield reader.line_num, email, role or Role.MEMBER
    except csv.Error as error:
        raise _invalid() from error


def _get(cells: list[str], index: int) -> str:
    return unescape_cell(cells[index].strip()) if index < len(cells) else ""


def _check_row(email: str, role: str, accepted: dict[str, str], members: set[str]) -> str:
    """Return why a row invites nobody, a key of REASONS, empty when it does."""
    try:
        validate_email(email)
    except ValidationError:
        return "email_invalid"
    if len(email) > 254 or not email.isprintable():
        return "email_invalid"
    if role not in IMPORT_ROLES:
        return "role_unknown"
    if email in accepted:
        return "repeated"
    return "already_member" if email in members else ""


def _invalid() -> InvalidInput:
    return InvalidInput(
        _("Send a CSV file in UTF-8 whose first line names the columns: email, and role if you like."),
        code="file_invalid",
        field="file",
    )


def _too_large() -> TooLarge:
    return TooLarge(
        _("A file may have up to 20,000 rows and 4 MB. Nobody was invited: send it in parts."),
        code="too_many_rows",
        field="file",
    )

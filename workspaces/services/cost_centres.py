"""Cost centres: the code of a company's accounts that the use of a group, or of a member, is charged to.

The caller has authorised ``by`` for the groups or the people of the workspace.
"""

from __future__ import annotations

import re
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import InvalidInput
from workspaces.access import open_admin_scope
from workspaces.models import Group, Member, User

# Begins with a letter or digit, so that no code is a formula and none is the sign for "none" in addresses.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,19}")


def set_group_cost_centre(*, group: Group, code: str, by: User, at: datetime) -> Group:
    """Set the cost centre of a group, or remove it with an empty code. Audited. Raises InvalidInput."""
    text = clean_cost_centre(code)
    with open_admin_scope(group.workspace_id, user_id=by.pk):
        before = _change(group, text)
        if before is not None:
            _record("workspaces.group_cost_centre_set", group, before, by, at)
    return group


def set_member_cost_centre(*, member: Member, code: str, by: User, at: datetime) -> Member:
    """Set a member's own cost centre, which wins over those of groups; empty removes it. Audited.

    Raises InvalidInput.
    """
    text = clean_cost_centre(code)
    with open_admin_scope(member.workspace_id, user_id=by.pk):
        before = _change(member, text)
        if before is not None:
            _record("workspaces.member_cost_centre_set", member, before, by, at)
    return member


def set_given_cost_centre(*, member: Member, code: str, former: str, at: datetime) -> None:
    """Set the cost centre that the identity provider sends, in the directory's scope. Audited.

    Without a code, the one that it sent before (``former``) is removed; one set by hand stays. A code of
    another form than ours counts as none, because a directory must be able to change everything else.
    """
    usable, before = (_keep_usable(text) for text in (code, former))
    if member.cost_centre == usable or (not usable and member.cost_centre != before):
        return
    changed = _change(member, usable)
    if changed is not None:
        _record("workspaces.member_cost_centre_set", member, changed, None, at)


def _keep_usable(code: str) -> str:
    text = code.strip()
    return text if _CODE.fullmatch(text) else ""


def clean_cost_centre(code: str) -> str:
    """Return the code without outer spaces; raises InvalidInput for one that is none."""
    text = code.strip()
    if text and _CODE.fullmatch(text) is None:
        raise InvalidInput(
            _(
                "A cost centre has up to 20 letters and digits; spaces, dots, dashes and slashes may stand"
                " between them."
            ),
            code="cost_centre_invalid",
            field="cost_centre",
        )
    return text


def _change(owner: Group | Member, code: str) -> str | None:
    """Write the code; return the one before, None when nothing changed."""
    rows = type(owner)._default_manager.filter(pk=owner.pk, workspace_id=owner.workspace_id)
    before = rows.select_for_update().values_list("cost_centre", flat=True).first()
    owner.cost_centre = code
    if before is None or before == code:
        return None
    rows.update(cost_centre=code)
    return str(before)


def _record(action: str, owner: Group | Member, before: str, by: User | None, at: datetime) -> None:
    record(
        action=action,
        by=by,
        at=at,
        subject=owner,
        workspace_id=owner.workspace_id,
        changes={"cost_centre": (before, owner.cost_centre)},
    )

"""Changes of the instance's settings while it runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict
from core.instance_settings import DEFINITIONS, Definition, forget_everywhere
from core.models import InstanceSetting
from workspaces.access import not_found
from workspaces.models import User
from workspaces.queries import get_user_roles

# What weakens or closes the ways of all staff: pages and the API ask for the password again.
NEEDS_PASSWORD = frozenset({"staff_second_factor"})


def change_setting(*, key: str, value: Any, by: User, at: datetime) -> None:
    """Set a setting for the whole instance; it holds everywhere within ten seconds. Audited.

    The same value again changes nothing. Raises NotFound for an unknown key, InvalidInput for a value that
    the setting does not take, and Conflict when the environment locks it or ``by`` would lock themself out.
    """
    definition = _get_definition(key)
    wanted = definition.clean(value)
    _refuse_lock_out(key, wanted, by)
    with transaction.atomic():
        row = InstanceSetting.objects.select_for_update().filter(key=key).first()
        before = definition.get_default() if row is None else row.value
        if before == wanted:
            return
        InstanceSetting.objects.update_or_create(
            key=key, defaults={"value": wanted, "changed_by": by, "changed_at": at}
        )
        transaction.on_commit(forget_everywhere, robust=True)
        record(
            action="workspaces.instance_setting_changed",
            by=by,
            at=at,
            subject=("core.instancesetting", key),
            changes={key: (before, wanted)},
        )


def reset_setting(*, key: str, by: User, at: datetime) -> None:
    """Let the environment decide again. Idempotent. Audited. Raises as change_setting does."""
    definition = _get_definition(key)
    with transaction.atomic():
        row = InstanceSetting.objects.select_for_update().filter(key=key).first()
        if row is None:
            return
        _refuse_lock_out(key, definition.get_default(), by)
        before = row.value
        row.delete()
        transaction.on_commit(forget_everywhere, robust=True)
        record(
            action="workspaces.instance_setting_reset",
            by=by,
            at=at,
            subject=("core.instancesetting", key),
            changes={key: (before, definition.get_default())},
        )


def _refuse_lock_out(key: str, wanted: Any, by: User) -> None:
    if key == "staff_second_factor" and wanted and not get_user_roles(by).has_second_factor:
        raise Conflict(
            _("Set up two-factor sign-in for yourself first: your own role would stop counting."),
            code="second_factor_missing",
            field="value",
        )


def _get_definition(key: str) -> Definition:
    definition = DEFINITIONS.get(key)
    if definition is None:
        raise not_found()
    if definition.is_locked:
        raise Conflict(
            _("The environment of this instance decides this setting (LOCKED_SETTINGS)."),
            code="setting_locked",
        )
    return definition

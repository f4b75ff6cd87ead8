"""The instance's settings as operators see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core.instance_settings import DEFINITIONS, Definition
from core.look import formats
from core.models import InstanceSetting
from workspaces.models import User

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class SettingRow:
    """A setting with its present value; ``changed_by`` and ``changed_at`` where an operator changed it."""

    definition: Definition
    value: Any
    default: Any
    is_changed: bool
    changed_by: User | None
    changed_at: datetime | None

    @property
    def shown_value(self) -> str:
        return describe_value(self.definition, self.value)

    @property
    def shown_default(self) -> str:
        return describe_value(self.definition, self.default)

    @property
    def typed_value(self) -> Any:
        """Return the value as its control shows it."""
        if self.definition.kind == "megabytes":
            return self.value // MEGABYTE
        return self.value


def list_settings() -> list[SettingRow]:
    """Return all settings in their order, as the database has them now. One query."""
    changed = {row.key: row for row in InstanceSetting.objects.select_related("changed_by")}
    rows = []
    for key, definition in DEFINITIONS.items():
        row = None if definition.is_locked else changed.get(key)
        default = definition.get_default()
        rows.append(
            SettingRow(
                definition=definition,
                value=default if row is None else row.value,
                default=default,
                is_changed=row is not None,
                changed_by=None if row is None else row.changed_by,
                changed_at=None if row is None else row.changed_at,
            )
        )
    return rows


def describe_value(definition: Definition, value: Any) -> str:
    """Return a value in words, in the reader's language."""
    if value is None or value == "":
        return _("none")
    if definition.kind == "megabytes":
        return formats.file_size(value)
    if definition.kind == "flag":
        return _("Yes") if value else _("No")
    if definition.kind == "choice":
        return str(dict(definition.choices).get(value, value))
    return formats.number(value) if definition.kind == "number" else str(value)

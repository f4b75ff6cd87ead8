"""Names that not everybody may use in public."""

from __future__ import annotations

from uuid import UUID

from django.db import models
from django.db.models import Q

from workspaces.models.users import User
from workspaces.states import NameProtection


class ProtectedName(models.Model):
    """A mark, a name that a decision prohibited, or the name of a verified builder.

    ``holder`` may use it. ``skeleton`` is core.text.skeleton of the name. ``enforcement_id`` is the
    enforcement of moderation that prohibits it.
    """

    name = models.CharField(max_length=80)
    skeleton = models.CharField(max_length=120, db_index=True)
    kind = models.CharField(max_length=12, choices=NameProtection.choices, default=NameProtection.MARK)
    holder = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="protected_names"
    )
    enforcement_id: models.Field[UUID | None, UUID | None] = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=~Q(kind=NameProtection.VERIFIED),
                name="workspaces_protectedname_once",
            ),
            models.UniqueConstraint(
                fields=["holder"],
                condition=Q(kind=NameProtection.VERIFIED),
                name="workspaces_protectedname_verified",
            ),
            models.CheckConstraint(
                condition=~Q(kind=NameProtection.VERIFIED) | Q(holder__isnull=False),
                name="workspaces_protectedname_holder",
            ),
        ]

    def __str__(self) -> str:
        return self.name

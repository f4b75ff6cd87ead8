"""Accounts and staff roles."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from rules import has_perm

from workspaces.states import Staff, Theme


class UserManager(BaseUserManager["User"]):
    """Creates users for Django's own tools; people sign up through services."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person. Signs in by e-mail; ``display_name`` is what others see."""

    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    display_name = models.CharField(_("display name"), max_length=80)
    language = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    # Whether mails tell of edits by others of GPTs that the person owns or edits.
    mails_edit_notices = models.BooleanField(default=True, db_default=True)
    is_active = models.BooleanField(default=True)
    # Set and cleared by moderation, while the person is suspended as a builder (workspaces.acts).
    publishing_suspended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # The primary address before the last change; it gets security notices for some time.
    former_email = models.EmailField(max_length=254, blank=True, default="")
    email_changed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="workspaces_user_email_lower"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.email

    def has_perm(self, perm: str, obj: object | None = None) -> bool:
        """Check a permission of django-rules; there are no permission rows and no superusers."""
        return self.is_active and has_perm(perm, self, obj)


class StaffRole(models.Model):
    """A role in running the instance: moderator, child safety, finance or operator."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="staff_roles")
    role = models.CharField(max_length=20, choices=Staff.choices)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="workspaces_staffrole_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=Staff.values), name="workspaces_staffrole_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"

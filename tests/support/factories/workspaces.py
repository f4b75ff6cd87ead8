"""Users, workspaces and members, created by the services."""
# mypy: disable-error-code="no-untyped-call"
# (the declarations of factory_boy have no annotations)

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.text import slugify
from factory.base import Factory
from factory.declarations import LazyAttributeSequence, SubFactory

from tests.support.times import AT, NOW
from workspaces.models import Member, User, Workspace
from workspaces.services.members import add_member
from workspaces.services.staff import grant_staff_role
from workspaces.services.users import create_user
from workspaces.services.workspaces import create_workspace

PASSWORD = "correct horse battery"


class UserFactory(Factory[User]):
    """A user with a verified address, PASSWORD and a personal workspace, 60 days old at NOW."""

    class Meta:
        model = User

    display_name = "Ada"
    email = LazyAttributeSequence(
        lambda user, number: f"{slugify(user.display_name) or 'user'}-{number}@example.test"
    )
    password = PASSWORD
    is_email_verified = True
    at = NOW - timedelta(days=60)

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **fields: Any) -> User:
        return create_user(**fields)


class FinanceUserFactory(UserFactory):
    """A user with the staff role finance."""

    display_name = "Fina"

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **fields: Any) -> User:
        user = create_user(**fields)
        grant_staff_role(user=user, role="finance", by=None, at=NOW)
        return user


class OperatorUserFactory(UserFactory):
    """A user with the staff role operator."""

    display_name = "Otto"

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **fields: Any) -> User:
        user = create_user(**fields)
        grant_staff_role(user=user, role="operator", by=None, at=NOW)
        return user


class WorkspaceFactory(Factory[Workspace]):
    """A team workspace of ``owner``."""

    class Meta:
        model = Workspace

    owner = SubFactory(UserFactory)
    name = "Acme"
    at = AT

    @classmethod
    def _create(cls, model_class: type[Workspace], *args: Any, **fields: Any) -> Workspace:
        return create_workspace(by=fields.pop("owner"), **fields)


class MemberFactory(Factory[Member]):
    """A member of ``workspace``, added by ``by``."""

    class Meta:
        model = Member

    user = SubFactory(UserFactory)
    role = "member"
    at = AT

    @classmethod
    def _create(cls, model_class: type[Member], *args: Any, **fields: Any) -> Member:
        return add_member(**fields)

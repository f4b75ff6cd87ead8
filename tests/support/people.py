"""People with staff roles whose accounts are old enough for everything."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from core.scope import system_scope
from tests.support.factories.workspaces import UserFactory
from tests.support.mail import create_address
from workspaces.models import User
from workspaces.services.staff import grant_staff_role


def create_person(name: str, *roles: str) -> User:
    with system_scope("tests"):
        user = UserFactory.create(
            display_name=name, email=create_address(name), at=timezone.now() - timedelta(days=90)
        )
        for role in roles:
            grant_staff_role(user=user, role=role, by=None, at=timezone.now())
    return user

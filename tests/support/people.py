"""People with staff roles whose accounts are old enough for everything."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from core.scope import system_scope
from tests.support.mail import create_address
from workspaces.models import User
from workspaces.services.staff import grant_staff_role
from workspaces.services.users import create_user

PASSWORD = "a long pass phrase of nobody"


def create_person(name: str, *roles: str) -> User:
    with system_scope("tests"):
        user = create_user(
            email=create_address(name),
            display_name=name,
            password=PASSWORD,
            is_email_verified=True,
            at=timezone.now() - timedelta(days=90),
        )
        for role in roles:
            grant_staff_role(user=user, role=role, by=None, at=timezone.now())
    return user

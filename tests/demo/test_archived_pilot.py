"""The demo has an archived workspace that its owner sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from demo.archive import ADMIN, BUILDER, PILOT, lacks_archive, seed_archive
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db


def test_its_people_read_the_pilot_and_strangers_do_not(client: Client, own_media: Path) -> None:
    admin, builder = UserFactory.create(email=ADMIN), UserFactory.create(email=BUILDER)
    assert lacks_archive()
    seed_archive(at=NOW)
    assert not lacks_archive()
    assert Workspace.objects.get(slug=PILOT).archived_at is not None
    for person in (admin, builder):
        client.force_login(person)
        page = client.get(f"/w/{PILOT}/").content.decode()
        assert "Pilot Minutes" in page and "is archived" in page
    client.force_login(UserFactory.create())
    assert client.get(f"/w/{PILOT}/").status_code == 404

"""The database of the isolation tests' world, and the switch to it."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings

from tests.isolation.databases import BUILT, use_database
from tests.isolation.world import World, build_world
from tests.support.servers import servers


@pytest.fixture(scope="session")
def built_world(django_db_setup: None, django_db_blocker: Any) -> tuple[str, World]:
    """The first process of the test run builds the world, the others clone its database."""
    name = f"{settings.DATABASE_NAME}_isolation"
    pickled = servers.directory / "isolation-world.pickle"
    with (servers.directory / "isolation-lock").open("w") as lock, django_db_blocker.unblock():
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not pickled.exists():
            servers.clone(BUILT)
            with use_database(BUILT):
                pickled.write_bytes(pickle.dumps(build_world()))
        world = pickle.loads(pickled.read_bytes())
        with psycopg.connect(**servers.postgres.superuser(), autocommit=True) as superuser:
            superuser.execute(f'CREATE DATABASE "{name}" TEMPLATE "{BUILT}" STRATEGY file_copy')
            servers.restrict(superuser, name)
    return name, world


@pytest.fixture(scope="module")
def world(built_world: tuple[str, World], django_db_blocker: Any) -> Iterator[World]:
    """The world, which is committed; a test's own changes are rolled back."""
    name, built = built_world
    with django_db_blocker.unblock():
        switch = use_database(name)
        switch.__enter__()
    yield built
    with django_db_blocker.unblock():
        switch.__exit__(None, None, None)

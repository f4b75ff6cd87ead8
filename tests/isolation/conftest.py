"""The world's own database, built once per process, and the switch to it for the tests in this folder."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections

from tests.isolation.world import World, build_world
from tests.support.servers import servers


@contextmanager
def on_database(name: str) -> Iterator[None]:
    """Let every connection of this process, threads included, go to ``name``."""
    before = connection.settings_dict["NAME"]
    connections.close_all()
    connection.settings_dict["NAME"] = name
    yield
    connections.close_all()
    connection.settings_dict["NAME"] = before


BUILT = "loggia_isolation_built"


@pytest.fixture(scope="session")
def built_world(django_db_setup: None, django_db_blocker: Any) -> tuple[str, World]:
    """The first process of the run builds, the others take a clone of its database."""
    name = f"{settings.DATABASE_NAME}_isolation"
    kept = servers.directory / "isolation-world.pickle"
    with (servers.directory / "isolation-lock").open("w") as lock, django_db_blocker.unblock():
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            servers.clone(BUILT)
            with on_database(BUILT):
                kept.write_bytes(pickle.dumps(build_world()))
        world = pickle.loads(kept.read_bytes())
        with psycopg.connect(**servers.postgres.superuser(), autocommit=True) as superuser:
            superuser.execute(f'CREATE DATABASE "{name}" TEMPLATE "{BUILT}" STRATEGY file_copy')
    return name, world


@pytest.fixture(scope="module")
def world(built_world: tuple[str, World], django_db_blocker: Any) -> Iterator[World]:
    """Everything stands committed; what a test writes is rolled back with it."""
    name, built = built_world
    with django_db_blocker.unblock():
        switch = on_database(name)
        switch.__enter__()
    yield built
    with django_db_blocker.unblock():
        switch.__exit__(None, None, None)

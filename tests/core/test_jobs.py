"""Enqueueing background jobs: after the commit only, and without failing what was committed."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import transaction

from core.jobs import enqueue_on_commit
from tests.support.jobs import run_enqueued_jobs

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_job_is_sent_after_the_commit() -> None:
    with transaction.atomic():
        enqueue_on_commit("celery.backend_cleanup")
        assert run_enqueued_jobs() == []

    assert run_enqueued_jobs() == ["celery.backend_cleanup"]


def test_a_rollback_sends_nothing() -> None:
    with transaction.atomic():
        enqueue_on_commit("celery.backend_cleanup")
        transaction.set_rollback(True)

    assert run_enqueued_jobs() == []


def test_a_job_that_cannot_be_sent_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    cannot_be_serialised: Any = object()

    with caplog.at_level(logging.ERROR), transaction.atomic():
        enqueue_on_commit("celery.backend_cleanup", thing=cannot_be_serialised)

    assert "enqueue_on_commit" in caplog.text
    assert run_enqueued_jobs() == []

"""Fixtures of golden prompts: the fake model server and a place for files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.openai_server import ModelServer, run_model_server


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with run_model_server() as running:
        yield running

"""Answers of a company's GPT that are cut while they are read."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Message, Turn
from gpts.llm.states import TurnState
from gpts.metering.models import UsageEvent
from tests.fakes.openai_server import ModelServer
from tests.support.chat import configure_model
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from tests.support.web_client import WebClient, get_streamed_text, read_events
from workspaces.models import User

# Two rounds of re-checking, and room for a busy machine.
AT_ONCE = 10.0


def a_company_gpt(url: str) -> tuple[GPT, User, User]:
    """A GPT that is live for its company alone, its owner, and a colleague."""
    with system_scope("tests"):
        owner, colleague = (
            UserFactory.create(display_name="Owner"),
            UserFactory.create(display_name="Colleague"),
        )
        company = create_company(owner, member=colleague)
        gpt = GPTFactory.create(
            owner=owner, workspace=company, language_model=configure_model(url, "normal:4000:40")
        )
        version = freeze_version(gpt=gpt, release_notes="", by=owner, at=NOW)
        set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, at=NOW)
    return gpt, owner, colleague


def read_until_cut(browser: WebClient, gpt: GPT, end_access: Callable[[], object]) -> tuple[Any, str, float]:
    """The end of a long answer during which access ends, what had been said, and how long it went on."""
    found, ended_at = [], 0.0
    with browser.ask(f"/g/{gpt.slug}/chat/turns", "Long") as response:
        for event in read_events(response):
            found.append(event)
            if event.name == "delta" and not ended_at:
                with system_scope("tests"):
                    end_access()
                ended_at = time.monotonic()
    return found[-1], get_streamed_text(found), time.monotonic() - ended_at


def assert_cut(last: Any, said: str, seconds: float, model_server: ModelServer) -> None:
    assert (last.data["state"], last.data["code"]) == ("failed", "access_ended")
    assert "access to this GPT ended" in last.data["note"]
    assert seconds < AT_ONCE
    turn = Turn.objects.get()
    assert (turn.state, turn.error_code) == (TurnState.FAILED, "access_ended")
    assert Message.objects.get(turn=turn, role="assistant").content == said
    assert UsageEvent.objects.count() == 0
    assert model_server.wait_until(lambda state: state.open_streams == 0)

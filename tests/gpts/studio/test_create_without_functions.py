"""A model that calls no functions cannot build a GPT: the guided interview goes on, and says why."""

from __future__ import annotations

from django.urls import reverse

from core.scope import system_scope
from gpts.llm.models import LanguageModel
from gpts.llm.services.providers import ensure_offline_provider
from gpts.metering.models import BudgetReservation
from gpts.studio.models import BuilderMessage
from tests.fakes.choosy_server import refuse_fields, run_choosy_server
from tests.support.chat import configure_model
from tests.support.factories.gpts import GPTFactory
from tests.support.jobs import run_enqueued_jobs, take_jobs
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.web_client import MakeWebClient, get_streamed_text

REASON = "gemma cannot call functions, so this is a guided interview with fixed questions."


def test_the_interview_goes_on_in_place_of_a_model_without_functions(make_web_client: MakeWebClient) -> None:
    refuse = refuse_fields("tools", message="registry.ollama.ai/library/gemma:2b does not support {name}")
    take_jobs()
    with run_choosy_server(refuse) as server:
        with system_scope("tests"):
            ensure_offline_provider(at=NOW)
            gpt = GPTFactory.create(language_model=configure_model(server.url, "gemma"))
        browser = make_web_client(gpt.owner)
        url = f"/build/{gpt.slug}/create/messages"

        first = browser.say(url, "It knows the tides of the North Sea")
        run_enqueued_jobs()
        second = browser.say(url, "Tide guide")

    assert get_streamed_text(first).startswith(REASON)
    assert not get_streamed_text(second).startswith(REASON)
    # The server was asked once, and then never again.
    assert len(server.bodies) == 1
    with system_scope("tests"):
        answers = list(BuilderMessage.objects.filter(role="assistant").order_by("pk"))
        assert [(answer.state, answer.error_code, answer.cost_micros) for answer in answers] == [
            ("finished", "", 0),
            ("finished", "", 0),
        ]
        assert all(answer.step for answer in answers)
        assert not BudgetReservation.objects.exists()
        assert list(LanguageModel.objects.get(name="gemma").learned["options"]) == ["tools"]
        page = sign_in(gpt.owner).get(reverse("gpts:build-create", args=[gpt.slug])).content.decode()
    assert REASON in page

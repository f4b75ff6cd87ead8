"""A chat with a model whose server refuses options: answered, remembered, and shown to those who run it."""

from __future__ import annotations

from core.scope import system_scope
from gpts.chat.models import Turn
from gpts.llm.models import FailedCall, LanguageModel
from gpts.metering.models import UsageEvent
from tests.fakes.choosy_server import ANSWER_TOKENS, PROMPT_TOKENS, TEXT, refuse_fields, run_choosy_server
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.jobs import run_enqueued_jobs, take_jobs
from tests.support.web_client import MakeWebClient, get_streamed_text


def test_refused_options_are_asked_once_and_then_known(make_web_client: MakeWebClient) -> None:
    take_jobs()
    with run_choosy_server(refuse_fields("max_tokens", "temperature")) as server:
        gpt = create_public_gpt(configure_model(server.url, "choosy-1"), temperature="0.20")
        browser = make_web_client(UserFactory.create(display_name="Reader"))

        first = browser.say(f"/g/{gpt.slug}/chat/turns", "One")
        run_enqueued_jobs()
        asked = len(server.bodies)
        second = browser.say(f"/c/{first[0].data['conversation']}/turns", "Two")

    assert (get_streamed_text(first), get_streamed_text(second)) == (TEXT, TEXT)
    assert (asked, len(server.bodies)) == (3, 4)
    with system_scope("tests"):
        model = LanguageModel.objects.get(name="choosy-1")
        assert sorted(model.learned["options"]) == ["max_tokens", "temperature"]
        assert not FailedCall.objects.exists()
        # Refused requests cost nothing.
        counted = UsageEvent.objects.order_by("event_id").values_list("input_tokens", "output_tokens")
        assert list(counted) == [(PROMPT_TOKENS, ANSWER_TOKENS)] * 2


def test_the_reader_gets_a_sentence_and_the_operator_the_servers_words(
    make_web_client: MakeWebClient,
) -> None:
    take_jobs()
    error = {"error": {"message": "model 'choosy-1' not found, try pulling it first", "type": "api_error"}}
    with run_choosy_server(lambda *_: (404, error)) as server:
        gpt = create_public_gpt(configure_model(server.url, "choosy-1"))
        browser = make_web_client(UserFactory.create(display_name="Reader"))

        events = browser.say(f"/g/{gpt.slug}/chat/turns", "One")
        run_enqueued_jobs()

    end = events[-1].data
    assert (end["state"], end["code"]) == ("failed", "no_model")
    assert end["note"].startswith("The model provider has no such model.")
    assert "pulling" not in str([event.data for event in events])
    with system_scope("tests"):
        assert Turn.objects.get().error_code == "no_model"
        call = FailedCall.objects.get()
        assert (call.code, call.status) == ("no_model", 404)
        assert call.provider_text == "model 'choosy-1' not found, try pulling it first"

"""Test connection: the list of models, one word by the chosen protocol, and what it says when that fails."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InvalidInput
from core.outbound_purposes import Purpose
from gpts.llm.catalogue import get_omitted_options
from gpts.llm.models import FailedCall, LanguageModel, ModelProvider
from gpts.llm.queries import get_provider_test
from gpts.llm.runtime.types import ModelOption
from gpts.llm.services.addresses import clean_base_url, cut_endpoint
from gpts.llm.services.catalogue import add_model
from gpts.llm.services.one_word import choose_model
from gpts.llm.services.probe import request_test
from tests.fakes.choosy_server import Refuse, refuse_fields, run_choosy_server
from tests.support.factories.llm import ProviderFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.outbound import run_outbound_jobs
from tests.support.times import NOW
from workspaces.models import OutboundJob, User
from workspaces.services.staff import grant_staff_role

pytestmark = pytest.mark.django_db
CHAT, RESPONSES = "/chat/completions", "/responses"


@pytest.fixture
def operator() -> User:
    user: User = UserFactory.create()
    grant_staff_role(user=user, role="operator", by=None, at=NOW)
    return user


def refuse_paths(*paths: str, status: int = 404, body: Any = None) -> Refuse:
    def refuse(path: str, _body: dict[str, Any]) -> tuple[int, Any] | None:
        return (status, body or {"detail": "Not Found"}) if path in paths else None

    return refuse


def run_test(
    operator: User, url: str, kind: str, *, model: str = "choosy-1"
) -> tuple[OutboundJob, LanguageModel | None]:
    provider: ModelProvider = ProviderFactory.create(by=operator, workspace=None, base_url=url, kind=kind)
    row = add_model(provider=provider, values={"name": model}, by=operator, at=NOW) if model else None
    request_test(provider=provider, by=operator, at=NOW)
    assert run_outbound_jobs() == 1
    if row is not None:
        row.refresh_from_db()
    test = get_provider_test(provider)
    assert test is not None
    return test, row


@pytest.mark.parametrize(
    ("kind", "path", "says"),
    [
        ("responses", RESPONSES,
         "The connection works: choosy-1 answers by OpenAI Responses. It offers 1 model."),
        ("chat_completions", CHAT,
         "The connection works: choosy-1 answers by OpenAI Chat Completions. It offers 1 model."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("model", ["choosy-1", ""])
def test_a_working_connection(operator: User, kind: str, path: str, says: str, model: str) -> None:
    with run_choosy_server(lambda *_: None) as server:
        test, _row = run_test(operator, server.url, kind, model=model)

    assert (test.state, test.result["message"], test.result["names"]) == ("done", says, ["choosy-1"])
    assert [body["path"] for body in server.bodies] == [path]


@pytest.mark.parametrize(
    ("kind", "missing", "code", "says"),
    [
        ("responses", [RESPONSES], "wrong_protocol",
         "The server does not speak OpenAI Responses at this address, but OpenAI Chat Completions works."
         " Choose that protocol."),
        ("chat_completions", [CHAT], "wrong_protocol",
         "The server does not speak OpenAI Chat Completions at this address, but OpenAI Responses works."
         " Choose that protocol."),
        ("responses", [RESPONSES, CHAT], "no_endpoint",
         "choosy-1 does not answer. The server has no /responses at this address: it may speak Chat"
         " Completions, or the address lacks /v1."),
    ],
)  # fmt: skip
def test_the_protocol_that_works_is_named(
    operator: User, kind: str, missing: list[str], code: str, says: str
) -> None:
    with run_choosy_server(refuse_paths(*missing)) as server:
        test, _row = run_test(operator, server.url, kind)

    assert (test.state, test.error_code, test.error) == ("failed", code, says)
    # Nothing was changed for the operator.
    assert ModelProvider.objects.get(pk=test.subject_id).kind == kind


def test_the_reason_of_a_refusal_is_said_and_kept_for_the_page(operator: User) -> None:
    refuse = refuse_paths(CHAT, status=402, body={"error": {"message": "Insufficient Balance"}})
    with run_choosy_server(refuse) as server:
        test, row = run_test(operator, server.url, "chat_completions")

    assert (test.state, test.error_code) == ("failed", "no_credit")
    assert test.error == (
        "choosy-1 does not answer. The provider's account has no credit or quota left. Top it up."
    )
    assert row is not None
    call = FailedCall.objects.get(model=row)
    assert (call.code, call.status, call.provider_text) == ("no_credit", 402, "Insufficient Balance")


def test_refused_options_are_learned_by_the_test(operator: User) -> None:
    with run_choosy_server(refuse_fields("max_tokens", "stream_options")) as server:
        test, row = run_test(operator, server.url, "chat_completions")

    assert test.state == "done"
    assert row is not None
    row = LanguageModel.objects.select_related("provider").get(pk=row.pk)
    assert get_omitted_options(row) == {ModelOption.MAX_TOKENS, ModelOption.STREAM_OPTIONS}


def test_a_closed_port_asks_no_model(operator: User) -> None:
    test, _row = run_test(operator, "http://127.0.0.1:9/v1", "responses")

    assert (test.state, test.error_code) == ("failed", "outbound_failed")
    assert "does not answer. Check the address" in test.error


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["text-embedding-3-small", "whisper-1", "gpt-5-mini"], "gpt-5-mini"),
        (["bge-m3", "qwen3-reranker", "nomic-embed-text"], ""),
        ([], ""),
    ],
)
def test_no_model_of_another_kind_is_asked(names: list[str], chosen: str) -> None:
    assert choose_model(names) == chosen


@pytest.mark.parametrize(
    "tail",
    ["", "/", "/chat/completions", "/chat/completions/", "/responses", "/models", "/models/gpt-5",
     "/embeddings", "/completions", "/images/generations", "/audio/speech", "/Chat/Completions"],
)  # fmt: skip
@pytest.mark.parametrize(
    "base", ["https://models.example.com/v1", "https://models.example.com/api/openai/v1"]
)
def test_an_endpoint_is_cut_off_the_address(base: str, tail: str) -> None:
    assert clean_base_url(f' "{base}{tail}" ', Purpose.WORKSPACE_PROVIDER) == base


@pytest.mark.parametrize(
    ("address", "cut"),
    [
        ("http://host/responses", "http://host"),
        ("https://models.example.com/v1/models-of-mine", "https://models.example.com/v1/models-of-mine"),
        ("https://x.example.com/openai/deployments/d/chat/completions",
         "https://x.example.com/openai/deployments/d"),
        ("models", "models"),
    ],
)  # fmt: skip
def test_what_is_cut(address: str, cut: str) -> None:
    assert cut_endpoint(address) == cut


def test_a_question_mark_is_refused_with_a_reason_of_its_own() -> None:
    with pytest.raises(InvalidInput, match="question mark") as refused:
        clean_base_url("https://x.example.com/v1/models?api-version=2024-10-21", Purpose.WORKSPACE_PROVIDER)

    assert (refused.value.code, refused.value.field) == ("bad_address", "base_url")

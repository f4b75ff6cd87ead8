"""What answers show about a model: remembered, shown to admins, changeable, forgotten with the address."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.urls import reverse

from core.models import AuditEvent
from gpts.assistants.model_settings import list_ignored_settings
from gpts.chat.services.turn_inputs import build_model_spec
from gpts.llm.catalogue import get_context_window, get_features, get_omitted_options, get_output_limit
from gpts.llm.models import FailedCall, LanguageModel
from gpts.llm.runtime.types import (
    FailureCode,
    InputCut,
    ModelFailure,
    ModelOption,
    OptionsLearned,
    ProviderError,
)
from gpts.llm.services.catalogue import (
    ProviderChange,
    add_model,
    change_model,
    change_provider,
    forget_what_was_learned,
    import_models,
)
from gpts.llm.services.learning import (
    KEEP_FAILED_CALLS,
    MAX_FAILED_CALLS,
    NOTE_TASK,
    get_connection_digest,
    merge_learned,
    note_answer,
    remember_answer,
    remove_old_failures,
)
from gpts.llm.wording import describe_refused_options
from tests.support.api_client import ApiClient
from tests.support.at_once import run_at_once
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.llm import LanguageModelFactory, ProviderFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.jobs import run_enqueued_jobs, take_jobs
from tests.support.pages import sign_in
from tests.support.times import AT, NOW
from workspaces.models import Member

pytestmark = pytest.mark.django_db

REFUSED = OptionsLearned(refused=frozenset({ModelOption.TEMPERATURE, ModelOption.STREAM_OPTIONS}))
NO_MODEL = ModelFailure(
    FailureCode.NO_MODEL, error=ProviderError(404, message="model 'house-1' not found, try pulling it first")
)


def create_model(**values: Any) -> LanguageModel:
    owner = UserFactory.create()
    provider = ProviderFactory.create(by=owner, workspace=create_company(owner))
    model: LanguageModel = LanguageModelFactory.create(provider=provider, by=owner, **values)
    return model


def get_owner(model: LanguageModel) -> Any:
    return Member.objects.get(workspace=model.provider.workspace, role="owner").user


def remember(
    model: LanguageModel, *learned: OptionsLearned, failure: Any = None, at: Any = NOW
) -> LanguageModel:
    remember_answer(
        model_id=model.pk,
        connection=get_connection_digest(model.provider),
        learned=merge_learned(learned),
        failure=failure,
        at=at,
    )
    return LanguageModel.objects.select_related("provider__workspace").get(pk=model.pk)


def test_a_refused_option_is_not_sent_any_more_and_its_feature_is_gone() -> None:
    model = create_model()

    saved = remember(model, REFUSED)

    assert get_omitted_options(saved) == REFUSED.refused
    assert build_model_spec(saved).omitted == REFUSED.refused
    assert "temperature" in get_features(model)
    assert "temperature" not in get_features(saved)
    event = AuditEvent.objects.get(action="gpts.model_learned")
    assert (event.is_automated, event.workspace_id) == (True, model.provider.workspace_id)
    assert event.data["options"] == ["stream_options", "temperature"]


def test_configure_says_that_a_temperature_is_not_sent() -> None:
    model = remember(create_model(), REFUSED)
    owner = get_owner(model)
    gpt = GPTFactory.create(
        owner=owner, workspace=model.provider.workspace, language_model=model, temperature="0.2"
    )

    page = sign_in(owner).get(reverse("gpts:build-configure", args=[gpt.slug])).content.decode()

    assert list_ignored_settings(gpt, model) == ["temperature"]
    assert '<p class="soft small" data-lacks="temperature">' in " ".join(page.split())


def test_learning_twice_changes_nothing() -> None:
    model = remember(create_model(), REFUSED)

    again = remember(model, REFUSED, at=AT)

    assert again.learned == model.learned
    assert AuditEvent.objects.filter(action="gpts.model_learned").count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_learned_at_the_same_instant_is_all_kept() -> None:
    model = create_model()
    options = (ModelOption.TEMPERATURE, ModelOption.SEED, ModelOption.TOOLS)
    failure = {"code": "no_credit", "status": 402, "text": "None left."}

    results = run_at_once(
        *(
            partial(
                remember, model, OptionsLearned(refused=frozenset({option})), failure=failure,
                at=NOW + timedelta(seconds=number),
            )
            for number, option in enumerate(options)
        )
    )  # fmt: skip

    assert results == ["", "", ""]
    model.refresh_from_db()
    assert sorted(model.learned["options"]) == ["seed", "temperature", "tools"]
    assert FailedCall.objects.count() == 1


def test_limits_only_ever_become_smaller() -> None:
    model = create_model(context_window=32_000, max_output_tokens=4_000)

    larger = remember(model, OptionsLearned(output_limit=9_000, context_window=64_000))
    smaller = remember(model, OptionsLearned(output_limit=2_000, context_window=8_000))
    back = remember(model, OptionsLearned(output_limit=3_000, context_window=3))

    assert larger.learned == {}
    assert (get_output_limit(smaller), get_context_window(smaller)) == (2_000, 8_000)
    assert (get_output_limit(back), get_context_window(back)) == (2_000, 8_000)
    spec = build_model_spec(back)
    assert (spec.max_output_tokens, spec.context_window) == (2_000, 8_000)


def test_an_option_that_works_again_is_sent_again() -> None:
    model = remember(create_model(), OptionsLearned(refused=frozenset({ModelOption.MAX_TOKENS})))

    saved = remember(
        model,
        OptionsLearned(
            refused=frozenset({ModelOption.MAX_COMPLETION_TOKENS}),
            accepted=frozenset({ModelOption.MAX_TOKENS}),
        ),
    )

    assert get_omitted_options(saved) == {ModelOption.MAX_COMPLETION_TOKENS}


@pytest.mark.parametrize(
    "change",
    [ProviderChange(kind="responses"), ProviderChange(base_url="https://other.example.com/v1", key="k")],
)
def test_another_protocol_or_address_forgets_what_was_learned(change: ProviderChange) -> None:
    model = remember(create_model(), REFUSED)

    change_provider(provider=model.provider, change=change, by=get_owner(model), at=NOW)

    model.refresh_from_db()
    assert model.learned == {}


def test_another_name_of_the_provider_forgets_nothing() -> None:
    model = remember(create_model(), REFUSED)

    change_provider(
        provider=model.provider, change=ProviderChange(name="New name"), by=get_owner(model), at=NOW
    )

    model.refresh_from_db()
    assert model.learned


def test_a_choice_by_hand_overrides_what_was_learned_until_it_is_automatic_again() -> None:
    model = remember(create_model(), REFUSED)
    owner = get_owner(model)

    sent = change_model(
        model=model, values={"options": {"temperature": "sent", "seed": "omitted"}}, by=owner, at=NOW
    )
    omitted_then = get_omitted_options(sent)
    automatic = change_model(model=model, values={"options": {"temperature": "automatic"}}, by=owner, at=NOW)

    assert omitted_then == {ModelOption.SEED, ModelOption.STREAM_OPTIONS}
    assert get_omitted_options(automatic) == {ModelOption.SEED, ModelOption.STREAM_OPTIONS}
    assert automatic.option_choices == {"seed": "omitted"}
    fields = [event.data["fields"] for event in AuditEvent.objects.filter(action="gpts.model_changed")]
    assert ["learned", "option_choices"] in fields


@pytest.mark.parametrize("options", [{"temprature": "sent"}, {"temperature": "maybe"}])
def test_an_unknown_option_or_choice_is_refused_by_the_api(options: dict[str, str]) -> None:
    model = create_model()
    client = ApiClient(get_owner(model), model.provider.workspace, ["account"])
    slug = model.provider.workspace.slug if model.provider.workspace else ""

    answer = client("PATCH", f"workspaces/{slug}/models/{model.pk}", {"options": options})

    assert answer.status_code == 400
    model.refresh_from_db()
    assert model.option_choices == {}


def test_forgetting_by_hand() -> None:
    model = remember(create_model(), REFUSED)

    forget_what_was_learned(model=model, by=get_owner(model), at=NOW)

    model.refresh_from_db()
    assert model.learned == {}


def test_a_model_known_by_name_alone_is_said_to_have_an_assumed_size() -> None:
    owner = UserFactory.create()
    provider = ProviderFactory.create(by=owner, workspace=create_company(owner))
    [imported] = import_models(provider=provider, names=["by-name"], by=owner, at=NOW)
    given = add_model(provider=provider, values={"name": "given", "context_window": 8_000}, by=owner, at=NOW)
    client = sign_in(owner)
    url = reverse("gpts:workspace-model-change", args=[provider.workspace.slug, imported.pk])

    before = client.get(url).content.decode()
    change_model(model=imported, values={"context_window": 128_000}, by=owner, at=NOW)
    after = client.get(url).content.decode()

    assert (imported.is_size_assumed, given.is_size_assumed) == (True, False)
    assert "The context window is an assumption" in before
    assert "The context window is an assumption" not in after


def test_a_cut_prompt_is_shown_until_the_context_window_is_corrected() -> None:
    model = remember(create_model(), OptionsLearned(input_cut=InputCut(sent=12_000, counted=2_048)))
    owner = get_owner(model)
    url = reverse("gpts:workspace-model-change", args=[model.provider.workspace.slug, model.pk])
    client = sign_in(owner)

    shown = " ".join(client.get(url).content.decode().split())
    change_model(model=model, values={"context_window": 2_048, "max_output_tokens": 512}, by=owner, at=NOW)

    assert "About 12,000 tokens were sent, and it counted 2,048." in shown
    model.refresh_from_db()
    assert model.learned == {}


def test_the_page_shows_what_was_learned_and_changes_it() -> None:
    model = remember(create_model(), REFUSED)
    owner = get_owner(model)
    slug = model.provider.workspace.slug
    client = sign_in(owner)
    url = reverse("gpts:workspace-model-change", args=[slug, model.pk])

    page = client.get(url).content.decode()
    form = {
        "label": model.label, "kind": "chat", "context_window": "128000", "max_output_tokens": "4096",
        "input_price": "0", "output_price": "0", "option_temperature": "omitted", "option_seed": "automatic",
    }  # fmt: skip
    saved = client.post(url, form)
    forgotten = client.post(reverse("gpts:workspace-model-forget", args=[slug, model.pk]))

    assert describe_refused_options(model) == [
        "Request for a count of tokens",
        "Temperature",
    ]
    assert "Not sent any more: Request for a count of tokens, Temperature" in page
    assert "Not sent: the server refused it" in page
    assert (saved.status_code, forgotten.status_code) == (302, 302)
    model.refresh_from_db()
    assert (model.option_choices, model.learned) == ({"temperature": "omitted"}, {})


# Failures ------------------------------------------------------------------------------------------------


def fail(model: LanguageModel, text: str, *, at: Any = NOW, code: str = "no_model") -> None:
    remember(model, failure={"code": code, "status": 404, "text": text}, at=at)


def test_the_same_failure_is_counted_and_a_repeated_job_is_not() -> None:
    model = create_model()

    for at in (NOW, NOW, NOW + timedelta(minutes=1)):
        fail(model, "No such model.", at=at)

    call = FailedCall.objects.get()
    assert (call.count, call.first_at, call.last_at) == (2, NOW, NOW + timedelta(minutes=1))


def test_only_the_newest_failures_are_kept_and_not_for_ever() -> None:
    model = create_model()

    for number in range(MAX_FAILED_CALLS + 3):
        fail(model, f"Number {number}", at=NOW + timedelta(seconds=number))

    assert FailedCall.objects.count() == MAX_FAILED_CALLS
    assert not FailedCall.objects.filter(provider_text="Number 2").exists()
    assert remove_old_failures(at=NOW + KEEP_FAILED_CALLS) == 0
    assert remove_old_failures(at=NOW + KEEP_FAILED_CALLS + timedelta(minutes=1)) == MAX_FAILED_CALLS


def test_the_database_refuses_a_second_row_of_a_failure_and_a_count_of_none() -> None:
    model = create_model()
    fail(model, "Said", code="provider_down")
    row = FailedCall.objects.get()

    for changes in ({"pk": None}, {"pk": None, "provider_text": "Else", "count": 0}):
        copy = FailedCall.objects.get(pk=row.pk)
        for name, value in changes.items():
            setattr(copy, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            copy.save(force_insert=True)


def test_admins_read_what_the_server_said_on_the_page_and_by_the_api() -> None:
    model = create_model()
    fail(model, "model 'house-1' not found, try pulling it first")
    owner = get_owner(model)
    workspace = model.provider.workspace
    assert workspace is not None
    slug = workspace.slug

    page = sign_in(owner).get(reverse("gpts:workspace-model-change", args=[slug, model.pk])).content.decode()
    answer = ApiClient(owner, workspace, ["account"]).get(f"workspaces/{slug}/models/{model.pk}/failures")

    assert "model &#x27;house-1&#x27; not found, try pulling it first" in page
    assert "Model does not exist" in page
    [entry] = answer.json()["items"]
    assert entry == {
        "id": entry["id"],
        "code": "no_model",
        "message": "The provider has no model of this name. Test the connection for its list.",
        "status": 404,
        "provider_text": "model 'house-1' not found, try pulling it first",
        "count": 1,
        "first_at": entry["first_at"],
        "last_at": entry["last_at"],
    }


def test_a_failed_answer_enqueues_one_note_of_many(django_capture_on_commit_callbacks: Any) -> None:
    cache.clear()
    take_jobs()
    model = create_model()

    with django_capture_on_commit_callbacks(execute=True):
        for _number in range(3):
            note_answer(model, failure=NO_MODEL, at=NOW)
        note_answer(model, failure=ModelFailure(FailureCode.ACCESS_ENDED), at=NOW)
        note_answer(None, failure=NO_MODEL, at=NOW)
        note_answer(model, at=NOW)

    assert run_enqueued_jobs() == [NOTE_TASK]
    call = FailedCall.objects.get()
    assert (call.code, call.status, call.count) == ("no_model", 404, 1)
    assert call.provider_text == "model 'house-1' not found, try pulling it first"


def test_what_is_known_is_not_noted_again(django_capture_on_commit_callbacks: Any) -> None:
    take_jobs()
    cut = OptionsLearned(input_cut=InputCut(sent=12_000, counted=2_048))
    model = remember(create_model(), REFUSED, OptionsLearned(output_limit=2_000), cut)

    with django_capture_on_commit_callbacks(execute=True):
        note_answer(model, learned=[REFUSED, OptionsLearned(output_limit=2_000), cut], at=AT)

    assert take_jobs() == []


def test_the_words_about_one_persons_content_are_not_kept(django_capture_on_commit_callbacks: Any) -> None:
    cache.clear()
    take_jobs()
    model = create_model()
    error = ProviderError(400, message="Your input was flagged: violence")

    with django_capture_on_commit_callbacks(execute=True):
        note_answer(model, failure=ModelFailure(FailureCode.CONTENT_REFUSED, error=error), at=NOW)

    assert run_enqueued_jobs() == [NOTE_TASK]
    assert FailedCall.objects.get().provider_text == ""

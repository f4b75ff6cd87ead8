"""The Create conversation's services: what it changes, refuses, takes back and counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from core.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound, RateLimited
from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import update_draft
from gpts.chat.services.rechecks import find_turns_without_access
from gpts.chat.streaming.begin import Requester
from gpts.chat.streaming.connection import build_stop_key, get_sync_redis
from gpts.llm.services.providers import ensure_offline_provider
from gpts.llm.states import TurnState
from gpts.studio.access import access_create_change
from gpts.studio.create.begin import StartedCreateAnswer, begin_message
from gpts.studio.models import BuilderChange, BuilderMessage
from gpts.studio.queries import (
    get_create_cost,
    get_interview_answers,
    list_create_messages,
    list_undone_fields,
)
from gpts.studio.services.create import (
    apply_change,
    end_message,
    reset_conversation,
    set_change_state,
    start_message,
)
from gpts.studio.states import BuilderChangeState
from tests.support.api_client import ApiClient
from tests.support.chat import configure_model
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import LATER, NOW
from workspaces.access import scope_for
from workspaces.models import PolicyRule, User

pytestmark = pytest.mark.django_db

UNDONE, APPLIED = BuilderChangeState.UNDONE, BuilderChangeState.APPLIED


@pytest.fixture
def gpt() -> GPT:
    ensure_offline_provider(at=NOW)
    return GPTFactory.create()


def an_answer(gpt: GPT, text: str = "Make it friendlier") -> BuilderMessage:
    _question, answer = start_message(gpt=gpt, text=text, by=gpt.owner, at=NOW)
    return answer


def change(gpt: GPT, field: str, value: Any, answer: BuilderMessage | None = None) -> BuilderChange:
    made = apply_change(message=answer or an_answer(gpt), field=field, value=value, by=gpt.owner, at=NOW)
    assert made is not None
    return made


def flip(made: BuilderChange, state: str, **options: Any) -> BuilderChange:
    return set_change_state(change=made, state=state, by=made.user, at=LATER, **options)


def test_a_change_lands_in_the_draft_with_before_and_after(gpt: GPT) -> None:
    made = change(gpt, "name", "  Prose   coach ")

    gpt.refresh_from_db()
    assert (made.state, made.before, made.after) == (APPLIED, "Essay coach", "Prose coach")
    assert (gpt.name, gpt.draft_revision) == ("Prose coach", 2)


def test_a_rule_about_the_model_ends_create_and_refuses_it() -> None:
    owner, builder = UserFactory.create(), UserFactory.create()
    company = create_company(owner, builder=builder)
    gpt = GPTFactory.create(
        owner=builder, workspace=company, language_model=configure_model("http://127.0.0.1:9")
    )

    def begin() -> StartedCreateAnswer:
        person = User.objects.get(pk=builder.pk)
        return begin_message(Requester(person, scope_for(person), "web", None, "en"), gpt.slug, "Tides")

    job = begin().job
    assert job is not None
    assert find_turns_without_access([job.access], at=NOW) == set()
    PolicyRule.objects.create(
        workspace=company, act="use_model", subject_kind="everyone", target_kind="any", effect="deny"
    )

    assert find_turns_without_access([job.access], at=NOW) == {job.id}
    BuilderMessage.objects.all().delete()
    with pytest.raises(Forbidden) as refusal:
        begin()
    assert (refusal.value.code, BuilderMessage.objects.count()) == ("policy_refuses", 0)


def test_what_stands_already_is_no_change(gpt: GPT) -> None:
    answer = an_answer(gpt)

    assert apply_change(message=answer, field="name", value="Essay coach", by=gpt.owner, at=NOW) is None
    assert not BuilderChange.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 51),
        ("description", "x" * 301),
        ("instructions", "x" * 8_001),
        ("starters", [f"Starter {number}" for number in range(9)]),
        ("starters", "not a list"),
        ("category", "astrology"),
        ("capabilities", ["telepathy"]),
        ("icon", 9),
        ("icon", True),
        ("name", {"x": 1}),
        ("owner", "me"),
        ("slug", "mine"),
        ("language_model", 1),
    ],
)
def test_a_value_that_does_not_fit_is_noted_as_refused_and_changes_nothing(
    gpt: GPT, field: str, value: Any
) -> None:
    before = GPT.objects.filter(pk=gpt.pk).values().get()

    made = change(gpt, field, value)

    assert made.state == BuilderChangeState.REFUSED
    assert made.refusal != ""
    assert GPT.objects.filter(pk=gpt.pk).values().get() == before


def test_nul_and_broken_characters_of_a_model_are_refused_and_can_be_noted(gpt: GPT) -> None:
    made = change(gpt, "description", "a\x00b\ud800")

    assert made.state == BuilderChangeState.REFUSED


def test_a_person_runs_a_few_answers_at_once_and_lost_ones_lock_nothing(gpt: GPT, settings: Any) -> None:
    settings.CHAT_RUNNING_TURNS = 2
    others = [GPTFactory.create(owner=gpt.owner) for _number in range(2)]
    an_answer(gpt)
    second = an_answer(others[0])
    before = BuilderMessage.objects.count()

    with pytest.raises(RateLimited) as refusal:
        an_answer(others[1])

    assert (refusal.value.code, refusal.value.data) == ("turns_running", {"retry_after": 5, "limit": 2})
    assert BuilderMessage.objects.count() == before
    an_answer(GPTFactory.create())  # somebody else's do not count
    BuilderMessage.objects.filter(pk=second.pk).update(created_at=NOW - timedelta(minutes=6))
    assert an_answer(others[1]).state == TurnState.RUNNING


def test_undo_and_redo_go_back_and_forth(gpt: GPT) -> None:
    made = change(gpt, "starters", ["One", "Two"])

    flip(made, UNDONE)
    gpt.refresh_from_db()
    assert gpt.starters == ["Read my first paragraph"]
    assert list_undone_fields(gpt.owner, gpt) == ["starters"]
    flip(made, APPLIED)
    gpt.refresh_from_db()
    assert (gpt.starters, gpt.draft_revision) == (["One", "Two"], 4)
    flip(made, APPLIED)
    gpt.refresh_from_db()
    assert gpt.draft_revision == 4


def test_an_icon_is_drawn_and_taken_back(gpt: GPT) -> None:
    made = change(gpt, "icon", 3)

    gpt.refresh_from_db()
    assert gpt.icon.startswith("icons/")
    flip(made, UNDONE)
    gpt.refresh_from_db()
    assert gpt.icon == ""


def test_a_field_that_moved_on_since_is_not_thrown_away_unasked(gpt: GPT) -> None:
    made = change(gpt, "name", "Prose coach")
    update_draft(gpt=gpt, revision=2, changes={"name": "By hand"}, by=gpt.owner, at=LATER)

    with pytest.raises(Conflict) as refusal:
        flip(made, UNDONE)

    gpt.refresh_from_db()
    assert refusal.value.data == {"current": "By hand", "wanted": "Essay coach", "revision": 3}
    assert gpt.name == "By hand"
    made.refresh_from_db()
    assert made.state == APPLIED
    flip(made, UNDONE, is_forced=True)
    gpt.refresh_from_db()
    assert gpt.name == "Essay coach"


def test_a_refused_change_is_neither_undone_nor_redone(gpt: GPT) -> None:
    made = change(gpt, "name", "x" * 60)

    for state in (UNDONE, APPLIED, BuilderChangeState.REFUSED):
        with pytest.raises(IllegalTransition):
            flip(made, state)


def test_one_answer_runs_at_a_time_and_a_lost_one_gives_way(gpt: GPT) -> None:
    lost = an_answer(gpt)

    with pytest.raises(Conflict):
        an_answer(gpt)
    assert BuilderMessage.objects.count() == 2
    start_message(gpt=gpt, text="Again", by=gpt.owner, at=NOW + timedelta(minutes=6))
    lost.refresh_from_db()
    assert (lost.state, lost.error_code) == (TurnState.INTERRUPTED, "interrupted")


def test_too_much_text_is_refused_and_nothing_is_written(gpt: GPT) -> None:
    for text in ("", "   ", "x" * 8_001, "字" * 200_000):
        with pytest.raises(InvalidInput):
            an_answer(gpt, text)
    assert not BuilderMessage.objects.exists()


def test_the_cost_of_building_is_counted_and_survives_a_reset(gpt: GPT) -> None:
    model = gpt.language_model
    assert model is not None
    model.input_price_micros, model.output_price_micros = 2_000_000, 8_000_000
    answer = an_answer(gpt)
    change(gpt, "name", "Prose coach", answer)
    end_message(message=answer, text="Done", at=LATER, model=model, input_tokens=1_000, output_tokens=100)

    assert get_create_cost(gpt, gpt.owner) == {
        "input_tokens": 1_000,
        "output_tokens": 100,
        "cost_micros": 2_800,
    }
    assert reset_conversation(gpt=gpt, by=gpt.owner, at=LATER) == 2
    gpt.refresh_from_db()
    assert list_create_messages(gpt.owner, gpt) == []
    assert not BuilderMessage.objects.exclude(content="").exists()
    assert not BuilderChange.objects.exists()
    assert get_create_cost(gpt, gpt.owner)["cost_micros"] == 2_800
    assert gpt.name == "Prose coach"


def test_an_answer_ends_once(gpt: GPT) -> None:
    answer = an_answer(gpt)
    end_message(message=answer, text="Done", at=LATER)

    with pytest.raises(IllegalTransition):
        end_message(message=answer, text="Twice", at=LATER)


def test_what_was_told_is_known_by_question(gpt: GPT) -> None:
    first = an_answer(gpt, "A coach for essays")
    end_message(message=first, text="Who?", step="audience", at=NOW)
    start_message(gpt=gpt, text="Pupils", by=gpt.owner, at=LATER)

    assert get_interview_answers(gpt.owner, gpt) == {"purpose": "A coach for essays", "audience": "Pupils"}


def test_a_change_of_another_gpt_or_person_is_not_found(gpt: GPT) -> None:
    made = change(gpt, "name", "Prose coach")
    other = GPTFactory.create()

    for user, where in ((gpt.owner, other), (other.owner, gpt), (UserFactory.create(), gpt)):
        with pytest.raises(NotFound):
            access_create_change(user, where, made.pk)
    with pytest.raises(NotFound):
        access_create_change(gpt.owner, gpt, 2**70)


def test_stopping_asks_the_running_answer_of_that_person_only(gpt: GPT) -> None:
    answer = an_answer(gpt)
    stranger = ApiClient(UserFactory.create(display_name="Eve"))
    call = ApiClient(gpt.owner)
    key = build_stop_key(answer.pk)

    refused = stranger("POST", f"gpts/{gpt.slug}/create-conversation/stop")
    assert refused.status_code == 404
    assert not get_sync_redis().exists(key)
    told = call("POST", f"gpts/{gpt.slug}/create-conversation/stop")

    assert (told.status_code, told.json()) == (202, {"is_stopping": True})
    assert get_sync_redis().exists(key)
    end_message(message=answer, text="I", at=LATER, is_stopped=True)
    again = call("POST", f"gpts/{gpt.slug}/create-conversation/stop")
    assert (again.status_code, again.json()) == (202, {"is_stopping": False})
    answer.refresh_from_db()
    assert (answer.state, answer.content, answer.error_code) == (TurnState.STOPPED, "I", "")


def test_without_scripts_stopping_leads_back_to_the_page(gpt: GPT) -> None:
    an_answer(gpt)

    response = sign_in(gpt.owner).post(reverse("gpts:build-create-stop", args=[gpt.slug]))

    assert response.headers["Location"] == reverse("gpts:build-create", args=[gpt.slug])
    assert (
        sign_in(UserFactory.create()).post(reverse("gpts:build-create-stop", args=[gpt.slug])).status_code
        == 404
    )

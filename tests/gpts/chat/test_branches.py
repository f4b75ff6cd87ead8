"""Branches: any turn can be asked again, no turn disappears, and the path shown last is shown again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import Conflict
from core.scope import system_scope
from gpts.chat.models import Turn
from gpts.chat.services.branches import show_turn
from gpts.chat.services.turns import edit_turn, finish_turn, start_turn
from gpts.metering.models import UsageEvent
from tests.fakes.openai_server import ModelServer
from tests.support.chat import configure_model, create_conversation, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.web_client import MakeWebClient, get_streamed_text


def get_shown_questions(turns: Any) -> list[str]:
    return list(
        turns.filter(is_shown=True, messages__role="user")
        .order_by("position")
        .values_list("messages__content", flat=True)
    )


def test_switching_shows_the_path_that_was_shown_last(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "echo")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)
    first = browser.say(f"/g/{gpt.slug}/chat/turns", "one")[0].data
    here = f"/c/{first['conversation']}"
    browser.say(f"{here}/turns", "two")
    third = browser.say(f"{here}/turns", "three")[0].data
    browser.say(f"{here}/turns/{third['turn']}/edit", "three again")

    # An edited first message starts a path of its own; the model gets no earlier turns.
    edited = browser.say(f"{here}/turns/{first['turn']}/edit", "uno")
    other = edited[0].data
    assert get_streamed_text(edited).strip() == "uno"
    browser.say(f"{here}/turns", "due")
    assert get_shown_questions(Turn.objects) == ["uno", "due"]

    back = browser.http.post(f"{here}/turns/{first['turn']}/show", headers={"Accept": "application/json"})

    assert (back.status_code, back.json()) == (200, {"turn": first["turn"]})
    assert get_shown_questions(Turn.objects) == ["one", "two", "three again"]
    page = browser.http.get(here).text
    assert ">1/2<" in page
    assert ">2/2<" in page
    assert "uno" not in page
    # Without JavaScript the form redirects to the turn.
    again = browser.http.post(f"{here}/turns/{other['turn']}/show", follow_redirects=False)
    assert again.headers["Location"] == f"{here}#turn-{other['turn']}"
    assert get_shown_questions(Turn.objects) == ["uno", "due"]
    # No paid turn was deleted.
    assert UsageEvent.objects.count() == Turn.objects.count() == 6


def test_branches_cannot_be_switched_while_an_answer_is_written(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "echo")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)
    first = browser.say(f"/g/{gpt.slug}/chat/turns", "one")[0].data
    here = f"/c/{first['conversation']}"
    browser.say(f"{here}/turns/{first['turn']}/retry")
    model_server.state.control = "normal:3000:50"

    with browser.ask(f"{here}/turns", "long") as running:
        assert running.status_code == 200
        refused = browser.http.post(
            f"{here}/turns/{first['turn']}/show", headers={"Accept": "application/json"}
        )
        edited = browser.refused(f"{here}/turns/{first['turn']}/edit", "other")

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "turn_running")
    assert edited == (409, "turn_running")
    assert get_shown_questions(Turn.objects) == ["one", "long"]
    assert Turn.objects.count() == 3
    turn = Turn.objects.get(state="running")
    browser.http.post(f"{here}/turns/{turn.pk}/stop", headers={"Accept": "application/json"})


@pytest.mark.django_db
def test_a_hidden_turn_is_edited_on_its_own_path() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_conversation(reader, turns=2)
    first, second = Turn.objects.order_by("position")
    new_first, _new = edit_turn(turn=first, text="Another start", by=reader, at=NOW)
    finish_turn(turn_id=new_first.pk, text="Yes", input_tokens=1, output_tokens=1, model=None, at=NOW)
    second.refresh_from_db()
    assert not second.is_shown

    edited, _new = edit_turn(turn=second, text="Question two", by=reader, at=NOW)

    assert get_shown_questions(Turn.objects.filter(conversation=conversation)) == [
        "Question 1",
        "Question two",
    ]
    assert (edited.parent_id, edited.position) == (first.pk, 2)
    with pytest.raises(Conflict) as refused:
        show_turn(turn=new_first, at=NOW)
    assert refused.value.data == {"turn": str(edited.pk)}


@pytest.mark.django_db
def test_a_conversation_with_several_first_turns_is_counted_once() -> None:
    reader = UserFactory.create(display_name="Reader")
    create_conversation(reader)
    first = Turn.objects.get()
    again, _new = edit_turn(turn=first, text="In other words", by=reader, at=NOW)
    finish_turn(turn_id=again.pk, text="Yes", input_tokens=1, output_tokens=1, model=None, at=NOW)

    first.gpt.refresh_from_db()

    assert first.gpt.conversation_count == 1


@pytest.mark.django_db
def test_a_long_conversation_opens_with_its_last_turns_in_the_same_queries() -> None:
    counts = []
    for turns in (3, 35):
        reader = UserFactory.create(display_name="Reader")
        conversation = create_conversation(reader, turns=turns)
        client = sign_in(reader)
        client.get(f"/c/{conversation.pk}")
        with CaptureQueriesContext(connection) as queries:
            page = client.get(f"/c/{conversation.pk}").content.decode()
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert page.count("data-turn=") == 30
    assert "Question 35" in page
    assert ">Question 5<" not in page
    assert f"/c/{conversation.pk}?before=6" in page
    earlier = client.get(f"/c/{conversation.pk}?before=6", headers={"X-Fragment": "turns"}).content.decode()
    assert earlier.count("data-turn=") == 5
    assert "<html" not in earlier
    assert "data-chat-earlier" not in earlier


@pytest.mark.django_db
def test_the_page_marks_the_oldest_turn_in_the_models_context() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_conversation(reader, turns=4)
    turn, _new = start_turn(conversation=conversation, text="Question 5", by=reader, at=NOW)
    finish_turn(
        turn_id=turn.pk, text="Yes", input_tokens=1, output_tokens=1, model=None, at=NOW, trimmed_turns=4
    )

    page = sign_in(reader).get(f"/c/{conversation.pk}").content.decode()

    mark = page.index("no longer reads what stands above")
    assert page.count("no longer reads what stands above") == 1
    # Four messages were left out, so the context begins with the third turn.
    assert page.index(">Question 2</div>") < mark < page.index(">Question 3</div>")


def test_one_turn_is_a_fragment_for_the_page(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "echo", input_price=3_000_000)),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)
    head = browser.say(f"/g/{gpt.slug}/chat/turns", "words")[0].data
    address = f"/c/{head['conversation']}/turns/{head['turn']}"

    part = browser.http.get(address, headers={"X-Fragment": "turn"}).text
    stranger = make_web_client(UserFactory.create(display_name="Stranger")).http.get(
        address, headers={"X-Fragment": "turn"}
    )

    assert "<html" not in part
    assert f'data-turn="{head["turn"]}"' in part
    turn = Turn.objects.get()
    assert turn.cost_micros > 0
    for fact in ("echo", "Tokens sent", "First word after", "USD" if "USD" in part else "$"):
        assert fact in part
    assert stranger.status_code == 404
    with system_scope("tests"):
        assert Turn.objects.count() == 1

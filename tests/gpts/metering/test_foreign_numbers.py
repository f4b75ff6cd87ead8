"""Numbers and prices of other people's servers: what is believed, counted and charged."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from core.errors import Forbidden, InvalidInput
from core.models import AuditEvent
from core.periods import Period
from core.scope import open_scope, system_scope
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import get_payee_id
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Conversation, Turn
from gpts.chat.streaming.begin import Requester, begin_first_turn
from gpts.chat.streaming.hub import run_turn_to_end
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.catalogue import change_model
from gpts.metering.models import BudgetReservation, BudgetUse, PriceCeiling, UsageEvent
from gpts.metering.services.budgets import capture
from gpts.metering.services.price_ceilings import set_price_ceiling
from marketplace.services.listings import publish_listing
from payouts.services.classification import count_units
from payouts.services.rate_cards import get_rate_card
from payouts.services.rollups import roll_up
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import ApiClient
from tests.support.budgets import NOW, create_monthly_budget, create_owned_company, reserve_turn
from tests.support.chat import configure_model, create_public_gpt
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.web_client import MakeWebClient
from workspaces.access import scope_for
from workspaces.models import Member, User, Workspace
from workspaces.services.members import remove_member

MILLION = 1_000_000


def create_own_provider_gpt(url: str, behaviour: str = "claims-billions:20", *, price: int = 0) -> GPT:
    """A public GPT of a company that runs its own model server and sets the price of its model."""
    with system_scope("tests"):
        company = create_company(UserFactory.create(display_name="Olga"))
        owner = Member.objects.get(workspace=company).user
        provider = ModelProvider.objects.create(
            workspace=company, name="Own", kind="chat_completions", base_url=url, created_at=NOW
        )
        model = LanguageModel.objects.create(
            provider=provider, name=behaviour, label="Own model", context_window=8_000,
            max_output_tokens=500, input_price_micros=price, output_price_micros=price, is_default=True,
        )  # fmt: skip
        gpt = GPTFactory.create(owner=owner, workspace=company, language_model=model)
        version = VersionFactory.create(gpt=gpt)
        set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=NOW)
    return gpt


def ask(reader: User, gpt: GPT, text: str = "When does the depot open?") -> Turn:
    """Chat as the web process does, without HTTP: start, run to the end, and return the turn."""
    started = begin_first_turn(
        Requester(reader, scope_for(reader), "web", None, "en"), gpt.slug, text, "", is_draft=False
    )
    assert started.job is not None
    run_turn_to_end(started.job)
    return Turn.objects.get(pk=started.id)


@pytest.mark.parametrize("behaviour", ["claims-u32:5", "claims-billions:5", "claims-zero:5"])
def test_a_count_that_cannot_be_true_is_estimated_and_the_reader_gets_the_end(
    make_web_client: MakeWebClient, model_server: ModelServer, behaviour: str
) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, behaviour))
    reader = UserFactory.create(display_name="Reader")

    found = make_web_client(reader).say(f"/g/{gpt.slug}/chat/turns", "Hello")

    assert (found[-1].name, found[-1].data["state"]) == ("end", "finished")
    turn, event = Turn.objects.get(), UsageEvent.objects.get()
    assert (turn.state, event.is_estimated, event.provider_workspace_id) == ("finished", True, None)
    assert 0 < event.output_tokens < 20
    assert 0 < event.input_tokens < 1_000
    assert (turn.input_tokens, turn.output_tokens) == (event.input_tokens, event.output_tokens)
    usage = ApiClient(reader, scopes=("usage:read",)).get("usage").json()
    assert usage["items"][0]["is_estimated"] is True


def test_a_true_count_is_kept_and_not_marked(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, "normal:5"))

    make_web_client(UserFactory.create()).say(f"/g/{gpt.slug}/chat/turns", "Hello")

    event = UsageEvent.objects.get()
    assert (event.input_tokens, event.output_tokens, event.is_estimated) == (11, 5, False)


def test_a_payees_own_provider_neither_sets_tokens_nor_is_paid_by_length(
    transactional_db: None, provider: ModelServer
) -> None:
    """A possible count of 500 is claimed for five words: strangers' answers are counted here all the same."""
    gpt = create_own_provider_gpt(provider.url, "normal:5")
    stranger = UserFactory.create(display_name="Stranger")

    ask(stranger, gpt)
    ask(gpt.owner, gpt)

    theirs = UsageEvent.objects.get(user_id=stranger.pk)
    own = UsageEvent.objects.get(user_id=gpt.owner_id)
    assert (theirs.is_estimated, theirs.provider_workspace_id) == (True, gpt.workspace_id)
    assert theirs.output_tokens != 5  # the estimate of the text, not the server's count
    assert (own.is_estimated, own.output_tokens) == (False, 5)  # the company pays its own provider
    month = Period.containing(theirs.occurred_at)
    with system_scope("tests"):
        roll_up(at=theirs.received_at)
        card = get_rate_card(month)
        card.minimum_output_tokens = 1
        counts = count_units(origin=month, accounted=month, card=card, watermark=str(2**62))
    by_verdict = {count.verdict: count for count in counts}
    qualified = by_verdict["qualified"]
    assert (qualified.messages, qualified.estimated, qualified.output_tokens) == (1, 1, 0)


def test_a_foreign_price_and_count_charge_at_most_twice_the_reservation(
    transactional_db: None, provider: ModelServer
) -> None:
    gpt = create_own_provider_gpt(provider.url, "claims-billions:400", price=10 * MILLION)
    buyer = UserFactory.create(display_name="Buyer")
    with system_scope("tests"):
        budget = create_monthly_budget(
            buyer.personal_workspace, buyer, subject="workspace", is_each=False, measure="cost_micros",
            hard_limit=50 * MILLION,
        )  # fmt: skip

    turn = ask(buyer, gpt)

    use = BudgetUse.objects.get(budget=budget)
    reserved = (len("When does the depot open?") // 3 + 1_000 + 500) * 10  # an upper bound, in micro-units
    assert turn.state == "finished"
    assert 0 < use.used <= 2 * reserved
    assert use.reserved == 0
    assert turn.cost_micros < 50_000  # not two billion tokens at ten dollars a million


def test_a_price_that_is_raised_does_not_apply_to_a_running_answer(
    transactional_db: None, provider: ModelServer
) -> None:
    gpt = create_own_provider_gpt(provider.url, "normal:20", price=MILLION)
    buyer = UserFactory.create(display_name="Buyer")
    started = begin_first_turn(
        Requester(buyer, scope_for(buyer), "web", None, "en"), gpt.slug, "Hello", "", is_draft=False
    )
    model = LanguageModel.objects.get(name="normal:20")
    with system_scope("tests"):
        prices = {"input_price_micros": 10**12, "output_price_micros": 10**12}
        change_model(model=model, values=prices, by=gpt.owner, at=NOW)

    assert started.job is not None
    run_turn_to_end(started.job)

    turn = Turn.objects.get()
    assert turn.cost_micros == turn.input_tokens + turn.output_tokens  # one micro-unit each
    assert UsageEvent.objects.get().price_version == f"{model.pk}:{MILLION}:{MILLION}"


def test_a_model_above_the_ceiling_is_refused_before_it_is_called(
    transactional_db: None, provider: ModelServer
) -> None:
    gpt = create_own_provider_gpt(provider.url, "normal:5", price=2 * MILLION)
    buyer = UserFactory.create(display_name="Buyer")
    place = buyer.personal_workspace
    with system_scope("tests"):
        set_price_ceiling(
            workspace=place,
            input_price_micros=2 * MILLION,
            output_price_micros=2 * MILLION - 1,
            by=buyer,
            at=NOW,
        )

    with pytest.raises(Forbidden) as refusal:
        ask(buyer, gpt)

    assert (refusal.value.code, refusal.value.data["most_output_price_micros"]) == (
        "price_above_ceiling", 2 * MILLION - 1,
    )  # fmt: skip
    assert (Conversation.objects.count(), BudgetReservation.objects.count(), UsageEvent.objects.count()) == (
        0, 0, 0,
    )  # fmt: skip
    assert provider.state.requests == []
    page = sign_in(buyer).get(f"/g/{gpt.slug}/chat").content.decode()
    assert "This is above what your workspace pays at most." in page
    assert ask(gpt.owner, gpt).state == "finished"  # the company's own price is no stranger's
    with system_scope("tests"):
        set_price_ceiling(
            workspace=place, input_price_micros=None, output_price_micros=None, by=buyer, at=NOW
        )
    assert ask(buyer, gpt).state == "finished"


def test_the_price_is_shown_before_the_first_message(db: None, provider: ModelServer) -> None:
    gpt = create_own_provider_gpt(provider.url, "normal:5", price=2 * MILLION)
    buyer = UserFactory.create(display_name="Buyer")

    page = sign_in(buyer).get(f"/g/{gpt.slug}/chat").content.decode()
    own_page = sign_in(gpt.owner).get(f"/g/{gpt.slug}/chat").content.decode()
    with system_scope("tests"):
        publish_listing(gpt=gpt, version=gpt.versions.get(), by=None, at=NOW)
    about = sign_in(buyer).get(f"/g/{gpt.slug}").content.decode()
    own_about = sign_in(gpt.owner).get(f"/g/{gpt.slug}").content.decode()
    found = ApiClient(buyer, scopes=("chat",)).get(f"gpts/{gpt.slug}/price").json()

    said = f"Own model is run and priced by {gpt.workspace.name}: $2.00 for a million tokens sent"
    assert said in " ".join(page.split())
    assert said in " ".join(about.split())
    assert "is run and priced by" not in own_page + own_about
    assert found == {
        "model": "Own model", "input_price_micros": 2 * MILLION, "output_price_micros": 2 * MILLION,
        "priced_by": gpt.workspace.name, "is_allowed": True, "currency": "USD",
    }  # fmt: skip
    assert ApiClient(buyer, scopes=("chat",)).get("gpts/nothing/price").status_code == 404


@pytest.mark.django_db
def test_the_price_of_the_instances_own_model_is_nobodys(model_server: ModelServer) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, "normal:5", input_price=MILLION))
    reader = UserFactory.create()

    found = ApiClient(reader, scopes=("chat",)).get(f"gpts/{gpt.slug}/price").json()

    assert (found["priced_by"], found["is_allowed"], found["input_price_micros"]) == (None, True, MILLION)
    assert "is run and priced by" not in sign_in(reader).get(f"/g/{gpt.slug}/chat").content.decode()


@pytest.mark.django_db
def test_capturing_counts_at_most_what_the_reservation_allows() -> None:
    acme = create_owned_company()
    owner = Member.objects.get(workspace=acme).user
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    budget = create_monthly_budget(acme, owner, measure="cost_micros", hard_limit=50 * MILLION)
    small = reserve_turn(owner, acme, gpt, micros=1_000)

    capture(turn_id=small.turn_id, tokens=2 * 10**9, cost_micros=2 * 10**12, at=NOW)

    assert BudgetUse.objects.get(budget=budget).used == 2_000
    reserve_turn(owner, acme, gpt, micros=1_000)
    with pytest.raises(IntegrityError, match="gpts_budgetreservation_largest"), transaction.atomic():
        BudgetReservation.objects.update(largest=1)


@pytest.mark.django_db
@pytest.mark.parametrize("prices", [(1, None), (None, 1), (-1, 1), (1, 10**12 + 1)])
def test_an_impossible_ceiling_is_refused(prices: tuple[Any, Any]) -> None:
    user = UserFactory.create()

    with pytest.raises(InvalidInput) as refusal:
        set_price_ceiling(
            workspace=user.personal_workspace, input_price_micros=prices[0], output_price_micros=prices[1],
            by=user, at=NOW,
        )  # fmt: skip

    assert refusal.value.code == "price_invalid"
    assert not PriceCeiling.objects.exists()


@pytest.mark.django_db
def test_admins_set_the_ceiling_on_the_page_and_by_api() -> None:
    acme = create_owned_company()
    owner = Member.objects.get(workspace=acme).user
    url = f"/w/{acme.slug}/admin/budgets"

    saved = sign_in(owner).post(f"{url}/price-ceiling", {"input_price": "1.5", "output_price": "6"})
    refused = sign_in(owner).post(f"{url}/price-ceiling", {"input_price": "1.5", "output_price": ""})

    assert (saved.status_code, refused.status_code) == (302, 400)
    ceiling = PriceCeiling.objects.get(workspace=acme)
    assert (ceiling.input_price_micros, ceiling.output_price_micros) == (1_500_000, 6_000_000)
    assert 'value="1.5"' in sign_in(owner).get(f"{url}/price-ceiling").content.decode()
    assert AuditEvent.objects.get(action="gpts.price_ceiling_set").actor_id == owner.pk
    key = ApiClient(owner, acme, scopes=("account",))
    path, nothing = (
        f"workspaces/{acme.slug}/price-ceiling",
        {"input_price_micros": None, "output_price_micros": None},
    )
    assert key.get(path).json() == {"input_price_micros": 1_500_000, "output_price_micros": 6_000_000}
    assert key.put(path, {"input_price_micros": 5, "output_price_micros": None}).status_code == 400
    assert key.put(path, nothing).json() == nothing == key.get(path).json()
    sign_in(owner).post(f"{url}/price-ceiling", {"input_price": "", "output_price": ""})
    assert not PriceCeiling.objects.exists()


def test_only_admins_may_write_a_ceiling_and_strangers_do_not_see_it(transactional_db: None) -> None:
    acme = create_owned_company()
    owner, stranger = Member.objects.get(workspace=acme).user, UserFactory.create()
    values = {"workspace": acme, "input_price_micros": 1, "output_price_micros": 1, "updated_at": NOW}

    with pytest.raises(DatabaseError, match="row-level security"), open_scope(scope_for(stranger)):
        PriceCeiling.objects.create(**values)
    with open_scope(scope_for(owner)):
        PriceCeiling.objects.create(**values)
    with open_scope(scope_for(stranger)):
        assert not PriceCeiling.objects.exists()


@pytest.mark.django_db
def test_the_payee_follows_the_owner_and_falls_to_the_workspace_when_they_leave() -> None:
    acme = create_owned_company()
    boss = Member.objects.get(workspace=acme).user
    builder = UserFactory.create(display_name="Builder")
    member = Member.objects.create(workspace=acme, user=builder, role="builder", joined_at=NOW)
    gpt = GPTFactory.create(workspace=acme, owner=builder)
    assert get_payee_id(gpt) == builder.pk

    remove_member(member=member, by=boss, at=NOW)

    assert get_payee_id(gpt) == boss.pk
    again = Member.objects.create(workspace=acme, user=builder, role="member", joined_at=NOW)
    assert get_payee_id(gpt) == builder.pk
    User.objects.filter(pk=builder.pk).update(is_active=False)
    assert get_payee_id(gpt) == boss.pk
    again.delete()
    personal = GPTFactory.create(owner=boss)
    User.objects.filter(pk=boss.pk).update(is_active=False)
    assert get_payee_id(personal) == boss.pk  # nobody else is there


def test_use_after_the_owner_left_is_the_workspaces(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    model = configure_model(model_server.url, "normal:5")
    with system_scope("tests"):
        acme: Workspace = create_company(UserFactory.create(display_name="Boss"))
        boss = Member.objects.get(workspace=acme).user
        builder = UserFactory.create(display_name="Builder")
        member = Member.objects.create(workspace=acme, user=builder, role="builder", joined_at=NOW)
    gpt = create_public_gpt(model, workspace=acme, owner=builder)
    reader = make_web_client(UserFactory.create(display_name="Reader"))

    reader.say(f"/g/{gpt.slug}/chat/turns", "Hello")
    with system_scope("tests"):
        remove_member(member=member, by=boss, at=NOW)
    reader.say(f"/g/{gpt.slug}/chat/turns", "Hello again")

    payees = UsageEvent.objects.order_by("event_id").values_list("payee_id", flat=True)
    assert list(payees) == [builder.pk, boss.pk]

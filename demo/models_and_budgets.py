"""Acme's own models, one of which ends soon, and Acme's budgets with some of them used."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from core.ids import uuid7
from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.services.model_retirement import set_retirement
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.states import Capability, ModelFeature, ModelKind, ProviderKind
from gpts.metering.models import Budget, BudgetUse
from gpts.metering.services.budgets import capture, change_budget, create_budget, draft_budget, reserve
from gpts.metering.windows import get_window_bounds
from workspaces.models import User, Workspace

ACME = "Acme"
ADMIN, MEMBER, BUILDER = "admin@acme.test", "member@acme.test", "builder@acme.test"
ENDS_IN = timedelta(days=24)
# Built-in models with prices, in place of a model server that the demo does not have.
QUOTERS = (
    ("quoter-1", "Quoter 1", 16_000, 400_000, 1_200_000),
    ("quoter-2", "Quoter 2", 32_000, 250_000, 1_000_000),
)
# Models on a company's own server; disabled, because the address does not exist.
OWN_MODELS: tuple[tuple[str, str, int, int, int, int, list[Capability]], ...] = (
    ("house-chat-70b", "House Chat 70B", 128_000, 8_192, 600_000, 2_400_000, [Capability.VISION]),
    ("house-fast-8b", "House Fast 8B", 32_000, 4_096, 80_000, 240_000, []),
)
MILLION = 1_000_000


def lacks_budgets() -> bool:
    return Workspace.objects.filter(name=ACME).exists() and not Budget.objects.exists()


def seed_models_and_budgets(*, at: datetime) -> str:
    """Make both; returns how many of each there are."""
    acme = Workspace.objects.get(name=ACME)
    people = {user.email: user for user in User.objects.filter(memberships__workspace=acme)}
    _models(acme, people[ADMIN], at=at)
    _budgets(acme, people, at=at)
    models = LanguageModel.objects.filter(provider__workspace=acme).count()
    return f"{models} models and {Budget.objects.filter(workspace=acme).count()} budgets of Acme"


def _models(acme: Workspace, admin: User, *, at: datetime) -> None:
    built_in = ModelProvider.objects.create(
        workspace=acme, name="Acme quoters", kind=ProviderKind.OFFLINE, created_at=at - timedelta(days=90)
    )
    old, new = (
        LanguageModel.objects.create(
            provider=built_in,
            name=name,
            label=label,
            context_window=window,
            max_output_tokens=2_000,
            input_price_micros=price_in,
            output_price_micros=price_out,
            capabilities=[Capability.FILE_SEARCH],
        )
        for name, label, window, price_in, price_out in QUOTERS
    )
    own = ModelProvider.objects.create(
        workspace=acme,
        name="Acme data centre",
        kind=ProviderKind.CHAT_COMPLETIONS,
        base_url="https://models.acme.example/v1",
        is_enabled=False,
        created_at=at - timedelta(days=40),
    )
    for number, (name, label, window, output, price_in, price_out, also) in enumerate(OWN_MODELS):
        LanguageModel.objects.create(
            provider=own,
            name=name,
            label=label,
            context_window=window,
            max_output_tokens=output,
            input_price_micros=price_in,
            output_price_micros=price_out,
            capabilities=[Capability.FILE_SEARCH, *also],
            features=[feature.value for feature in ModelFeature],
            is_default=number == 0,
        )
    LanguageModel.objects.create(
        provider=own,
        name="house-embed",
        label="House Embed",
        kind=ModelKind.EMBEDDING,
        dimensions=1_024,
        context_window=8_192,
        max_output_tokens=1,
        input_price_micros=20_000,
    )
    for gpt in GPT.objects.filter(workspace=acme, deleted_at__isnull=True).order_by("slug")[:2]:
        changes = {"language_model": old.pk, "model_choice": "listed", "allowed_models": [new.name]}
        update_draft(gpt=gpt, revision=gpt.draft_revision, changes=changes, by=gpt.owner, at=at)
    set_retirement(model=old, retired_at=at + ENDS_IN, replacement=new, by=admin, at=at)


def _budgets(acme: Workspace, people: dict[str, User], *, at: datetime) -> None:
    admin, gpt = (
        people[ADMIN],
        GPT.objects.filter(workspace=acme, deleted_at__isnull=True).order_by("slug")[0],
    )

    def make(name: str, subject: str, measure: str, window: str, **rest: Any) -> Budget:
        draft = draft_budget(
            workspace=acme,
            name=name,
            subject=subject,
            measure=measure,
            window=window,
            by=admin,
            at=at,
            **rest,
        )
        return create_budget(budget=draft, by=admin, at=at)

    each = make("Answers a day", "person", "turns", "day", is_each=True, soft_limit=40, hard_limit=60)
    whole = make(
        "Acme in a month",
        "workspace",
        "cost_micros",
        "month",
        soft_limit=40 * MILLION,
        hard_limit=50 * MILLION,
    )
    make("Not too fast", "person", "turns", "minute", is_each=True, hard_limit=10)
    one = make(f"{gpt.name}, a month", "gpt", "tokens", "month", gpt_slug=gpt.slug, soft_limit=2 * MILLION)
    trial = make(
        "Trial of the first week", "person", "cost_micros", "month", is_each=True, hard_limit=2 * MILLION
    )
    change_budget(budget=trial, is_enabled=False, by=admin, at=at)

    _used(whole, None, 31_420_000, at=at)
    _used(one, None, 1_260_500, at=at)
    _used(each, people[ADMIN], 4, at=at)
    _used(each, people[BUILDER], 17, at=at)
    _used(each, people[MEMBER], 39, at=at)
    # One real reservation, which passes the member's soft limit and sends the warnings.
    turn_id = uuid7(at)
    member = people[MEMBER]
    reserve(
        user=member,
        workspace_id=acme.pk,
        gpt=gpt,
        turn_id=turn_id,
        estimated_tokens=900,
        estimated_micros=900,
        at=at,
    )
    capture(turn_id=turn_id, tokens=860, cost_micros=810, at=at)


def _used(budget: Budget, user: User | None, amount: int, *, at: datetime) -> None:
    start = get_window_bounds(budget.window, at).start
    BudgetUse.objects.create(
        budget=budget, workspace_id=budget.workspace_id, user=user, window_start=start, used=amount
    )

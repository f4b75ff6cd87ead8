"""Creates the demo in stages; a stage whose rows exist is skipped, so that an interrupted run can continue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from core.periods import Period
from core.scope import system_scope
from demo.accounts import CROWD_EMAIL, People, seed_companies, seed_people
from demo.archive import lacks_archive, seed_archive
from demo.company_people import lacks_groups, seed_company_people
from demo.company_store import lacks_company_store, seed_company_store
from demo.company_usage import lacks_company_usage, seed_company_usage
from demo.content_access import lacks_content_access, seed_content_access
from demo.conversations import seed_conversations
from demo.detailed_history import seed_detailed_history
from demo.external_gpts import lacks_external_gpts, seed_external_gpts
from demo.golden_prompts import lacks_golden_prompts, seed_golden_prompts
from demo.identity import lacks_identity, seed_identity
from demo.models_and_budgets import lacks_budgets, seed_models_and_budgets
from demo.moderation import seed_queue
from demo.payouts import close_first_month, seed_payout_accounts, seed_rates
from demo.people import CROWD_NAMES, PEOPLE
from demo.policies import lacks_policy, seed_policy
from demo.publishing import lacks_publishing, seed_publishing
from demo.retention import lacks_retention, seed_retention
from demo.rights import lacks_rights, seed_rights
from demo.store import seed_private_store, seed_ratings, seed_shelf, seed_store
from demo.usage import get_first_day, seed_usage
from gpts.insights.models import InsightState
from gpts.insights.services.filling import fill_insights
from gpts.llm.services.providers import ensure_offline_provider
from marketplace.services.scores import compute_scores
from payouts.models import AccountingPeriod
from payouts.states import PeriodState
from reviews.models import Case
from workspaces.models import User


def seed(*, at: datetime) -> str | None:
    """Make what is missing of the demo; returns a line that says what, None when nothing was missing.

    Usage is committed before the month is closed: the rollup counts no transaction that is under way.
    """
    done = []
    for is_missing, stage in STAGES:
        with system_scope("config.seed_demo"):
            wanted = is_missing(at)
        if wanted:
            done.append(stage(at))
    if not done:
        return None
    for moment in (at - timedelta(days=7), at):
        # Twice, so that the ranks of last week stand and movement shows.
        with system_scope("config.seed_demo"):
            compute_scores(at=moment)
    return "; ".join(done)


def _store(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        ensure_offline_provider(at=at)
        people = seed_people(at=at)
        companies = seed_companies(people, at=at)
        gpts = seed_store(people, at=at)
        private = seed_private_store(people, companies["acme"], at=at)
        seed_ratings(people, at=at)
        seed_shelf(people, at=at)
        seed_conversations(people, gpts | private, at=at)
        events = seed_usage(people, gpts, at=at) + seed_detailed_history(people, gpts, at=at)
    return f"{len(people)} people, {len(gpts)} listings, {events} usage events"


def _golden_prompts(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return f"{seed_golden_prompts(at=at)} golden prompts"


def _models_and_budgets(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_models_and_budgets(at=at)


def _company_store(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_company_store(at=at)


def _identity(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_identity(at=at)


def _rights(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_rights(at=at)


def _publishing(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_publishing(at=at)


def _company_people(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_company_people(at=at)


def _company_usage(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_company_usage(at=at)


def _policy(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_policy(at=at)


def _external_gpts(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_external_gpts(at=at)


def _content_access(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_content_access(at=at)


def _retention(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_retention(at=at)


def _archive(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return seed_archive(at=at)


def _insights(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        return f"figures of {fill_insights(at=at)} GPTs"


def _queue(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        seed_queue(_people(), at=at)
        count = Case.objects.count()
    return f"{count} moderation cases"


def _payouts(at: datetime) -> str:
    with system_scope("config.seed_demo"):
        seed_rates(_people(), at=at)
        seed_payout_accounts(_people(), at=at)
        period = close_first_month(_people(), at=at)
    return f"{period} closed"


def _people() -> People:
    emails = {person.email: person.key for person in PEOPLE}
    emails |= {CROWD_EMAIL.format(number=n): f"reader{n}" for n in range(1, len(CROWD_NAMES) + 1)}
    return {emails[user.email]: user for user in User.objects.filter(email__in=emails)}


def _lacks_people(_at: datetime) -> bool:
    return not User.objects.filter(email=PEOPLE[0].email).exists()


def _lacks_cases(_at: datetime) -> bool:
    return not Case.objects.filter(builder__email__in=[person.email for person in PEOPLE]).exists()


def _lacks_closed_month(at: datetime) -> bool:
    month = str(Period.containing(get_first_day(at)))
    earlier = AccountingPeriod.objects.filter(state=PeriodState.CLOSED, month__gte=month)
    return not earlier.exists() and not AccountingPeriod.objects.filter(month__lt=month).exists()


STAGES: tuple[tuple[Callable[[datetime], bool], Callable[[datetime], str]], ...] = (
    (_lacks_people, _store),
    (lambda _at: lacks_golden_prompts(), _golden_prompts),
    (lambda _at: lacks_budgets(), _models_and_budgets),
    (lambda _at: lacks_groups(), _company_people),
    (lambda _at: lacks_identity(), _identity),
    (lambda _at: lacks_policy(), _policy),
    (lambda _at: lacks_external_gpts(), _external_gpts),
    (lacks_company_store, _company_store),
    (lambda _at: lacks_content_access(), _content_access),
    (lambda _at: lacks_rights(), _rights),
    (lambda _at: lacks_retention(), _retention),
    (lambda _at: lacks_publishing(), _publishing),
    (lambda _at: lacks_archive(), _archive),
    (lambda _at: lacks_company_usage(), _company_usage),
    (lambda _at: not InsightState.objects.exists(), _insights),
    (_lacks_cases, _queue),
    (_lacks_closed_month, _payouts),
)

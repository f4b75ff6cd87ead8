"""Which listings the companies of a reader refuse, for pages that mark them, and what asking would do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.errors import DomainError
from gpts.assistants.models import GPT, Adoption, AdoptionRequest
from gpts.assistants.queries.adoptions import (
    PersonAdoptions,
    find_adoption,
    find_last_request,
    load_adoptions,
)
from gpts.assistants.states import AdoptionState, RequestState
from marketplace.cards import Card
from marketplace.models import Listing
from workspaces.acts import Act
from workspaces.models import User
from workspaces.queries import (
    PersonPolicies,
    WorkspacePolicy,
    allowed_external,
    decide_external,
    external_targets,
    get_user_roles,
    load_policies,
)


@dataclass(frozen=True)
class ExternalRules:
    """The rules about GPTs from outside that concern one person; ``company`` is the first that has some."""

    policies: PersonPolicies
    company: WorkspacePolicy
    adoptions: PersonAdoptions = field(default_factory=PersonAdoptions)

    @property
    def allows_some(self) -> bool:
        """Return whether some GPT of the public store may be allowed."""
        return all(one.judge(Act.USE_EXTERNAL).allows_some() for one in self.policies.companies)

    def build_key(self) -> str:
        """Return what answers of these rules depend on: people with the same share cached fragments."""
        judged = [
            (one.workspace_id, one.name, rules.default, sorted(rules.denies), sorted(rules.allows))
            for one in self.policies.companies
            for rules in [one.judge(Act.USE_EXTERNAL)]
        ]
        decided = [
            (place, sorted(gpts))
            for facts in (self.adoptions.approved, self.adoptions.blocked)
            for place, gpts in sorted(facts.items())
        ]
        text = repr((sorted(self.policies.own_ids), judged, len(self.adoptions.approved), decided))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def find_refused(self, cards: Iterable[Card]) -> frozenset[int]:
        """Return the ids of the listings that the person may not use, in one query."""
        rows = Listing.objects.filter(pk__in={card.id for card in cards})
        facts = list(rows.values_list("pk", "gpt_id", "workspace_id"))
        decided = decide_external(
            self.policies, [self.adoptions.describe(gpt, place) for _pk, gpt, place in facts]
        )
        return frozenset(pk for pk, gpt, _place in facts if not decided[gpt].is_allowed)

    def find_usable_slugs(self, slugs: Iterable[str]) -> set[str]:
        """Return which of the listings with these addresses the person may use, in one query."""
        rows = Listing.objects.filter(slug__in=set(slugs)).filter(
            allowed_external(
                self.policies,
                gpt="gpt__",
                approved=self.adoptions.approved,
                blocked=self.adoptions.blocked,
            )
        )
        return set(rows.values_list("slug", flat=True))


def get_external_rules(user: object) -> ExternalRules | None:
    """Return the rules of a person's companies, None where nothing is limited.

    Two queries, none for people without a company.
    """
    if not isinstance(user, User) or not get_user_roles(user).companies:
        return None
    policies, adoptions = load_policies(user.pk), load_adoptions(user.pk)
    for company in policies.companies:
        rules = company.judge(Act.USE_EXTERNAL)
        if rules.denies or not rules.default.is_allowed or adoptions.blocked.get(company.workspace_id):
            return ExternalRules(policies, company, adoptions)
    return None


def may_use_some_external(user: User) -> bool:
    """Return whether the person's companies may allow some GPT of the public store; one query."""
    return all(one.judge(Act.USE_EXTERNAL).allows_some() for one in load_policies(user.pk).companies)


@dataclass(frozen=True)
class AdoptionOffer:
    """What somebody reads whom a company refuses a GPT: its decision, and their own last request."""

    workspace_slug: str
    company: str
    may_ask: bool
    request: AdoptionRequest | None
    adoption: Adoption | None


def get_adoption_offer(user: User, gpt: GPT, refusal: DomainError) -> AdoptionOffer | None:
    """Return what follows from ``refusal`` of check_use; None where it names no company of the person.

    Asking is offered where the policy would allow an approved GPT. At most three queries.
    """
    policies = load_policies(user.pk)
    slug = (refusal.data or {}).get("workspace")
    company = next((one for one in policies.companies if one.slug == slug), None)
    if company is None:
        return None
    adoption = find_adoption(company.workspace_id, gpt)
    request = find_last_request(company.workspace_id, gpt, user)
    is_blocked = adoption is not None and adoption.state == AdoptionState.BLOCKED
    is_open = request is not None and request.state == RequestState.OPEN
    would_help = company.judge(Act.USE_EXTERNAL).decide(external_targets(gpt.pk, is_approved=True)).is_allowed
    return AdoptionOffer(
        company.slug,
        company.name,
        may_ask=would_help and not is_blocked and not is_open,
        request=request,
        adoption=adoption,
    )

"""Which listings the companies of a reader refuse, for pages that mark them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from marketplace.cards import Card
from marketplace.models import Listing
from workspaces.acts import Act
from workspaces.models import User
from workspaces.queries import (
    ExternalGPT,
    PersonPolicies,
    WorkspacePolicy,
    allowed_external,
    decide_external,
    get_user_roles,
    load_policies,
)


@dataclass(frozen=True)
class ExternalRules:
    """The rules about GPTs from outside that concern one person; ``company`` is the first that has some."""

    policies: PersonPolicies
    company: WorkspacePolicy

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
        text = repr((sorted(self.policies.own_ids), judged))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def find_refused(self, cards: Iterable[Card]) -> frozenset[int]:
        """Return the ids of the listings that the person may not use, in one query."""
        rows = Listing.objects.filter(pk__in={card.id for card in cards})
        facts = list(rows.values_list("pk", "gpt_id", "workspace_id"))
        decided = decide_external(self.policies, [ExternalGPT(gpt, place) for _pk, gpt, place in facts])
        return frozenset(pk for pk, gpt, _place in facts if not decided[gpt].is_allowed)

    def find_usable_slugs(self, slugs: Iterable[str]) -> set[str]:
        """Return which of the listings with these addresses the person may use, in one query."""
        rows = Listing.objects.filter(slug__in=set(slugs)).filter(
            allowed_external(self.policies, gpt="gpt__")
        )
        return set(rows.values_list("slug", flat=True))


def get_external_rules(user: object) -> ExternalRules | None:
    """Return the rules of a person's companies, None where nothing is limited.

    One query, none for people without a company.
    """
    if not isinstance(user, User) or not get_user_roles(user).companies:
        return None
    policies = load_policies(user.pk)
    for company in policies.companies:
        rules = company.judge(Act.USE_EXTERNAL)
        if rules.denies or not rules.default.is_allowed:
            return ExternalRules(policies, company)
    return None

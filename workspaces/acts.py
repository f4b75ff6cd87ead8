"""What a person may do in their state: one check for each act, asked by every way to do it.

It is asked again when something that waited takes effect, such as an approval. Whose object it is, and in
which role, is asked elsewhere (``access`` of each app). The sharing policy of the workspace decides by its
rules (``workspaces.policy``); USE_EXTERNAL is asked by ``check_external``, of every company of the person.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import Forbidden
from core.scope import Scope, open_scope
from workspaces.models import User
from workspaces.policy import RULED, Act, Decision, Person, Target, TargetKind
from workspaces.policy_words import describe_ground, find_names
from workspaces.queries import (
    ARCHIVED_ACTS,
    ExternalGPT,
    PersonPolicies,
    WorkspacePolicy,
    decide_external,
    load_policies,
    load_policy,
    write_rule,
)

__all__ = [
    "ALWAYS",
    "EXTERNAL_NOT_ALLOWED",
    "LEAVES_WORKSPACE",
    "REFUSED_TO_SUSPENDED",
    "Act",
    "Target",
    "TargetKind",
    "check_act",
    "check_external",
    "check_policy",
    "check_workspace_open",
]

# Always allowed: a decision against a person must stay open to objection.
ALWAYS = frozenset({Act.APPEAL})
# Private work and work inside a company go on during a suspension: only that workspace's rules apply to them.
REFUSED_TO_SUSPENDED = frozenset(
    {Act.SHARE_BY_LINK, Act.PUBLISH, Act.SHARE_CONVERSATION, Act.REPORT, Act.RATE}
)
LEAVES_WORKSPACE = frozenset({Act.SHARE_BY_LINK, Act.PUBLISH})
EXTERNAL_NOT_ALLOWED = "external_not_allowed"
_CODES = dict.fromkeys(LEAVES_WORKSPACE, "publishing_not_allowed") | {Act.USE_EXTERNAL: EXTERNAL_NOT_ALLOWED}


def check_act(
    person: User, act: Act, *, workspace_id: int | None = None, targets: Iterable[Target] = ()
) -> None:
    """Raise Forbidden when ``person`` may not do ``act`` in their present state.

    The codes are ``account_closed``, ``builder_suspended`` and those of check_policy, which is asked about
    acts that a policy rules, with a ``workspace_id``. ``targets`` describe what the act is done to: the GPT,
    the model and its provider, the host. Reads the state anew: ``person`` may be an old object. Raises
    LimitUnreadable when the policy cannot be read.
    """
    if act in ALWAYS:
        return
    state = User.objects.filter(pk=person.pk).values_list("is_active", "publishing_suspended_at").first()
    if state is None or not state[0]:
        raise Forbidden(_("This account is closed."), code="account_closed")
    if state[1] is not None and act in REFUSED_TO_SUSPENDED:
        raise Forbidden(
            _(
                "Publishing is suspended for this builder. The statement of reasons says why and"
                " how to object."
            ),
            code="builder_suspended",
        )
    if workspace_id is not None:
        check_policy(person.pk, act, workspace_id=workspace_id, targets=targets)


def check_policy(person_id: int, act: Act, *, workspace_id: int, targets: Iterable[Target] = ()) -> None:
    """Raise Forbidden when the sharing policy of a workspace refuses ``act`` to a person.

    The code is ``publishing_not_allowed`` for acts that leave the workspace, ``external_not_allowed`` for
    GPTs of others, else ``policy_refuses``; ``data`` has the act and the rule that decided, null for the
    act's default. Raises LimitUnreadable.
    """
    if act not in RULED:
        return
    found = load_policy(person_id, workspace_id)
    decision = found.judge(act).decide(targets)
    if not decision.is_allowed:
        raise refuse(found, act, decision)


def refuse(found: WorkspacePolicy, act: Act, decision: Decision) -> Forbidden:
    """Return the error of a refusal: the workspace, the rule that decided, and what to do."""
    if found.is_archived and act in ARCHIVED_ACTS:
        return Forbidden(
            gettext("%(workspace)s is archived and read only. One of its owners can open it again.")
            % {"workspace": found.name},
            code="workspace_archived",
            data={"act": act.value, "workspace": found.slug, "rule": None},
        )
    rules = [decision.rule] if decision.rule is not None else []
    # The rule concerns the person, who may know its words wherever it is asked.
    with open_scope(Scope(user_id=found.person.id, workspace_ids=(found.workspace_id,))):
        names = find_names(found.workspace_id, rules, {})
    message = gettext(
        "The sharing policy of %(workspace)s does not allow this. %(rule)s Ask one of its admins."
    ) % {
        "workspace": found.name,
        "rule": describe_ground(decision, names),
    }
    return Forbidden(
        message,
        code=_CODES.get(act, "policy_refuses"),
        data={
            "act": act.value,
            "workspace": found.slug,
            "rule": write_rule(decision.rule) if decision.rule is not None else None,
        },
    )


def check_external(person_id: int, gpt: ExternalGPT, *, policies: PersonPolicies | None = None) -> None:
    """Raise Forbidden (``external_not_allowed``) when a company of the person does not let them use ``gpt``.

    Nothing is asked about GPTs of the person's own workspaces. Raises LimitUnreadable.
    """
    decision = decide_external(policies or load_policies(person_id), [gpt])[gpt.gpt_id]
    if not decision.is_allowed and decision.company is not None and decision.decision is not None:
        raise refuse(decision.company, Act.USE_EXTERNAL, decision.decision)


def check_workspace_open(act: Act, workspace_id: int | None, targets: Iterable[Target] = ()) -> None:
    """Raise Forbidden when the workspace's sharing policy refuses ``act`` whoever does it.

    For GPTs of a company whose owner has left: only rules about everyone apply.
    """
    if act in LEAVES_WORKSPACE and workspace_id is not None:
        check_policy(Person(0).id, act, workspace_id=workspace_id, targets=targets)

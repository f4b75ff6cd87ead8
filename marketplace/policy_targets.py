"""What rules of a sharing policy are about: GPTs, models and capabilities with their names.

``workspaces`` knows rules and not what their targets are called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from gpts.assistants.models import GPT
from gpts.llm.catalogue import list_chat_models
from gpts.llm.models import LanguageModel
from gpts.llm.states import Capability
from marketplace.models import Listing
from workspaces.models import Workspace
from workspaces.policy import (
    Act,
    Approval,
    Rule,
    Target,
    TargetKind,
    gpt_targets,
    model_targets,
)


def list_models(workspace: Workspace) -> list[LanguageModel]:
    return list(list_chat_models(workspace))


def get_label(model: LanguageModel) -> str:
    return str(model.shown_label or model.name)


def list_choices(workspace: Workspace, act: Act, models: Sequence[LanguageModel]) -> list[tuple[Target, str]]:
    """Return the targets of an act that a list can offer, with their names; GPTs and hosts are typed."""
    if act == Act.USE_EXTERNAL:
        return [
            (Target(TargetKind.APPROVAL, Approval.UNAPPROVED), str(_("Those that nobody approved"))),
            (Target(TargetKind.APPROVAL, Approval.APPROVED), str(_("Those that are approved"))),
        ]
    if act == Act.USE_MODEL:
        providers = {model.provider_id: model.provider.name for model in models}
        return [
            *((Target(TargetKind.MODEL, str(model.pk)), get_label(model)) for model in models),
            *(
                (
                    Target(TargetKind.PROVIDER, str(identifier)),
                    str(_("All models of %(provider)s")) % {"provider": name},
                )
                for identifier, name in providers.items()
            ),
        ]
    if act == Act.USE_CAPABILITY:
        return [(Target(TargetKind.CAPABILITY, value), str(label)) for value, label in Capability.choices]
    return []


def find_gpt_target(workspace: Workspace, act: Act, address: str) -> Target | None:
    """Return the target of the GPT at ``address``: of the store for USE_EXTERNAL, else of the workspace."""
    slug = address.strip().rstrip("/").rsplit("/", 1)[-1].lower()
    if not slug or len(slug) > 80 or "\x00" in slug:
        return None
    gpts = GPT.objects.filter(slug=slug, deleted_at__isnull=True)
    is_own = Q(workspace=workspace)
    gpts = gpts.filter(~is_own if act == Act.USE_EXTERNAL else is_own)
    identifier = gpts.values_list("pk", flat=True).first()
    return None if identifier is None else gpt_targets(identifier)[0]


def name_targets(workspace: Workspace, rules: Iterable[Rule]) -> dict[Target, str]:
    """Return the names of the targets in ``rules``, in at most two queries; what is gone has none."""
    targets = {rule.target for rule in rules}
    found: dict[Target, str] = {}
    if any(target.kind in (TargetKind.MODEL, TargetKind.PROVIDER) for target in targets):
        models = LanguageModel.objects.select_related("provider").filter(
            Q(provider__workspace=workspace) | Q(provider__workspace__isnull=True)
        )
        for model in models:
            of_model, of_provider = model_targets(model.pk, model.provider_id)
            found[of_model] = get_label(model)
            found[of_provider] = str(_("all of %(provider)s")) % {"provider": model.provider.name}
    labels = dict(Capability.choices)
    for target in targets:
        if target.kind == TargetKind.CAPABILITY and target.value in labels:
            found[target] = str(labels[target.value])
    gpts = {int(target.value) for target in targets if target.kind == TargetKind.GPT}
    if gpts:
        for identifier, name in GPT.objects.filter(pk__in=gpts).values_list("pk", "name"):
            found[gpt_targets(identifier)[0]] = name
        for identifier, name in Listing.objects.filter(gpt__in=gpts).values_list("gpt_id", "name"):
            found[gpt_targets(identifier)[0]] = name
    return found


def name_addresses(rules: Iterable[Rule]) -> dict[Target, str]:
    """Return the addresses of the GPTs in ``rules``, as they are typed in the form."""
    gpts = {int(rule.target.value) for rule in rules if rule.target.kind == TargetKind.GPT}
    if not gpts:
        return {}
    rows = GPT.objects.filter(pk__in=gpts).values_list("pk", "slug")
    return {gpt_targets(identifier)[0]: slug for identifier, slug in rows}


def check_targets(workspace: Workspace, rules: Iterable[Rule]) -> None:
    """Raise InvalidInput (``unknown_target``) for a GPT, a model or a capability that does not fit.

    USE_EXTERNAL is about GPTs of others, all other acts are about the workspace's own.
    """
    rules = list(rules)
    known = name_targets(workspace, rules)
    own = {
        str(identifier)
        for identifier in GPT.objects.filter(
            workspace=workspace,
            pk__in=[int(rule.target.value) for rule in rules if rule.target.kind == TargetKind.GPT],
        ).values_list("pk", flat=True)
    }
    named = (TargetKind.GPT, TargetKind.MODEL, TargetKind.PROVIDER, TargetKind.CAPABILITY)
    for rule in sorted(rules):
        if rule.target.kind not in named:
            continue
        fits = rule.target in known
        if rule.target.kind == TargetKind.GPT:
            fits = fits and (rule.target.value in own) == (rule.act != Act.USE_EXTERNAL)
        if not fits:
            raise InvalidInput(
                _(
                    "This GPT, model or capability is not there, or not for this question: GPTs from outside"
                    " are those of other workspaces, all other questions are about your own."
                ),
                code="unknown_target",
                field="rules",
            )

"""/api/v1/workspaces/<slug>/policy: the rules, what a change would do, the history, effective access."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import InvalidInput
from marketplace.policy_targets import name_targets
from marketplace.services.publishing import restore_saved_policy, save_policy
from marketplace.what_if import Access, Effect, describe_access, preview_change
from workspaces.access import WorkspaceAct, access_workspace, not_found
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer
from workspaces.models import PolicyRevision, Workspace
from workspaces.models.policy import NOTE_LENGTH
from workspaces.policy import RULED, SubjectKind, TargetKind, compare
from workspaces.policy import Effect as RuleEffect
from workspaces.policy_words import describe_difference, describe_ground, find_names
from workspaces.queries import (
    PolicyDraft,
    find_revision,
    list_ruled_people,
    read_policy,
    write_policy,
    write_rule,
)
from workspaces.services.policies import MAX_RULES, parse_policy
from workspaces.states import ApiScope

# With a name of its own in the API document (config/settings.py).
ACT_CHOICES = [(act.value, act.value) for act in RULED]


class PolicyRuleSerializer(serializers.Serializer[Any]):
    """Deny beats allow; the most specific rule of the same effect is the one that is named.

    ``subject`` is empty for everyone, a role's name, or the id of a group or person; ``target`` is empty for
    any, a host, a capability's name, "approved" or "unapproved", or an id.
    """

    act = serializers.ChoiceField(choices=ACT_CHOICES)
    subject_kind = serializers.ChoiceField(choices=[kind.value for kind in SubjectKind])
    subject = serializers.CharField(max_length=300, allow_blank=True, default="")
    target_kind = serializers.ChoiceField(choices=[kind.value for kind in TargetKind], default="any")
    target = serializers.CharField(max_length=300, allow_blank=True, default="")
    effect = serializers.ChoiceField(choices=[effect.value for effect in RuleEffect])


class PolicyContentSerializer(serializers.Serializer[Any]):
    rules = PolicyRuleSerializer(many=True, max_length=MAX_RULES)  # type: ignore[call-arg]  # of the list
    # Acts for which only what a rule allows is allowed.
    closed = serializers.ListField(child=serializers.ChoiceField(choices=ACT_CHOICES), max_length=len(RULED))


class PolicySerializer(PolicyContentSerializer):
    revision = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class PolicyChangeSerializer(PolicySerializer):
    note = serializers.CharField(max_length=NOTE_LENGTH, allow_blank=True, default="")


class WhatIfSerializer(PolicyContentSerializer):
    # Ids: the answer for one person, or for the members of one group; without either for everybody.
    person = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    group = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class PolicyDecisionSerializer(serializers.Serializer[Any]):
    is_allowed = serializers.BooleanField()
    ground = serializers.ChoiceField(choices=["rule", "open", "closed"])
    rule = PolicyRuleSerializer(allow_null=True)
    words = serializers.CharField()


class EffectSerializer(serializers.Serializer[Any]):
    act = serializers.CharField()
    is_gain = serializers.BooleanField()
    people = serializers.ListField(child=serializers.IntegerField())
    objects = serializers.ListField(child=serializers.CharField())
    count = serializers.IntegerField()
    before = PolicyDecisionSerializer()
    after = PolicyDecisionSerializer()


class WhatIfAnswerSerializer(serializers.Serializer[Any]):
    changes = serializers.ListField(child=serializers.CharField())
    effects = EffectSerializer(many=True)


class PolicyRevisionSerializer(serializers.ModelSerializer[PolicyRevision]):
    policy = PolicyContentSerializer()

    class Meta:
        model = PolicyRevision
        fields: ClassVar[Any] = ["number", "note", "created_by", "created_at", "policy"]
        read_only_fields: ClassVar[Any] = fields


class PolicyRestoreSerializer(serializers.Serializer[Any]):
    revision = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    note = serializers.CharField(max_length=NOTE_LENGTH, allow_blank=True, default="")


class AccessSerializer(serializers.Serializer[Any]):
    act = serializers.CharField()
    allowed = serializers.IntegerField()
    asked = serializers.IntegerField()
    refused = serializers.ListField(child=serializers.CharField())
    decision = PolicyDecisionSerializer()


def _access(request: Request, slug: str) -> Workspace:
    user, key = bearer(request)
    tenant = access_workspace(user, slug, to=WorkspaceAct.MANAGE_POLICY)
    if tenant.pk != key.workspace_id:
        raise not_found()
    return tenant


def _write(draft: PolicyDraft) -> dict[str, Any]:
    return {"revision": draft.revision, **write_policy(draft.policy)}


class PolicyView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "PUT": ApiScope.ACCOUNT}

    @extend_schema(operation_id="policy_read", responses=PolicySerializer)
    def get(self, request: Request, workspace: str) -> Response:
        tenant = _access(request, workspace)
        return Response(_write(read_policy(tenant.pk)))

    @extend_schema(operation_id="policy_replace", request=PolicyChangeSerializer, responses=PolicySerializer)
    def put(self, request: Request, workspace: str) -> Response:
        """Replace the whole policy, changed from ``revision``; 409 when somebody else saved meanwhile."""
        tenant = _access(request, workspace)
        values = self.read(PolicyChangeSerializer)
        save_policy(
            workspace=tenant,
            policy=parse_policy(values["rules"], values["closed"]),
            revision=values["revision"],
            note=values["note"],
            by=self.person,
            at=timezone.now(),
        )
        return Response(_write(read_policy(tenant.pk)))


class PolicyWhatIfView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="policy_what_if", request=WhatIfSerializer, responses=WhatIfAnswerSerializer)
    def post(self, request: Request, workspace: str) -> Response:
        """Say who would gain or lose what under this policy, and which rule decides. Saves nothing."""
        tenant = _access(request, workspace)
        values = self.read(WhatIfSerializer)
        typed = parse_policy(values["rules"], values["closed"])
        saved = read_policy(tenant.pk).policy
        people = list_ruled_people(tenant.pk)
        if "person" in values:
            people = [person for person in people if person.id == values["person"]]
        if "group" in values:
            people = [person for person in people if values["group"] in person.groups]
        rules = typed.rules | saved.rules
        names = find_names(tenant.pk, rules, name_targets(tenant, rules))
        effects = preview_change(tenant, saved, typed, people=people)
        return Response(
            {
                "changes": [
                    sentence for _sort, sentence in describe_difference(compare(saved, typed), names)
                ],
                "effects": [_write_effect(effect, names) for effect in effects],
            }
        )


def _write_effect(effect: Effect, names: Any) -> dict[str, Any]:
    return {
        "act": effect.act.value,
        "is_gain": effect.is_gain,
        "people": list(effect.people),
        "objects": list(effect.objects),
        "count": effect.count,
        "before": _write_decision(effect.before, names),
        "after": _write_decision(effect.after, names),
    }


def _write_decision(decision: Any, names: Any) -> dict[str, Any]:
    return {
        "is_allowed": decision.is_allowed,
        "ground": decision.ground.value,
        "rule": write_rule(decision.rule) if decision.rule is not None else None,
        "words": describe_ground(decision, names),
    }


class PolicyHistoryView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}
    ordering = ("-number",)

    @extend_schema(operation_id="policy_history", responses=PolicyRevisionSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        tenant = _access(request, workspace)
        return self.page(PolicyRevision.objects.filter(workspace=tenant), PolicyRevisionSerializer)


class PolicyRestoreView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="policy_restore", request=PolicyRestoreSerializer, responses=PolicySerializer)
    def post(self, request: Request, workspace: str, number: int) -> Response:
        """Make an older revision the policy again, as a new revision; ``revision`` is the present one."""
        tenant = _access(request, workspace)
        values = self.read(PolicyRestoreSerializer)
        old = find_revision(tenant.pk, number)
        if old is None:
            raise not_found()
        restore_saved_policy(workspace=tenant, old=old, by=self.person, at=timezone.now(), **values)
        return Response(_write(read_policy(tenant.pk)))


class PolicyAccessView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="policy_access",
        parameters=[OpenApiParameter("person", OpenApiTypes.INT, required=True)],
        responses=AccessSerializer(many=True),
    )
    def get(self, request: Request, workspace: str) -> Response:
        """What a member may do, act by act, and the rule that decides most of it."""
        tenant = _access(request, workspace)
        asked = request.query_params.get("person", "")
        people = [person for person in list_ruled_people(tenant.pk) if str(person.id) == asked]
        if not people:
            raise InvalidInput(
                _("Name a member of this workspace by the id of their account."),
                code="not_a_member",
                field="person",
            )
        policy = read_policy(tenant.pk).policy
        names = find_names(tenant.pk, policy.rules, name_targets(tenant, policy.rules))
        return Response(
            [_write_access(access, names) for access in describe_access(tenant, policy, people[0])]
        )


def _write_access(access: Access, names: Any) -> dict[str, Any]:
    return {
        "act": access.act.value,
        "allowed": access.allowed,
        "asked": access.asked,
        "refused": list(access.refused),
        "decision": _write_decision(access.decision, names),
    }

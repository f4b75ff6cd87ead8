"""How events of accounts, members and workspaces read in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit_words import (
    ActionWords,
    Area,
    AuditWords,
    FieldWords,
    Named,
    ObjectWords,
    Reader,
    describe_choice,
    describe_filter_names,
    read_numbers,
    read_uuids,
)
from core.instance_settings import DEFINITIONS, Definition
from core.look import formats
from workspaces.erasure import DELETED_NAME, DELETED_WORKSPACE
from workspaces.job_words import get_job_label
from workspaces.models import (
    ApiKey,
    Group,
    IdentityConnection,
    Invitation,
    Member,
    ProtectedName,
    ScimToken,
    ScimUser,
    User,
    Workspace,
)
from workspaces.policy import Effect, Subject, SubjectKind, Target, TargetKind
from workspaces.policy_words import ACTS, describe_target
from workspaces.queries.instance_settings import describe_value
from workspaces.queries.jobs import JobKind
from workspaces.states import (
    ApiScope,
    DomainJoining,
    ErasureKind,
    GroupSharing,
    MemberSource,
    Role,
    Staff,
    WorkspaceKind,
)

USER = "workspaces.user"


def _name_people(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    """Name accounts as others see them; a person's name leads to what they did in this log."""
    base = _log_address(reader)
    people = User.objects.filter(pk__in=read_numbers(ids)).only("pk", "display_name", "email")
    return {
        str(person.pk): Named(str(person), f"{base}?person={person.pk}")
        for person in people
        if person.display_name != DELETED_NAME
    }


def _log_address(reader: Reader) -> str:
    if reader.workspace_id is None:
        return reverse("workspaces:operator-audit")
    return reverse("workspaces:workspace-audit", args=[reader.workspace_slug])


def _name_workspaces(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = Workspace.objects.filter(pk__in=read_numbers(ids)).only("pk", "name", "slug")
    return {
        str(row.pk): Named(row.name, _get_workspace_page(row, reader))
        for row in rows
        if row.name != DELETED_WORKSPACE
    }


def _get_workspace_page(workspace: Workspace, reader: Reader) -> str:
    if reader.workspace_id is None:  # the reader of the platform's log is an operator
        return reverse("workspaces:operator-workspace-show", args=[workspace.slug])
    if workspace.pk == reader.workspace_id:
        return reverse("workspaces:workspace-settings", args=[workspace.slug])
    return ""


def _name_policies(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    url = reverse("workspaces:policy-history", args=[reader.workspace_slug]) if reader.workspace_id else ""
    return {identifier: Named(gettext("the sharing policy"), url) for identifier in ids}


def _name_members(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = Member.objects.filter(pk__in=read_numbers(ids), workspace_id=reader.workspace_id or 0)
    return {str(row.pk): Named(str(row.user)) for row in rows.select_related("user")}


def _name_groups(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = Group.objects.filter(pk__in=read_numbers(ids), workspace_id=reader.workspace_id or 0)
    return {
        str(row.pk): Named(row.name, reverse("workspaces:group-detail", args=[reader.workspace_slug, row.pk]))
        for row in rows.only("pk", "name")
    }


def _name_invitations(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = Invitation.objects.filter(pk__in=read_numbers(ids), workspace_id=reader.workspace_id or 0)
    url = reverse("workspaces:member-list", args=[reader.workspace_slug]) if reader.workspace_id else ""
    return {str(row.pk): Named(row.email, url) for row in rows.only("pk", "email") if row.email}


def _name_keys(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    """Name keys by their public beginning: their labels are their owners' own texts."""
    rows = ApiKey.objects.filter(pk__in=read_numbers(ids)).only("pk", "prefix", "user_id")
    own = reverse("workspaces:api-key-list")
    return {
        str(row.pk): Named(f"lg_{row.prefix}…", own if row.user_id == reader.person.pk else "")
        for row in rows
    }


def _name_rules(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    url = reverse("workspaces:identity", args=[reader.workspace_slug]) if reader.workspace_id else ""
    return {identifier: Named(gettext("the rules of identity"), url) for identifier in ids}


def _name_connections(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = IdentityConnection.objects.filter(pk__in=read_numbers(ids), workspace_id=reader.workspace_id or 0)
    url = reverse("workspaces:identity", args=[reader.workspace_slug]) if reader.workspace_id else ""
    return {str(row.pk): Named(row.name, url) for row in rows.only("pk", "name")}


def _name_tokens(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    """Name tokens of identity providers by their public beginning."""
    rows = ScimToken.objects.filter(pk__in=read_numbers(ids), workspace_id=reader.workspace_id or 0)
    return {str(row.pk): Named(f"lgd_{row.prefix}…") for row in rows.only("pk", "prefix")}


def _name_directory_people(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = ScimUser.objects.filter(pk__in=read_uuids(ids), workspace_id=reader.workspace_id or 0)
    return {
        str(row.pk): Named(row.display_name or row.user_name)
        for row in rows.only("pk", "display_name", "user_name")
    }


def _name_protected(ids: Collection[str], _reader: Reader) -> dict[str, Named]:
    rows = ProtectedName.objects.filter(pk__in=read_numbers(ids)).only("pk", "name")
    return {str(row.pk): Named(row.name) for row in rows}


def _describe_removal(data: Mapping[str, Any]) -> Any:
    if data.get("left"):
        return _("%(who)s left the workspace.")
    return _("%(who)s removed %(what)s from the workspace.")


EXPORT_FAILURES = {
    "access_ended": _("who asked for it is no owner any more"),
    "lost": _("it was lost three times"),
    "not_begun": _("no worker took it within a day"),
}


def _describe_export_failure(value: Any, _data: Mapping[str, Any]) -> Any:
    return EXPORT_FAILURES.get(str(value), value)


def _describe_moment(value: Any, _data: Mapping[str, Any]) -> str:
    return formats.exact(datetime.fromisoformat(value))


def _describe_proof(data: Mapping[str, Any]) -> Any:
    if data.get("by_record"):
        return _("The DNS record of %(domain)s shows that it belongs to this workspace.")
    return _("The operator of this instance has checked that %(domain)s belongs to this workspace.")


def _describe_publishing(data: Mapping[str, Any]) -> Any:
    if data.get("may_publish"):
        return _("%(who)s allowed GPTs to leave the workspace.")
    return _("%(who)s kept GPTs inside the workspace.")


def _describe_rate(value: Any, _data: Mapping[str, Any]) -> str:
    return formats.percent(value / 100)


def _describe_claims(value: Any, _data: Mapping[str, Any]) -> str:
    claims = value.items() if isinstance(value, dict) else ()
    return gettext(", ").join(f"{name} = {Role(role).label}" for name, role in claims)


# Kinds of objects that rules name by their ids, as subjects and as targets.
_RULE_SUBJECTS = {SubjectKind.GROUP: "workspaces.group", SubjectKind.PERSON: USER}
_RULE_TARGETS = {
    TargetKind.GROUP: "workspaces.group",
    TargetKind.GPT: "gpts.gpt",
    TargetKind.MODEL: "gpts.languagemodel",
    TargetKind.PROVIDER: "gpts.modelprovider",
}


def _read_rule_codes(value: Any) -> Iterator[tuple[Effect, Subject, Target]]:
    """Read the codes of workspaces.services.policies, which follow the word for the act's default."""
    for code in value[1:]:
        effect, kind, subject, target_kind, target = code.split(":", 4)
        yield (
            Effect(effect),
            Subject(SubjectKind(kind), subject),
            Target(TargetKind(target_kind), target),
        )


def _list_rule_objects(value: Any) -> Iterator[tuple[str, str]]:
    for _effect, subject, target in _read_rule_codes(value):
        if subject.kind in _RULE_SUBJECTS:
            yield _RULE_SUBJECTS[subject.kind], subject.value
        if target.kind in _RULE_TARGETS:
            yield _RULE_TARGETS[target.kind], target.value


def _compose_rules(value: Any, find_name: Callable[[str, Any], Named]) -> Iterator[Named]:
    """Say whether the act is closed, then its rules."""
    is_closed = value[0] == "closed"
    yield Named(gettext("only what a rule allows") if is_closed else gettext("everyone, without a rule"))
    for effect, subject, target in _read_rule_codes(value):
        yield Named("; ")
        text = gettext("%(who)s allowed") if effect == Effect.ALLOW else gettext("%(who)s forbidden")
        before, _place, after = text.partition("%(who)s")
        yield Named(before)
        if subject.kind in _RULE_SUBJECTS:
            yield find_name(_RULE_SUBJECTS[subject.kind], subject.value)
        else:
            is_role = subject.kind == SubjectKind.ROLE
            yield Named(str(Role(subject.value).label) if is_role else gettext("everyone"))
        yield Named(after)
        if target.kind != TargetKind.ANY:
            is_object = target.kind in _RULE_TARGETS
            what = find_name(_RULE_TARGETS[target.kind], target.value) if is_object else None
            is_approval = target.kind == TargetKind.APPROVAL
            yield Named(" (")
            yield what or Named(describe_target(target) if is_approval else target.value)
            yield Named(")")


# What an audit event of the policy has: the revision, and the rules of each act before and after.
_POLICY = {
    "revision": FieldWords(_("Revision")),
    "restored": FieldWords(_("Restored revision")),
    "rules": FieldWords(_("Rules removed")),
    "left_out": FieldWords(_("Rules left out")),
    **{
        act.value: FieldWords(words.label, compose=_compose_rules, list_objects=_list_rule_objects)
        for act, words in ACTS.items()
    },
}


def _describe_filling(data: Mapping[str, Any]) -> Any:
    if data.get("source") == MemberSource.RULE:
        return _("The e-mail rule changed the people of the group %(what)s.")
    return _("%(who)s changed the people of the group %(what)s.")


_GROUP_CHANGE = ("added", "removed")
_CONNECTION = {
    "name": FieldWords(_("Name")),
    "issuer": FieldWords(_("Issuer")),
    "client_id": FieldWords(_("Client id")),
    "domains": FieldWords(_("Domains")),
    "role_claim": FieldWords(_("Claim with roles")),
    "group_claim": FieldWords(_("Claim with groups")),
    "is_enabled": FieldWords(_("Switched on")),
    "is_secret_new": FieldWords(_("New secret")),
    "unlinked": FieldWords(_("Connected accounts that were disconnected")),
    "sso_url": FieldWords(_("Address of the sign-in")),
    "metadata_url": FieldWords(_("Address of the metadata")),
    "certificates": FieldWords(_("Certificates")),
}


def _describe_size(value: Any, _data: Mapping[str, Any]) -> str:
    return formats.file_size(value)


_ROLE = {"role": FieldWords(_("Role"), describe_choice(Role))}


def _name_settings(ids: Collection[str], _reader: Reader) -> dict[str, Named]:
    url = reverse("workspaces:operator-setting-list")
    return {key: Named(str(DEFINITIONS[key].label), f"{url}#{key}") for key in ids if key in DEFINITIONS}


def _describe_setting(definition: Definition) -> Callable[[Any, Mapping[str, Any]], Any]:
    return lambda value, _data: describe_value(definition, value)


_SETTINGS = {key: FieldWords(one.label, _describe_setting(one)) for key, one in DEFINITIONS.items()}
_JOB = {
    "kind": FieldWords(_("Kind"), describe_choice(JobKind)),
    "task": FieldWords(_("Job"), lambda value, _data: get_job_label(value)),
}
# What the audit log is filtered by.
_FILTERS = {
    "person": _("Person"),
    "area": _("Kind"),
    "action": _("Action"),
    "since": _("From day"),
    "until": _("To day"),
    "kind": _("About"),
    "object": _("Which one"),
}
_FORMATS = {"csv": "CSV", "jsonl": "JSON lines"}


def _describe_filter(value: Any, _data: Mapping[str, Any]) -> str:
    return describe_filter_names(value, _FILTERS)


def _describe_format(value: Any, _data: Mapping[str, Any]) -> str:
    return str(_FORMATS.get(value, value))


_STAFF_ROLE = {"role": FieldWords(_("Staff role"), describe_choice(Staff))}

ACTIONS = {
    "workspaces.audit_exported": ActionWords(
        Area.SETTINGS,
        _("Audit log downloaded"),
        _("%(who)s downloaded the audit log as a file."),
        details=("rows", "format", "filter"),
        fields={
            "format": FieldWords(_("Format"), _describe_format),
            "filter": FieldWords(_("Filtered by"), _describe_filter),
        },
    ),
    "workspaces.api_key_created": ActionWords(
        Area.ACCOUNTS, _("API key created"), _("%(who)s created the API key %(what)s."), details=("scopes",)
    ),
    "workspaces.api_key_revoked": ActionWords(
        Area.ACCOUNTS, _("API key revoked"), _("%(who)s revoked the API key %(what)s.")
    ),
    "workspaces.confirmation_mailed": ActionWords(
        Area.ACCOUNTS,
        _("Confirmation mail sent again"),
        _("%(who)s sent %(what)s a link to get a new code for their address."),
    ),
    "workspaces.email_changed": ActionWords(
        Area.ACCOUNTS, _("E-mail address changed"), _("%(who)s changed the e-mail address of %(what)s.")
    ),
    "workspaces.erasure_finished": ActionWords(
        Area.ACCOUNTS, _("Erasure finished"), _("An erasure has finished."), details=("kind", "rows")
    ),
    "workspaces.golden_gate_set": ActionWords(
        Area.SETTINGS,
        _("Golden prompts asked before sharing"),
        _("%(who)s changed which share of the tests must pass before a GPT is shared."),
        details=("rate",),
    ),
    "workspaces.sign_in_rules_set": ActionWords(
        Area.SETTINGS,
        _("Rules of sign-in set"),
        _("%(who)s changed how people of this workspace must sign in."),
        fields={
            "is_sso_required": FieldWords(_("Everybody signs in by the identity provider")),
            "emergency_owner": FieldWords(_("Emergency owner"), object=USER),
            "mfa_required_from": FieldWords(_("Two-factor sign-in from")),
            "session_hours": FieldWords(_("Ask to sign in again after hours")),
            "api_key_days": FieldWords(_("API keys end after days")),
        },
    ),
    "workspaces.domain_proved": ActionWords(
        Area.SETTINGS,
        _("Domain proved"),
        _describe_proof,
        fields={"domain": FieldWords(_("Domain"))},
    ),
    "workspaces.workspace_archived": ActionWords(
        Area.SETTINGS, _("Workspace archived"), _("%(who)s archived %(what)s: it is read only.")
    ),
    "workspaces.workspace_reopened": ActionWords(
        Area.SETTINGS, _("Workspace opened again"), _("%(who)s opened %(what)s again.")
    ),
    "workspaces.deletion_planned": ActionWords(
        Area.SETTINGS,
        _("Deletion planned"),
        _("%(who)s planned the deletion of %(what)s."),
        details=("due",),
        fields={"due": FieldWords(_("On"), _describe_moment)},
    ),
    "workspaces.deletion_cancelled": ActionWords(
        Area.SETTINGS, _("Deletion cancelled"), _("%(who)s cancelled the deletion of %(what)s.")
    ),
    "workspaces.export_requested": ActionWords(
        Area.SETTINGS, _("Export asked for"), _("%(who)s asked for an export of %(what)s.")
    ),
    "workspaces.export_made": ActionWords(
        Area.SETTINGS, _("Export made"), _("An export of %(what)s was made.")
    ),
    "workspaces.export_failed": ActionWords(
        Area.SETTINGS,
        _("Export failed"),
        _("An export of %(what)s failed."),
        details=("failure",),
        fields={"failure": FieldWords(_("Why"), _describe_export_failure)},
    ),
    "workspaces.export_downloaded": ActionWords(
        Area.SETTINGS, _("Export downloaded"), _("%(who)s downloaded an export of %(what)s.")
    ),
    "workspaces.export_deleted": ActionWords(
        Area.SETTINGS, _("Export deleted"), _("%(who)s deleted an export of %(what)s.")
    ),
    "workspaces.domain_claimed": ActionWords(
        Area.SETTINGS,
        _("Domain added"),
        _("%(who)s added the domain %(domain)s, to be proved by a DNS record."),
        fields={"domain": FieldWords(_("Domain"))},
    ),
    "workspaces.domain_lost": ActionWords(
        Area.SETTINGS,
        _("Domain lost"),
        _("%(domain)s no longer belongs to this workspace: its DNS record is gone."),
        fields={"domain": FieldWords(_("Domain"))},
    ),
    "workspaces.domain_joining_set": ActionWords(
        Area.SETTINGS,
        _("Joining by domain set"),
        _("%(who)s changed how people at the domains of this workspace join."),
        fields={"domain_joining": FieldWords(_("People at its domains"), describe_choice(DomainJoining))},
    ),
    "workspaces.domain_released": ActionWords(
        Area.SETTINGS,
        _("Domain released"),
        _("%(domain)s no longer belongs to this workspace."),
        fields={"domain": FieldWords(_("Domain"))},
    ),
    "workspaces.emergency_sign_in": ActionWords(
        Area.ACCOUNTS,
        _("Emergency sign-in"),
        _("%(who)s signed in as the emergency owner, without the identity provider."),
    ),
    "workspaces.connection_set": ActionWords(
        Area.SETTINGS,
        _("Sign-in connection set"),
        _("%(who)s set the sign-in connection %(what)s."),
        details=("is_secret_new", "unlinked"),
        fields=_CONNECTION,
    ),
    "workspaces.connection_checked": ActionWords(
        Area.SETTINGS,
        _("Sign-in connection checked"),
        _("%(who)s checked the sign-in connection %(what)s; the provider answered."),
        fields=_CONNECTION,
    ),
    "workspaces.connection_switched": ActionWords(
        Area.SETTINGS,
        _("Sign-in connection switched"),
        _("%(who)s switched the sign-in connection %(what)s on or off."),
        fields=_CONNECTION,
    ),
    "workspaces.connection_deleted": ActionWords(
        Area.SETTINGS,
        _("Sign-in connection removed"),
        _("%(who)s removed the sign-in connection."),
    ),
    "workspaces.identity_linked": ActionWords(
        Area.ACCOUNTS,
        _("Account connected with the identity provider"),
        _("%(who)s confirmed %(what)s, whose account is connected with it now."),
    ),
    "workspaces.identity_claims_set": ActionWords(
        Area.SETTINGS,
        _("Roles from the identity provider set"),
        _("%(who)s changed which values of the identity provider give a role."),
        fields={
            "default_role": FieldWords(_("Role of everybody else"), describe_choice(Role)),
            "role_claims": FieldWords(_("Roles by value"), _describe_claims),
        },
    ),
    "workspaces.group_changed": ActionWords(
        Area.MEMBERS,
        _("Group changed"),
        _("%(who)s changed the group %(what)s."),
        details=_GROUP_CHANGE,
    ),
    "workspaces.group_cost_centre_set": ActionWords(
        Area.BUDGETS, _("Cost centre of a group"), _("%(who)s set the cost centre of the group %(what)s.")
    ),
    "workspaces.group_created": ActionWords(
        Area.MEMBERS, _("Group made"), _("%(who)s created the group %(what)s."), details=("source",)
    ),
    "workspaces.group_deleted": ActionWords(
        Area.MEMBERS, _("Group deleted"), _("%(who)s deleted %(what)s."), details=("member_count",)
    ),
    "workspaces.group_member_removed": ActionWords(
        Area.MEMBERS,
        _("Person removed from a group"),
        _("%(who)s removed %(user_id)s from the group %(what)s."),
    ),
    "workspaces.group_members_changed": ActionWords(
        Area.MEMBERS, _("People of a group changed"), _describe_filling, details=_GROUP_CHANGE
    ),
    "workspaces.instance_setting_changed": ActionWords(
        Area.SETTINGS,
        _("Setting of the instance changed"),
        _("%(who)s changed the setting %(what)s."),
        fields=_SETTINGS,
    ),
    "workspaces.instance_setting_reset": ActionWords(
        Area.SETTINGS,
        _("Setting of the instance reset"),
        _("%(who)s reset the setting %(what)s."),
        fields=_SETTINGS,
    ),
    "workspaces.guest_ended": ActionWords(
        Area.MEMBERS, _("Guest ended"), _("%(user_id)s is no longer a guest.")
    ),
    "workspaces.guest_extended": ActionWords(
        Area.MEMBERS, _("Guest extended"), _("%(who)s let the guest %(user_id)s stay longer.")
    ),
    "workspaces.guest_invited": ActionWords(
        Area.MEMBERS,
        _("Guest invited"),
        _("%(who)s invited %(what)s as a guest."),
        details=("days",),
    ),
    "workspaces.guest_joined": ActionWords(
        Area.MEMBERS, _("Guest joined"), _("%(user_id)s came as a guest."), details=("expires_at",)
    ),
    "workspaces.invite_link_created": ActionWords(
        Area.MEMBERS,
        _("Invitation link made"),
        _("%(who)s created a link by which people join."),
        details=("role", "max_uses", "expires_at"),
        fields=_ROLE,
    ),
    "workspaces.invite_link_revoked": ActionWords(
        Area.MEMBERS, _("Invitation link closed"), _("%(who)s closed a link by which people join.")
    ),
    "workspaces.invitation_revoked": ActionWords(
        Area.MEMBERS, _("Invitation closed"), _("%(who)s closed the invitation of %(what)s.")
    ),
    "workspaces.job_discarded": ActionWords(
        Area.SETTINGS,
        _("Failed job discarded"),
        _("%(who)s discarded a failed job."),
        details=("kind", "task"),
        fields=_JOB,
    ),
    "workspaces.job_retried": ActionWords(
        Area.SETTINGS,
        _("Failed job tried again"),
        _("%(who)s retried a failed job."),
        details=("kind", "task"),
        fields=_JOB,
    ),
    "workspaces.member_invited": ActionWords(
        Area.MEMBERS, _("Member invited"), _("%(who)s invited %(what)s as %(role)s."), fields=_ROLE
    ),
    "workspaces.member_joined": ActionWords(
        Area.MEMBERS,
        _("Member joined"),
        _("%(user_id)s joined as %(role)s."),
        details=("domain",),
        fields=_ROLE | {"domain": FieldWords(_("By an address at"))},
    ),
    "workspaces.member_removed": ActionWords(Area.MEMBERS, _("Member removed"), _describe_removal),
    "workspaces.member_cost_centre_set": ActionWords(
        Area.BUDGETS, _("Cost centre of a member"), _("%(who)s set the cost centre of %(what)s.")
    ),
    "workspaces.member_role_changed": ActionWords(
        Area.MEMBERS, _("Role changed"), _("%(who)s changed the role of %(user_id)s."), fields=_ROLE
    ),
    "workspaces.mail_tested": ActionWords(
        Area.SETTINGS, _("Mail test"), _("%(who)s had a test mail sent to themselves.")
    ),
    "workspaces.members_imported": ActionWords(
        Area.MEMBERS,
        _("Invitations from a file"),
        _("%(who)s invited people from a file."),
        details=("invited", "refused"),
    ),
    "workspaces.name_protected": ActionWords(
        Area.MODERATION, _("Name protected"), _("%(who)s protected the name %(what)s.")
    ),
    "workspaces.name_released": ActionWords(
        Area.MODERATION, _("Name released"), _("%(who)s released the name %(what)s.")
    ),
    "workspaces.password_changed": ActionWords(
        Area.ACCOUNTS,
        _("Password changed"),
        _("%(who)s changed the password of %(what)s."),
        details=("keys_revoked",),
    ),
    "workspaces.publishing_resumed": ActionWords(
        Area.MODERATION, _("Builder's suspension ended"), _("%(who)s let %(what)s publish again.")
    ),
    "workspaces.policy_changed": ActionWords(
        Area.SETTINGS,
        _("Sharing policy changed"),
        _("%(who)s changed %(what)s: revision %(revision)s."),
        fields=_POLICY,
    ),
    "workspaces.policy_group_dropped": ActionWords(
        Area.SETTINGS,
        _("Rules of a deleted group removed"),
        _("%(who)s deleted a group; its rules in %(what)s went with it: revision %(revision)s."),
        details=("rules",),
        fields=_POLICY,
    ),
    "workspaces.policy_restored": ActionWords(
        Area.SETTINGS,
        _("Sharing policy restored"),
        _("%(who)s restored revision %(restored)s of %(what)s as revision %(revision)s."),
        details=("left_out",),
        fields=_POLICY,
    ),
    "workspaces.publishing_rule_set": ActionWords(
        Area.SETTINGS, _("Sharing outside allowed or not"), _describe_publishing, fields=_POLICY
    ),
    "workspaces.publishing_suspended": ActionWords(
        Area.MODERATION, _("Builder suspended"), _("%(who)s suspended %(what)s as a builder.")
    ),
    "workspaces.scim_token_created": ActionWords(
        Area.ACCOUNTS,
        _("Token of the identity provider made"),
        _("%(who)s created the token %(what)s of the identity provider."),
        details=("expires_at",),
    ),
    "workspaces.scim_token_revoked": ActionWords(
        Area.ACCOUNTS,
        _("Token of the identity provider revoked"),
        _("%(who)s revoked the token %(what)s of the identity provider."),
    ),
    "workspaces.scim_user_added": ActionWords(
        Area.MEMBERS, _("Person sent by the identity provider"), _("%(who)s sent %(what)s.")
    ),
    "workspaces.scim_user_changed": ActionWords(
        Area.MEMBERS,
        _("Person changed by the identity provider"),
        _("%(who)s changed what it says about %(what)s."),
        details=("fields",),
    ),
    "workspaces.scim_user_deleted": ActionWords(
        Area.MEMBERS, _("Person deleted by the identity provider"), _("%(who)s deleted %(what)s.")
    ),
    "workspaces.second_factor_reset": ActionWords(
        Area.ACCOUNTS,
        _("Two-factor sign-in turned off"),
        _("%(who)s turned off the two-factor sign-in of %(what)s."),
        details=("removed",),
        fields={"removed": FieldWords(_("Factors removed"))},
    ),
    "workspaces.sessions_ended": ActionWords(
        Area.ACCOUNTS,
        _("Sessions ended"),
        _("%(who)s signed %(what)s out everywhere."),
        details=("sessions",),
        fields={"sessions": FieldWords(_("Sessions"))},
    ),
    "workspaces.staff_role_granted": ActionWords(
        Area.MEMBERS,
        _("Staff role granted"),
        _("%(who)s gave %(what)s the staff role %(role)s."),
        fields=_STAFF_ROLE,
    ),
    "workspaces.staff_role_revoked": ActionWords(
        Area.MEMBERS,
        _("Staff role taken away"),
        _("%(who)s took the staff role %(role)s from %(what)s."),
        fields=_STAFF_ROLE,
    ),
    "workspaces.user_created": ActionWords(
        Area.ACCOUNTS, _("Account created"), _("The account of %(what)s was made.")
    ),
    "workspaces.user_deactivated": ActionWords(
        Area.ACCOUNTS, _("Account closed"), _("%(who)s closed the account of %(what)s.")
    ),
    "workspaces.user_deleted": ActionWords(
        Area.ACCOUNTS, _("Account deleted"), _("The account of %(what)s was deleted.")
    ),
    "workspaces.user_profile_changed": ActionWords(
        Area.ACCOUNTS, _("Profile changed"), _("%(who)s changed the profile of %(what)s.")
    ),
    "workspaces.user_restored": ActionWords(
        Area.ACCOUNTS, _("Account restored"), _("%(who)s opened the account of %(what)s again.")
    ),
    "workspaces.workspace_changed": ActionWords(
        Area.SETTINGS, _("Settings changed"), _("%(who)s changed the settings of %(what)s.")
    ),
    "workspaces.workspace_created": ActionWords(
        Area.SETTINGS,
        _("Workspace made"),
        _("%(who)s created the workspace %(what)s."),
        details=("kind",),
        fields={"kind": FieldWords(_("Kind"), describe_choice(WorkspaceKind))},
    ),
    "workspaces.workspace_limits_set": ActionWords(
        Area.SETTINGS,
        _("Kind and limits of a workspace set"),
        _("%(who)s changed what %(what)s is and may use."),
        fields={
            "kind": FieldWords(_("Kind"), describe_choice(WorkspaceKind)),
            "seats": FieldWords(_("Seats"), none=_("no limit")),
            "knowledge_bytes": FieldWords(_("Knowledge"), _describe_size, none=_("as set for all")),
            "gpt_limit": FieldWords(_("GPTs"), none=_("no limit")),
        },
    ),
    "workspaces.workspace_restored": ActionWords(
        Area.SETTINGS, _("Workspace restored"), _("%(who)s opened %(what)s again.")
    ),
    "workspaces.workspace_suspended": ActionWords(
        Area.SETTINGS, _("Workspace suspended"), _("%(who)s suspended %(what)s.")
    ),
    "workspaces.workspace_deleted": ActionWords(
        Area.SETTINGS, _("Workspace deleted"), _("%(who)s deleted the workspace %(what)s.")
    ),
}

WORDS = AuditWords(
    actions=ACTIONS,
    objects={
        USER: ObjectWords(_name_people, _("a deleted account"), _("People")),
        "workspaces.workspace": ObjectWords(_name_workspaces, _("a deleted workspace"), _("Workspaces")),
        "workspaces.sharingpolicy": ObjectWords(
            _name_policies, _("the sharing policy"), _("Rules of the sharing policy")
        ),
        "workspaces.member": ObjectWords(_name_members, _("a former member")),
        "workspaces.group": ObjectWords(_name_groups, _("a deleted group"), _("Groups")),
        "workspaces.invitation": ObjectWords(_name_invitations, _("somebody"), _("Invitations")),
        "workspaces.invitelink": ObjectWords(lambda _ids, _reader: {}, _("a link")),
        "workspaces.guest": ObjectWords(lambda _ids, _reader: {}, _("a guest")),
        "workspaces.apikey": ObjectWords(_name_keys, _("a key"), _("API keys")),
        "workspaces.protectedname": ObjectWords(_name_protected, _("a name")),
        "core.instancesetting": ObjectWords(_name_settings, _("a setting")),
        "core.failedjob": ObjectWords(lambda _ids, _reader: {}, _("a failed job")),
        "workspaces.outboundjob": ObjectWords(lambda _ids, _reader: {}, _("a call to another host")),
        "workspaces.proveddomain": ObjectWords(lambda _ids, _reader: {}, _("a domain")),
        "workspaces.identityconnection": ObjectWords(
            _name_connections, _("a removed connection"), _("Connections to identity providers")
        ),
        "workspaces.identityrules": ObjectWords(
            _name_rules, _("the rules of identity"), _("Rules of identity")
        ),
        "workspaces.scimtoken": ObjectWords(_name_tokens, _("a token"), _("Tokens for directory sync")),
        "workspaces.scimuser": ObjectWords(_name_directory_people, _("a person")),
        "workspaces.erasure": ObjectWords(lambda _ids, _reader: {}, _("an erasure")),
    },
    fields={
        "user_id": FieldWords(_("Person"), object=USER),
        "scopes": FieldWords(_("Permissions"), describe_choice(ApiScope)),
        "keys_revoked": FieldWords(_("API keys revoked")),
        "kind": FieldWords(_("Kind"), describe_choice(ErasureKind)),
        "rows": FieldWords(_("Rows")),
        "rate": FieldWords(_("Tests that must pass"), _describe_rate, none=_("not required")),
        "golden_pass_rate": FieldWords(_("Tests that must pass"), _describe_rate, none=_("not required")),
        "may_publish": FieldWords(_("GPTs may leave the workspace")),
        "name": FieldWords(_("Name")),
        "description": FieldWords(_("What it is for")),
        "email_domain": FieldWords(_("E-mail rule"), none=_("none")),
        "sharing": FieldWords(_("Who may share GPTs with it"), describe_choice(GroupSharing)),
        "cost_centre": FieldWords(_("Cost centre"), none=_("none")),
        "source": FieldWords(_("Origin"), describe_choice(MemberSource)),
        "days": FieldWords(_("Days")),
        "max_uses": FieldWords(_("For how many people"), none=_("no limit")),
        "invited": FieldWords(_("Invited")),
        "refused": FieldWords(_("Rows refused")),
        "added": FieldWords(_("Added")),
        "removed": FieldWords(_("Removed")),
        "member_count": FieldWords(_("People")),
        "accent": FieldWords(_("Accent colour")),
        "logo": FieldWords(_("Logo")),
        "display_name": FieldWords(_("Name")),
        "language": FieldWords(_("Language")),
        "time_zone": FieldWords(_("Time zone")),
        "expires_at": FieldWords(_("Ends")),
        "fields": FieldWords(_("Fields")),
    },
)

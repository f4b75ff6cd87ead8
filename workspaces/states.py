"""Choices of this app: kinds of workspaces, roles, API scopes."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class WorkspaceKind(TextChoices):
    PERSONAL = "personal", _("Personal")
    TEAM = "team", _("Team")
    ENTERPRISE = "enterprise", _("Enterprise")


COMPANY_KINDS = (WorkspaceKind.TEAM, WorkspaceKind.ENTERPRISE)


class Role(TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    BUILDER = "builder", _("Builder")
    MEMBER = "member", _("Member")


ADMIN_ROLES = (Role.OWNER, Role.ADMIN)
BUILDER_ROLES = (Role.OWNER, Role.ADMIN, Role.BUILDER)


class ConnectionKind(TextChoices):
    OIDC = "oidc", "OpenID Connect"
    SAML = "saml", "SAML 2.0"


class DomainOutcome(TextChoices):
    """What the last look at the record of a domain found."""

    NEVER = "never", _("Not looked at yet")
    FOUND = "found", _("The record is there")
    MISSING = "missing", _("The record is not there")
    UNREACHABLE = "unreachable", _("The name servers did not answer")
    OF_ANOTHER = "of_another", _("The record is there, but another workspace has this domain")


class DomainJoining(TextChoices):
    """How people with a confirmed address at a proved domain become members."""

    OFF = "off", _("By invitation only")
    OFFER = "offer", _("They are offered to join")
    SIGN_UP = "sign_up", _("They are members once they have confirmed their address")


# Roles that a link may give: whoever forwards a link must not make admins.
LINK_ROLES = (Role.BUILDER, Role.MEMBER)


class GroupSource(TextChoices):
    HAND = "hand", _("Made here")
    SCIM = "scim", _("From the identity provider")


class MemberSource(TextChoices):
    """How a member came into a group."""

    HAND = "hand", _("Added by hand")
    RULE = "rule", _("By the e-mail rule")
    SCIM = "scim", _("From the identity provider")


class GroupSharing(TextChoices):
    """Who may share a GPT with a group; admins always may."""

    EVERYBODY = "everybody", _("Everybody in the workspace")
    MEMBERS = "members", _("Members of the group")
    ADMINS = "admins", _("Admins")


class Staff(TextChoices):
    MODERATOR = "moderator", _("Moderator")
    FINANCE = "finance", _("Finance")
    OPERATOR = "operator", _("Operator")
    # Besides the role of moderator: sees cases about sexual content with children.
    CHILD_SAFETY = "child_safety", _("Child safety")


class NameProtection(TextChoices):
    MARK = "mark", _("Mark")
    PROHIBITED = "prohibited", _("Prohibited by a decision")
    VERIFIED = "verified", _("Name of a verified builder")


class Theme(TextChoices):
    SYSTEM = "system", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class ApiScope(TextChoices):
    GPTS_READ = "gpts:read", _("Read own GPTs")
    GPTS_WRITE = "gpts:write", _("Build and submit GPTs")
    CHAT = "chat", _("Chat and read own conversations")
    USAGE_READ = "usage:read", _("Read own usage and earnings")
    STORE_READ = "store:read", _("Search the store")
    REVIEWS_WORK = "reviews:work", _("Work the moderation queue")
    REVIEWS_RESTRICTED = "reviews:restricted", _("Work child-safety cases")
    FINANCE_WORK = "finance:work", _("Close months and pay")
    OPERATOR_WORK = "operator:work", _("Run the instance")
    ACCOUNT = "account", _("Read and change the account")


class OutboundJobState(TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


OPEN_JOB_STATES = (OutboundJobState.QUEUED, OutboundJobState.RUNNING)


class ErasureKind(TextChoices):
    ACCOUNT = "account", _("Account")
    WORKSPACE = "workspace", _("Workspace")


class ErasureState(TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")


class ExportState(TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


OPEN_EXPORTS = (ExportState.WAITING, ExportState.RUNNING)

"""The world of the isolation tests: two companies, creators, staff and everything that belongs to them.

The real services build it once per test run, in a database of its own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from core.failed_jobs import note_failed_job
from core.scope import system_scope
from gpts.assistants.models import GPT, GPTTransfer
from gpts.assistants.services.shares import set_share
from gpts.llm.services.providers import ensure_offline_provider
from marketplace.services.company_store import SectionDraft, create_section
from tests.isolation.passkey import passkey_data
from tests.isolation.worlds import (
    around,
    budgets,
    building,
    catalogue,
    chats,
    creations,
    golden,
    judged,
    money,
)
from tests.support.exports import create_ready_export
from tests.support.factories.workspaces import MemberFactory, UserFactory, WorkspaceFactory
from tests.support.uploads import make_picture
from workspaces.models import PolicyRevision, SharingPolicy, User, Workspace
from workspaces.queries import get_user_roles
from workspaces.services.api_keys import create_api_key
from workspaces.services.domain_claims import claim_domain
from workspaces.services.groups import add_group_members, create_group
from workspaces.services.guests import start_guest
from workspaces.services.invite_links import create_invite_link
from workspaces.services.leaving import delete_workspace
from workspaces.services.logos import set_logo
from workspaces.services.members import invite_member
from workspaces.services.notifications import notify
from workspaces.services.scim_tokens import create_scim_token
from workspaces.services.staff import grant_staff_role, revoke_staff_role
from workspaces.services.workspaces import create_workspace
from workspaces.states import ApiScope

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
EVERY_SCOPE = [scope.value for scope in ApiScope]
# Each sends every request of the matrix. The owner owns Alpha and the objects that the rows name.
ACTORS = (
    "anonymous", "stranger", "member", "admin", "rival", "owner", "moderator", "finance", "operator",
)  # fmt: skip


@dataclass
class World:
    """People by name and the ids of their objects; the functions below and in worlds/ fill it."""

    people: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    gpts: dict[str, GPT] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)
    alpha: Workspace = None  # type: ignore[assignment]  # set by _companies
    beta: Workspace = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        """``world.conversation`` is ``world.ids["conversation"]``."""
        try:
            return self.__dict__["ids"][name]
        except KeyError as error:
            raise AttributeError(name) from error


def build_world() -> World:
    """Create everything, in several transactions, because closing a month reads committed usage only."""
    world = World()
    with system_scope("tests"):
        ensure_offline_provider(at=timezone.now())
        _people(world)
        _companies(world)
        creations.build(world)
        chats.build(world)
        around.build(world)
        building.build(world)
        golden.build(world)
        catalogue.build(world)
        budgets.build(world)
        _belongings(world)
    with system_scope("tests"):
        judged.build(world)
    money.build(world)
    with system_scope("tests"):
        _create_credentials(world)
    return world


def _people(world: World) -> None:
    names = [*ACTORS[1:], "builder", "rival_member", "moderator2", "finance2", "reader", "second", "third"]
    world.people = {
        name: UserFactory.create(display_name=name.replace("_", "-").capitalize()) for name in names
    }
    for name, role in (("moderator", "moderator"), ("moderator2", "moderator"), ("finance", "finance"),
                       ("finance2", "finance"), ("operator", "operator")):  # fmt: skip
        grant_staff_role(user=world.people[name], role=role, by=None, at=timezone.now())


def _companies(world: World) -> None:
    people = world.people
    world.alpha = WorkspaceFactory.create(owner=people["owner"], name="Alpha")
    for name in ("admin", "builder", "member"):
        member = MemberFactory.create(workspace=world.alpha, user=people[name], role=name, by=people["owner"])
        world.ids[f"{name}_seat"] = member.pk
    # A policy that was saved once, so that there is something to restore.
    PolicyRevision.objects.create(
        workspace=world.alpha, number=1, policy={"rules": [], "closed": []}, created_at=timezone.now()
    )
    SharingPolicy.objects.filter(workspace=world.alpha).update(revision=1)
    set_logo(workspace=world.alpha, upload=make_picture(), by=people["owner"], at=timezone.now())
    world.ids["logo"] = world.alpha.logo[6:-5]
    section = create_section(
        workspace=world.alpha,
        kind="category",
        draft=SectionDraft(title="Harbour", entries=()),
        by=people["owner"],
        at=timezone.now(),
    )
    world.ids["store_section"] = section.pk
    # Beta belongs to rival_member, so that rival is only an admin of it.
    world.beta = WorkspaceFactory.create(owner=people["rival_member"], name="Beta")
    MemberFactory.create(workspace=world.beta, user=people["rival"], role="admin", by=people["rival_member"])


def _belongings(world: World) -> None:
    owner, now = world.people["owner"], timezone.now()
    invitation, token = invite_member(
        workspace=world.alpha, email="somebody@else.test", role="member", by=owner, at=now
    )
    group = create_group(workspace=world.alpha, name="Alpha group", by=owner, at=now)
    add_group_members(group=group, member_ids=[world.ids["builder_seat"]], by=owner, at=now)
    sync, world.keys["scim"] = create_scim_token(workspace=world.alpha, name="Sync", by=owner, at=now)
    share = set_share(gpt=world.gpts["alpha"], right="chat", group=group, by=owner, at=now)
    transfer = GPTTransfer.objects.create(
        workspace=world.alpha,
        to_user=owner,
        requested_by=owner,
        requested_at=now,
        gpt_ids=[],
        finished_at=now,
    )
    link, link_token = create_invite_link(
        workspace=world.alpha, role="member", days=7, max_uses=None, by=owner, at=now
    )
    claim_domain(workspace=world.alpha, domain="alpha.example", by=owner, at=now)
    guest = start_guest(
        workspace=world.alpha,
        user=world.people["third"],
        invited_by=owner,
        until=now + timedelta(days=9),
        at=now,
    )
    note = notify(user=owner, kind="x", title="Only for the owner", url="/settings/", at=now)
    # The row of a registered passkey: allauth has no service that creates it.
    passkey = Authenticator.objects.create(
        user=owner, type="webauthn", data={"name": "Laptop", "credential": passkey_data()}
    )
    gone = create_workspace(name="Gone", by=owner, at=now)
    erasure = delete_workspace(workspace=gone, confirmation="Gone", by=owner, at=now)
    export = create_ready_export(world.alpha, by=owner, at=now)
    failed = note_failed_job(
        task="workspaces.forget_used_tokens", arguments={}, error=ValueError("x"), at=now
    )
    world.ids |= {
        "failed_job": str(failed.pk),
        "finance_id": world.people["finance"].pk,
        "erasure": erasure.pk,
        "export": export.pk,
        "alpha_place": world.alpha.slug, "handle": "owner-of-alpha",
        "group": group.pk, "share": share.pk, "transfer": transfer.pk,
        "link": link.pk, "link_token": link_token, "guest": guest.pk,
        "scim_token": sync.pk,
        "invitation": invitation.pk, "token": token, "notification": note.pk, "passkey": passkey.pk,
    }  # fmt: skip


def _create_credentials(world: World) -> None:
    """Create sessions and API keys for everybody."""
    for name, person in world.people.items():
        world.sessions[name] = _sign_in(person)
        home = world.alpha if name in ("member", "admin", "builder") else person.personal_workspace
        home = world.beta if name.startswith("rival") else home
        _give_key(world, name, person, home, EVERY_SCOPE)
    owner = world.people["owner"]
    world.ids["api_key"] = _give_key(world, "owner's other", owner, owner.personal_workspace, ["store:read"])
    _give_key(world, "owner@alpha", owner, world.alpha, EVERY_SCOPE)
    world.ids["alpha_key"] = _give_key(world, "owner's other@alpha", owner, world.alpha, ["store:read"])
    for scope in ("usage:read", "store:read"):
        _give_key(world, f"only {scope}", owner, owner.personal_workspace, [scope])


def _sign_in(person: User) -> str:
    """Return the cookie of a session with a password just entered, for as long as tests may run."""
    client = Client()
    client.force_login(person, backend=BACKEND)
    session = client.session
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(person.pk)
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": time.time() + 86_400, "reauthenticated": True}
    ]
    session.save()
    return str(session.session_key)


def _give_key(world: World, name: str, person: User, workspace: Workspace, scopes: list[str]) -> int:
    """Create a key with these scopes; staff roles are granted for that moment, as staff scopes need them."""
    now = timezone.now()
    staff = ["moderator", "child_safety", "finance", "operator"]  # child safety needs a moderator
    lent = [role for role in staff if role not in get_user_roles(person).staff] if len(scopes) > 1 else []
    for role in lent:
        grant_staff_role(user=person, role=role, by=None, at=now)
    key, plain = create_api_key(
        user=person, workspace=workspace, name=name, scopes=scopes, by=person, at=timezone.now()
    )
    for role in reversed(lent):
        revoke_staff_role(user=person, role=role, by=None, at=now)
    world.keys[name] = plain
    return key.pk


def build_absent_id(kind: type) -> Any:
    """Return an id of that type that no object has."""
    return {
        int: 2**31 - 99,
        UUID: UUID("0192f000-0000-7000-8000-00000000dead"),
        str: "nothing-has-this-name",
    }[kind]

"""/w/<workspace>/admin/policy: who may do what, what a change would do, and the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Conflict, DomainError
from marketplace.policy_targets import find_gpt_target, name_targets
from marketplace.services.publishing import restore_saved_policy, save_policy
from marketplace.what_if import Access, Effect, describe_access, preview_change
from workspaces.access import WorkspaceAct, access_workspace, not_found
from workspaces.models import Group, PolicyRevision, User, Workspace
from workspaces.policy import Act, Person, Policy, compare
from workspaces.policy_words import (
    ACTS,
    Names,
    describe_difference,
    describe_ground,
    find_names,
)
from workspaces.queries import (
    find_revision,
    list_revisions,
    list_ruled_people,
    read_policy,
    read_written_policy,
)
from workspaces.web.company.policy_form import (
    PostedPolicy,
    Section,
    build_sections,
    list_subjects,
    read_form,
)
from workspaces.web.people import person_of

NAMED_PEOPLE = 12
NAMED_OBJECTS = 6
SHOWN_REVISIONS = 100
# The largest are first; the API has all of them.
SHOWN_EFFECTS = 100


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show the questions with their answers; POST shows what changes would do, or saves them."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_POLICY)
    saved = read_policy(tenant.pk)
    if request.method != "POST":
        names = _name(tenant, saved.policy)
        return _page(request, tenant, build_sections(tenant, saved.policy, names), revision=saved.revision)
    posted = read_form(tenant, request.POST)
    if posted.policy is None:
        return _show_mistakes(request, tenant, posted)
    read = _read_number(request.POST.get("revision", ""), saved.revision)
    if read != saved.revision:
        return _show_changed_meanwhile(request, tenant, posted.policy, read)
    if "save" not in request.POST:
        return _show_preview(request, tenant, posted.policy)
    try:
        save_policy(
            workspace=tenant,
            policy=posted.policy,
            revision=read,
            note=request.POST.get("note", ""),
            by=user,
            at=timezone.now(),
        )
    except Conflict:
        return _show_changed_meanwhile(request, tenant, posted.policy, read)
    except DomainError as error:
        posted.error = str(error.message)
        return _show_mistakes(request, tenant, posted)
    messages.success(request, _("Saved. The policy holds from now on."))
    return redirect("workspaces:policy", tenant.slug)


@login_required
@require_http_methods(["GET", "HEAD"])
def history(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show what each revision changed, in words."""
    tenant = access_workspace(person_of(request), workspace, to=WorkspaceAct.MANAGE_POLICY)
    revisions = list_revisions(tenant.pk)[: SHOWN_REVISIONS + 1]
    policies = [read_written_policy(revision.policy) for revision in revisions]
    names = _name(tenant, *policies)
    entries = [
        HistoryEntry(
            revision,
            describe_difference(compare(before, after), names),
            is_current=place == 0,
        )
        for place, (revision, after, before) in enumerate(
            zip(revisions, policies, [*policies[1:], Policy()][: len(policies)], strict=True)
        )
    ][:SHOWN_REVISIONS]
    context = {"workspace": tenant, "accent": tenant.accent, "entries": entries}
    return render(request, "workspaces/admin/policy_history.html", context)


@dataclass(frozen=True)
class HistoryEntry:
    revision: PolicyRevision
    changes: list[tuple[str, str]]
    is_current: bool


@login_required
@require_POST
def restore(request: HttpRequest, workspace: str, number: int) -> HttpResponse:
    """Restore an older revision as a new one."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_POLICY)
    old = find_revision(tenant.pk, number)
    if old is None:
        raise not_found()
    try:
        restore_saved_policy(
            workspace=tenant,
            old=old,
            revision=read_policy(tenant.pk).revision,
            note=_("Restored from revision %(number)d") % {"number": number},
            by=user,
            at=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Revision %(number)d holds again.") % {"number": number})
    return redirect("workspaces:policy-history", tenant.slug)


def _read_number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else default


def _name(tenant: Workspace, *policies: Policy) -> Names:
    rules = {rule for found in policies for rule in found.rules}
    return find_names(tenant.pk, rules, name_targets(tenant, rules))


# Pages of a change -----------------------------------------------------------------------------------------


def _show_mistakes(request: HttpRequest, tenant: Workspace, posted: PostedPolicy) -> HttpResponse:
    return _page(
        request,
        tenant,
        posted.sections,
        revision=_read_number(request.POST.get("revision", ""), 0),
        status=400,
        mistake=posted.error or _("Some rules cannot be read. Mend those that are marked."),
    )


def _show_changed_meanwhile(
    request: HttpRequest, tenant: Workspace, typed: Policy, read: int
) -> HttpResponse:
    """Lay what was typed over what somebody else saved meanwhile, and say what that was."""
    saved = read_policy(tenant.pk)
    base_row = find_revision(tenant.pk, read)
    base = read_written_policy(base_row.policy) if base_row is not None else Policy()
    merged = _merge(base, saved.policy, typed)
    names = _name(tenant, base, saved.policy, merged)
    last = find_revision(tenant.pk, saved.revision)
    context = {
        "meanwhile": describe_difference(compare(base, saved.policy), names),
        "meanwhile_by": last.created_by if last is not None else None,
        "meanwhile_at": last.created_at if last is not None else None,
    }
    return _show_preview(request, tenant, merged, status=409, **context)


def _merge(base: Policy, saved: Policy, typed: Policy) -> Policy:
    """Return ``saved`` with the changes from ``base`` to ``typed``; what was typed wins over its opposite."""
    added = typed.rules - base.rules
    replaced = {(rule.act, rule.subject, rule.target) for rule in added}
    kept = {
        rule
        for rule in saved.rules - (base.rules - typed.rules)
        if (rule.act, rule.subject, rule.target) not in replaced
    }
    closed = (saved.closed - (base.closed - typed.closed)) | (typed.closed - base.closed)
    return Policy(frozenset(kept | added), closed)


def _show_preview(
    request: HttpRequest, tenant: Workspace, typed: Policy, *, status: int = 200, **more: Any
) -> HttpResponse:
    saved = read_policy(tenant.pk)
    names = _name(tenant, saved.policy, typed)
    difference = compare(saved.policy, typed)
    focus = _find_focus(tenant, request)
    effects = preview_change(tenant, saved.policy, typed, people=focus.people, gpt=focus.gpt)
    context = {
        "is_preview": True,
        "differences": describe_difference(difference, names),
        "effects": _describe_effects(effects, names),
        "people_count": len(focus.people) if focus.people is not None else None,
        "focus": focus,
        "accesses": _describe_accesses(tenant, saved.policy, typed, focus, names),
        "note": request.POST.get("note", "")[:300],
        **more,
    }
    sections = build_sections(tenant, typed, names, saved=saved.policy)
    return _page(request, tenant, sections, revision=saved.revision, status=status, **context)


@dataclass
class Focus:
    """Whom or what a what-if looks at: everybody, one member, a group, or one GPT."""

    email: str = ""
    group: str = ""
    address: str = ""
    people: list[Person] | None = None
    gpt: int | None = None
    title: str = ""
    error: str = ""


def _find_focus(tenant: Workspace, request: HttpRequest) -> Focus:
    focus = Focus(
        email=request.POST.get("focus_email", "").strip()[:254],
        group=request.POST.get("focus_group", "").strip()[:20],
        address=request.POST.get("focus_gpt", "").strip()[:300],
    )
    if focus.email:
        found = User.objects.filter(memberships__workspace=tenant, email__iexact=focus.email).first()
        if found is None:
            focus.error = _("No member of this workspace has this e-mail address.")
        else:
            focus.people = [person for person in list_ruled_people(tenant.pk) if person.id == found.pk]
            focus.title = str(found)
    elif group_id := _read_number(focus.group, 0):
        group = Group.objects.filter(workspace=tenant, pk=group_id).first()
        if group is not None:
            focus.people = [person for person in list_ruled_people(tenant.pk) if group.pk in person.groups]
            focus.title = group.name
    if focus.address:
        target = find_gpt_target(tenant, Act.USE_EXTERNAL, focus.address) or find_gpt_target(
            tenant, Act.PUBLISH, focus.address
        )
        if target is None:
            focus.error = _("There is no GPT with this address.")
        else:
            focus.gpt = int(target.value)
    return focus


@dataclass(frozen=True)
class AccessLine:
    """One act of one person, before and after."""

    label: str
    before: str
    after: str
    why: str
    is_changed: bool


def _describe_accesses(
    tenant: Workspace, saved: Policy, typed: Policy, focus: Focus, names: Names
) -> list[AccessLine]:
    """Return what one member may do, before and after; nothing unless one is in focus."""
    if not focus.email or not focus.people:
        return []
    person = focus.people[0]
    before = describe_access(tenant, saved, person)
    after = {access.act: access for access in describe_access(tenant, typed, person)}
    lines = []
    for old in before:
        new = after.get(old.act, old)
        words_before, words_after = _describe_one_access(old), _describe_one_access(new)
        is_changed = (old.allowed, old.refused) != (new.allowed, new.refused)
        why = describe_ground(new.decision, names)
        lines.append(AccessLine(str(ACTS[old.act].label), words_before, words_after, why, is_changed))
    return lines


def _describe_one_access(access: Access) -> str:
    if access.allowed == access.asked:
        return _("Yes")
    if access.allowed == 0:
        return _("No")
    return _("%(allowed)d of %(asked)d") % {"allowed": access.allowed, "asked": access.asked}


@dataclass(frozen=True)
class EffectLine:
    """Who gains or loses what: as the page says it."""

    label: str
    is_gain: bool
    count: int
    people: str
    more_people: int
    objects: str
    object_count: int
    more_objects: int
    why: str


def _describe_effects(effects: list[Effect], names: Names) -> list[EffectLine]:
    shown = {identifier for effect in effects[:SHOWN_EFFECTS] for identifier in effect.people[:NAMED_PEOPLE]}
    people = {user.pk: str(user) for user in User.objects.filter(pk__in=shown)}
    separator = _(", ")
    return [
        EffectLine(
            label=str(ACTS[effect.act].label),
            is_gain=effect.is_gain,
            count=len(effect.people),
            people=separator.join(
                people[identifier] for identifier in effect.people[:NAMED_PEOPLE] if identifier in people
            ),
            more_people=max(0, len(effect.people) - NAMED_PEOPLE),
            objects=separator.join(effect.objects[:NAMED_OBJECTS]),
            object_count=effect.count,
            more_objects=max(0, effect.count - NAMED_OBJECTS),
            why=describe_ground(effect.after, names),
        )
        for effect in effects[:SHOWN_EFFECTS]
    ]


def _page(
    request: HttpRequest,
    tenant: Workspace,
    sections: list[Section],
    *,
    revision: int,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "sections": sections,
        "subjects": list_subjects(tenant),
        "groups": Group.objects.filter(workspace=tenant).order_by("name"),
        "revision": revision,
        **more,
    }
    return render(request, "workspaces/admin/policy.html", context, status=status)

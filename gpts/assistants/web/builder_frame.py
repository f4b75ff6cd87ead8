"""What all builder pages of a GPT share: the bar with badges, the navigation, the person's permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gpts.assistants.content import compute_draft_hash
from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.queries.gpts import find_company, get_live_versions, get_relation
from gpts.assistants.rules import GPTAct, may
from gpts.studio.next_steps import list_next_steps
from reviews.queries import SubmissionStatus, submission_status
from workspaces.models import User
from workspaces.web.people import person_of

# Pages by what people do, in display order; a page without a URL "gpts:build-<key>" is left out.
GROUPS = {
    "build": ("create", "configure", "knowledge", "actions"),
    "test": ("tests", "bench", "insights"),
    "publish": ("share", "versions"),
}
# Pages with the preview beside them.
WITH_PREVIEW = ("create", "configure", "knowledge")


class Badge(NamedTuple):
    """``kind`` is the colour (good, info, warn, bad or empty); with ``url`` the badge is a link."""

    kind: str
    text: str
    url: str = ""


@dataclass(frozen=True)
class BuilderFrame:
    """The bar above every builder page of a GPT."""

    gpt: GPT
    live: dict[str, LiveVersion]
    status: SubmissionStatus
    may_edit: bool
    may_manage: bool
    may_view_insights: bool
    icon_url: str
    # Equal to a version's content hash when the draft has the same content.
    draft_hash: str

    @property
    def is_changed(self) -> bool:
        """Return whether the draft differs from a live version."""
        return any(row.version.content_hash != self.draft_hash for row in self.live.values())

    @property
    def newest_live(self) -> int:
        """Return the highest number of a live version, 0 without one."""
        return max((row.version.number for row in self.live.values()), default=0)

    @property
    def badges(self) -> list[Badge]:
        """Return what is live, what is in review and whether the draft has changes, as badges."""
        if self.gpt.quarantined_at is not None:
            return [Badge("bad", _("Quarantined"))]
        badges = [Badge("bad", _("Blocked in the store"))] if self.gpt.blocked_at is not None else []
        numbers = sorted({row.version.number for row in self.live.values()})
        if len(numbers) == 1:
            badges.append(Badge("good", _("Live: version %(number)s") % {"number": numbers[0]}))
        elif numbers:
            listed = _(", ").join(map(str, numbers))
            badges.append(Badge("good", _("Live: versions %(numbers)s") % {"numbers": listed}))
        if self.status.is_open and self.status.submission is not None:
            number = self.status.submission.version.number
            badges.append(Badge("info", _("In review: version %(number)s") % {"number": number}))
        if not numbers:
            badges.append(Badge("", _("Draft")))
        elif self.is_changed:
            query = f"?from={self.newest_live}&to=draft"
            badges.append(
                Badge(
                    "warn", _("Draft has changes"), reverse("gpts:build-diff", args=[self.gpt.slug]) + query
                )
            )
        return badges


def get_icon_url(source: Any) -> str:
    """Return the URL of a GPT's or version's icon, empty when it has none."""
    return f"/{source.icon}" if source.icon else ""


def get_builder_frame(user: User, gpt: GPT) -> BuilderFrame:
    relation = get_relation(user, gpt)
    return BuilderFrame(
        gpt=gpt,
        live=get_live_versions(gpt),
        status=submission_status(gpt),
        may_edit=may(GPTAct.EDIT, gpt, relation),
        may_manage=may(GPTAct.MANAGE, gpt, relation),
        may_view_insights=may(GPTAct.VIEW_INSIGHTS, gpt, relation),
        icon_url=get_icon_url(gpt),
        draft_hash=compute_draft_hash(gpt),
    )


def build_page_context(request: HttpRequest, gpt: GPT, current: str, **extra: Any) -> dict[str, Any]:
    """Return the context of a builder page: ``gpt``, ``frame``, its navigation and what the page adds.

    ``groups`` are Build, Test and Publish, each with the URL of its first page; ``tabs`` are the pages of the
    group that ``current`` belongs to. The preview as a page of its own belongs to Build.
    """
    group = next((key for key, pages in GROUPS.items() if current in pages), "build")
    groups = [
        {"label": get_group_label(key), "url": get_tab_url(pages[0], gpt.slug), "current": key == group}
        for key, pages in GROUPS.items()
    ]
    frame = extra.pop("frame", None) or get_builder_frame(person_of(request), gpt)
    tabs = [
        {"label": get_tab_label(key), "url": url, "current": key == current}
        for key in GROUPS[group]
        if (url := get_tab_url(key, gpt.slug)) and (key != "insights" or frame.may_view_insights)
    ]
    company = find_company(person_of(request), gpt)
    return {
        "gpt": gpt,
        "company": company,
        "accent": "" if company is None else company.accent,
        "frame": frame,
        "groups": groups,
        "group_label": get_group_label(group),
        "tabs": tabs,
        "current_page": current,
        "current_tab": get_tab_label(current),
        "preview_url": get_tab_url("preview", gpt.slug) if group == "build" else "",
        "has_pane": current in WITH_PREVIEW,
        **extra,
    }


def build_steps_context(gpt: GPT, user: User) -> dict[str, Any]:
    """Return the checklist of next steps beside the form; it is open until all are done."""
    steps = [
        {
            "text": step.text,
            "url": get_tab_url(step.tab, gpt.slug),
            "is_done": step.is_done,
            "is_preview": step.tab == "preview",
        }
        for step in list_next_steps(gpt, user)
    ]
    done = sum(1 for step in steps if step["is_done"])
    return {"next_steps": {"steps": steps, "done": done, "total": len(steps), "is_open": done < len(steps)}}


def get_tab_url(key: str, slug: str) -> str:
    try:
        return reverse(f"gpts:build-{key}", args=[slug])
    except NoReverseMatch:
        return ""


def get_group_label(key: str) -> str:
    return {"build": pgettext("group of pages", "Build"), "test": _("Test"), "publish": _("Publish")}[key]


def get_tab_label(key: str) -> str:
    return {
        "create": _("Create"),
        "configure": _("Configure"),
        "preview": _("Preview"),
        "knowledge": _("Knowledge"),
        "actions": _("Actions"),
        "versions": _("Versions"),
        "tests": _("Tests"),
        "bench": _("Retrieval"),
        "insights": _("Insights"),
        "share": _("Share"),
    }[key]

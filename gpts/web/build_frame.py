"""What all pages of one GPT in the builder share: its bar, its tabs, who may do what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from gpts.models import GPT, LiveVersion
from gpts.next_steps import next_steps
from gpts.queries import get_standing, live_versions
from gpts.rules import GPTAct, may
from reviews.queries import SubmissionStatus, submission_status

# The tabs in their order; one whose page is not there yet is left out.
TABS = ("create", "configure", "preview", "knowledge", "versions", "tests", "insights", "share")


@dataclass(frozen=True)
class Frame:
    """The bar over every builder page of one GPT."""

    gpt: GPT
    live: dict[str, LiveVersion]
    status: SubmissionStatus
    may_edit: bool
    may_manage: bool
    icon_url: str

    @property
    def state(self) -> tuple[str, str]:
        """Return the badge's kind and text."""
        if self.gpt.quarantined_at is not None:
            return "bad", _("Quarantined")
        if self.status.is_open:
            return "info", _("In review")
        return ("good", _("Live")) if self.live else ("", _("Draft"))


def icon_url(source: Any) -> str:
    """Return the address of a GPT's or version's picture, empty when it is drawn from the name."""
    return f"/{source.icon}" if source.icon else ""


def frame_of(user: Any, gpt: GPT) -> Frame:
    standing = get_standing(user, gpt)
    return Frame(
        gpt=gpt,
        live=live_versions(gpt),
        status=submission_status(gpt),
        may_edit=may(GPTAct.EDIT, gpt, standing),
        may_manage=may(GPTAct.MANAGE, gpt, standing),
        icon_url=icon_url(gpt),
    )


def page_context(request: HttpRequest, gpt: GPT, current: str, **extra: Any) -> dict[str, Any]:
    """Return the context of a builder page: ``gpt``, ``frame``, ``tabs`` and what the page adds."""
    tabs = [
        {
            "label": label(key),
            "url": url,
            "current": key == current,
        }
        for key in TABS
        if (url := tab_url(key, gpt.slug))
    ]
    frame = extra.pop("frame", None) or frame_of(request.user, gpt)
    return {"gpt": gpt, "frame": frame, "tabs": tabs, "current_tab": label(current), **extra}


def steps_context(gpt: GPT, user: Any) -> dict[str, Any]:
    """Return what is left to do, for the list beside the form; it closes when all is done."""
    steps = [
        {"text": step.text, "url": tab_url(step.tab, gpt.slug), "is_done": step.is_done}
        for step in next_steps(gpt, user)
    ]
    done = sum(1 for step in steps if step["is_done"])
    return {"next_steps": {"steps": steps, "done": done, "total": len(steps), "is_open": done < len(steps)}}


def preview_context(gpt: GPT) -> dict[str, Any]:
    """Return what the chat beside the form needs; it posts to the chat's own routes."""
    # The key makes a double click one message, also without scripts.
    query = urlencode({"draft": "1", "key": uuid4().hex})
    return {
        "icon_url": icon_url(gpt),
        "currency": settings.PAYOUT_CURRENCY,
        "shown_name": gpt.name,
        "shown_description": gpt.description,
        "shown_starters": gpt.starters,
        "preview_action": f"{reverse('gpts:turn-first', args=[gpt.slug])}?{query}",
    }


def tab_url(key: str, slug: str) -> str:
    try:
        return reverse(f"gpts:build-{key}", args=[slug])
    except NoReverseMatch:
        return ""


def label(key: str) -> str:
    return {
        "create": _("Create"),
        "configure": _("Configure"),
        "preview": _("Preview"),
        "knowledge": _("Knowledge"),
        "versions": _("Versions"),
        "tests": _("Tests"),
        "insights": _("Insights"),
        "share": _("Share"),
    }[key]

"""The component gallery: the whole design system in all its states. Not served in production."""

# ruff: noqa: E501 - sample rows read best as rows

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from core.look import illustrations

TINTS = ("writing", "productivity", "research-analysis", "programming", "education", "lifestyle", "other")
COLOURS = [
    "ground",
    "raised",
    "sunken",
    "line",
    "line-strong",
    "ink",
    "ink-soft",
    "accent",
    "accent-strong",
    "accent-ground",
    "good",
    "good-ground",
    "warn",
    "warn-ground",
    "bad",
    "bad-ground",
    "info",
    "info-ground",
]


class SampleForm(forms.Form):
    """One field of each kind, so that the gallery shows what real forms look like."""

    name = forms.CharField(label="Name", max_length=80, help_text="Shown in the store. People search for it.")
    summary = forms.CharField(
        label="One line", max_length=120, widget=forms.Textarea(attrs={"rows": 2}), required=False
    )
    site = forms.URLField(label="Website", required=False, assume_scheme="https")
    category = forms.ChoiceField(label="Category", choices=[(tint, tint.capitalize()) for tint in TINTS])
    audience = forms.ChoiceField(
        label="Audience",
        choices=[("workspace", "My workspace"), ("public", "Everyone")],
        widget=forms.RadioSelect,
    )
    agree = forms.BooleanField(
        label="I have read the content policy", help_text="You answer for what it says."
    )
    knowledge = forms.FileField(
        label="Knowledge file", required=False, help_text="PDF, Word or text, up to 10 MB."
    )


def gallery(request: HttpRequest) -> HttpResponse:
    """Show the design system; 404 in production."""
    if settings.IS_PRODUCTION:
        raise Http404
    return render(request, "gallery/index.html", _samples() | {"accent": request.GET.get("accent", "")})


def chat_sample(request: HttpRequest) -> HttpResponse:
    """Show the chat layout with sample messages; 404 in production."""
    if settings.IS_PRODUCTION:
        raise Http404
    return render(request, "gallery/chat.html", {"now": timezone.now()})


def staff_sample(request: HttpRequest) -> HttpResponse:
    """Show the dense three-pane layout; 404 in production."""
    if settings.IS_PRODUCTION:
        raise Http404
    return render(request, "gallery/staff.html", _samples())


def auth_sample(request: HttpRequest) -> HttpResponse:
    """Show the layout of the sign-in pages; 404 in production."""
    if settings.IS_PRODUCTION:
        raise Http404
    return render(request, "gallery/auth.html", {"form": SampleForm()})


def _samples() -> dict[str, Any]:
    now = timezone.now()
    return {
        "now": now,
        "colours": COLOURS,
        "tints": TINTS,
        "drawings": list(illustrations.DRAWINGS),
        "form": SampleForm(initial={"name": "Contract reader", "audience": "public"}),
        "bad_form": SampleForm({"name": "", "site": "nowhere", "audience": "public", "category": "writing"}),
        "items": _listings(),
        "options": [
            {"value": "off", "label": "Nobody", "text": "Members see only GPTs of this workspace.", "icon": "lock"},
            {"value": "listed", "label": "From a list", "text": "You choose which external GPTs are allowed.", "icon": "list"},
            {"value": "all", "label": "Everyone", "text": "Every GPT of the public store.", "icon": "globe"},
        ],
        "tabs": [
            {"label": "Overview", "url": "#", "current": True},
            {"label": "Versions", "url": "#", "count": 12},
            {"label": "Reviews", "url": "#", "count": 0},
            {"label": "Insights", "url": "#"},
        ],
        "steps": [
            {"label": "Gather", "state": "done", "by": "System", "at": now - timedelta(days=3)},
            {"label": "Check", "state": "done", "by": "Mara Lind", "at": now - timedelta(hours=20)},
            {"label": "Approve", "state": "current", "text": "Needs a second person"},
            {"label": "Pay", "state": "todo"},
        ],
        "histogram": [
            {"label": f"{stars} stars", "count": count, "share": count / 12.8}
            for stars, count in ((5, 812), (4, 301), (3, 104), (2, 22), (1, 41))
        ],
        "timeline": [
            {"title": "Approved for the public store", "by": "Ida Moss", "at": now - timedelta(hours=2), "icon": "check", "kind": "good"},
            {"title": "Second check asked for", "text": "Action may send an address.", "by": "Ida Moss", "at": now - timedelta(hours=5), "icon": "warning", "kind": "warn"},
            {"title": "Submitted", "by": "Jun Park", "at": now - timedelta(days=1), "icon": "send"},
        ],
        "facts": [
            {"label": "Model", "value": "Offline quoting model"},
            {"label": "Sends data to", "value": "api.weather.example"},
            {"label": "Languages", "value": "English, 简体中文"},
        ],
        "points": [(f"{day} Mar", (day * 37) % 53 + day) for day in range(1, 29)],
        "trend": [3, 5, 4, 8, 7, 11, 10, 14, 13, 18],
        "page": {"next_cursor": "b", "previous_cursor": "a"},
        "crumbs": [{"label": "Acme", "url": "/w/acme/"}, {"label": "Admin", "url": "#"}, {"label": "Members"}],
        "code": 'curl -H "Authorization: Bearer $LOGGIA_KEY" \\\n  https://store.example/api/v1/gpts/',
        "people": ("Mara Lind", "Jun Park", "李小龙", "ida@demo.test", "Oskar"),
    }  # fmt: skip


def _listings() -> list[dict[str, Any]]:
    rows = (
        ("Contract reader", "Explains clauses in plain words and marks what is unusual.", "research-analysis", "Mara Lind", 4.7, 312, 18_240),
        ("Regex gardener", "Grows a pattern from your examples, and prunes it again.", "programming", "Jun Park", 4.4, 96, 5_120),
        ("周报助手", "把一周的零碎记录整理成一页清楚的周报，语气由你定。", "productivity", "李小龙", 4.9, 1280, 123_400),
        ("Cover letter coach", "Asks what you did, then helps you say it without boasting.", "writing", "Ida Moss", 4.1, 47, 980),
        ("A GPT whose name goes on and on until nobody knows any more where it began", "And a line that is far too long to be a promise, since a promise that needs three lines is a contract, and a contract needs a reader.", "education", "The Extraordinarily Long-Winded Publishing House of Nowhere", 3.2, 4, 12),
        ("Seasonal kitchen", "What is in season where you live, and supper from it.", "lifestyle", "Oskar", 0, 0, 0),
    )  # fmt: skip
    return [
        {
            "url": f"/g/sample-{index}", "name": name, "tagline": tagline, "category": category, "builder_name": builder,
            "builder_verified": index < 2, "rating_average": rating, "rating_count": count, "conversations": conversations,
            "why": "Used by more people this week than last, and rated well by those who came back." if index == 0 else "",
            "reason": "It says which clause it read, every time. We checked." if index < 3 else "",
        }
        for index, (name, tagline, category, builder, rating, count, conversations) in enumerate(rows)
    ]  # fmt: skip


routes = [
    path("dev/gallery/", gallery, name="gallery"),
    path("dev/gallery/chat/", chat_sample, name="gallery-chat"),
    path("dev/gallery/staff/", staff_sample, name="gallery-staff"),
    path("dev/gallery/auth/", auth_sample, name="gallery-auth"),
]

"""Asking a listed GPT from its page: visitors sign up or in first, then the question is sent."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import InvalidInput, RateLimited
from core.instance_settings import SignUp, get_setting
from gpts.assistants.external import check_use
from marketplace.access import access_listing
from workspaces.models import User
from workspaces.web.asked_question import (
    LONGEST,
    drop_question,
    find_question,
    get_question_url,
    keep_question,
)


@require_http_methods(["GET", "POST"])
def question_ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep the question and go to where it is sent, for visitors by way of sign-up."""
    listing = access_listing(slug)
    if request.method != "POST":
        return redirect("marketplace:about-show", slug)
    if isinstance(request.user, User):
        check_use(request.user, listing.gpt)
    text = request.POST.get("text", "")
    try:
        question = keep_question(request, slug=listing.slug, text=text, at=timezone.now())
    except (InvalidInput, RateLimited) as error:
        context: dict[str, Any] = {
            "listing": listing,
            "error": error.message,
            "value": text,
            "longest_question": LONGEST,
        }
        return render(request, "marketplace/ask.html", context, status=error.status)
    url = get_question_url(question)
    if request.user.is_authenticated:
        return redirect(url)
    entrance = reverse("account_signup" if get_setting("sign_up") != SignUp.CLOSED else "account_login")
    return redirect(f"{entrance}?{urlencode({'next': url})}")


@require_POST
def question_drop(request: HttpRequest, slug: str) -> HttpResponse:
    """Do not send the kept question after all; back to the GPT's page."""
    question = find_question(request, at=timezone.now())
    if question is not None and question.slug == slug:
        drop_question(request)
    return redirect("marketplace:about-show", slug)

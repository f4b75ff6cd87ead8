"""The question that a visitor asked a GPT: kept in the session until they are signed in, then sent once.

It is written only by a POST with a CSRF token: no link of another site can make somebody ask something.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from uuid import uuid4

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.rate_limits import Limit, require_within
from workspaces.web.client_address import get_client_network

LIFETIME = timedelta(hours=1)
LONGEST = 4_000
_SLUG_LENGTH = 100
_SESSION_KEY = "asked_question"
# A visitor's session is a row, so they are limited by address.
_ASKED = Limit("asked-question", 30, 3_600)


@dataclass(frozen=True)
class AskedQuestion:
    """``key`` is the idempotency key of its turn, ``at`` the time of asking, in seconds since the epoch."""

    slug: str
    text: str
    key: str
    at: int


_FIELDS = {field.name for field in fields(AskedQuestion)}


def keep_question(request: HttpRequest, *, slug: str, text: str, at: datetime) -> AskedQuestion:
    """Keep a question for the GPT ``slug`` in the session, in place of an earlier one.

    Raises InvalidInput for an empty or too long text, RateLimited for too many from one address.
    """
    text = text.strip()
    if not text or len(slug) > _SLUG_LENGTH:
        raise InvalidInput(_("Write a question first."), code="empty_message", field="text")
    if len(text) > LONGEST:
        raise InvalidInput(
            _("This question is too long to keep until you are signed in: at most %(count)s characters.")
            % {"count": LONGEST},
            code="message_too_long",
            field="text",
        )
    if not request.user.is_authenticated:
        require_within(_ASKED, get_client_network(request), at=at)
        # The row goes with the question if nobody signs in; account_events sets the usual time on sign-in.
        request.session.set_expiry(int(LIFETIME.total_seconds()))
    question = AskedQuestion(slug=slug, text=text, key=uuid4().hex, at=int(at.timestamp()))
    request.session[_SESSION_KEY] = asdict(question)
    return question


def find_question(request: HttpRequest, *, at: datetime) -> AskedQuestion | None:
    """Return the kept question; one that is too old is dropped."""
    kept = request.session.get(_SESSION_KEY)
    # Another release may have kept it in another form.
    if not isinstance(kept, dict) or set(kept) != _FIELDS:
        return None
    question = AskedQuestion(**kept)
    if timedelta(seconds=at.timestamp() - question.at) > LIFETIME:
        drop_question(request)
        return None
    return question


def take_question(request: HttpRequest, slug: str, *, at: datetime) -> AskedQuestion | None:
    """Return the question that was asked this GPT and drop it; one for another GPT stays."""
    question = find_question(request, at=at)
    if question is None or question.slug != slug:
        return None
    drop_question(request)
    return question


def drop_question(request: HttpRequest) -> None:
    request.session.pop(_SESSION_KEY, None)


def get_question_url(question: AskedQuestion) -> str:
    """Return the page that sends the question and shows the conversation."""
    return reverse("gpts:asked-send", args=[question.slug])


def restore_session_age(request: HttpRequest) -> None:
    """Give a session that was a visitor's the usual age, once somebody has signed in."""
    if request.session.get("_session_expiry") == int(LIFETIME.total_seconds()):
        request.session.set_expiry(None)

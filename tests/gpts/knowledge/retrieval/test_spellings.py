"""One thing written in several ways is found in each: numbers, codes, capitals, scripts."""

from __future__ import annotations

import time

import pytest

from gpts.chat.attached_text import choose_pieces, split_into_pieces
from gpts.knowledge.retrieval.compounds import iter_compounds
from gpts.knowledge.retrieval.folding import normalise
from gpts.knowledge.retrieval.terms import extract_query_terms, extract_terms, locate_terms
from gpts.knowledge.retrieval.terms_v1 import extract_old_terms, map_to_old_terms

# (the text, a question that must find it)
FOUND = [
    # Numbers with and without separators, in all digits.
    ("The fee is 1,685 EUR.", "Who pays 1685?"),
    ("The fee is 1 685 EUR.", "1685"),
    ("The fee is 1.685,50 EUR.", "1685,50"),
    ("The fee is 1'685.50 CHF.", "1685.50"),
    ("The fee is 1685 EUR.", "1,685"),
    ("The fee is 1685 EUR.", "1 685"),
    ("料金は１，６８５円です。", "1685"),
    ("共1,685,000元。", "1685000"),
    ("कुल ₹1,68,500", "168500"),
    ("कुल १६८५", "1685"),
    ("الرسوم ١٬٦٨٥", "1685"),
    # Phone numbers, codes, hyphens.
    ("Call +49 30 1234567.", "+49301234567"),
    ("Call +49301234567.", "030 1234567"),
    ("Call (030) 123-4567.", "+49 30 1234567"),
    ("Call +49 (0)30 / 123 45 67.", "+49301234567"),
    ("Room A-113/4", "A113/4"),
    ("Room A113/4", "room a-113/4"),
    ("Error E-4031", "E4031"),
    ("Since v1.2.3", "v1.2.3"),
    ("On 2024-05-17", "20240517"),
    ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
    ("Send an e-mail.", "email"),
    ("Wear a T-shirt.", "tshirt"),
    ("A box of 20 kg", "20kg"),
    ("A box of 20kg", "20 kg"),
    # Capitals are names.
    ("The WHO says so.", "What does WHO say?"),
    ("The WHO says so.", "who"),
    ("Ask IT about it.", "IT"),
    ("Ask IT about it.", "Which room does IT have?"),
    ("Made in the U.S.", "US"),
    ("问 IT 部门", "IT部门"),
    ("Take vitamin D daily.", "vitamin D"),
    # Spellings of a script.
    ("الإيجار الشهري", "الايجار"),
    ("الايجار الشهري", "الإيجار"),
    ("يدفع المُسْتَأْجِر إيجارًا", "المستاجر"),
    ("مـــدرسة", "مدرسه"),
    ("倉庫的鑰匙", "仓库钥匙"),
    ("仓库的钥匙", "倉庫鑰匙"),
    ("Die Straße", "STRASSE"),
    ("DIE STRASSE", "straße"),
    ("Łódź", "lodz"),
    ("Ærø", "aero"),
    ("İstanbul", "istanbul"),
    ("שָׁלוֹם", "שלום"),
    ("ёлка", "Елка"),
    # Forms of a word.
    ("ключ на складе", "склад"),
    ("на складах", "складе"),
    ("στην αποθήκη", "αποθήκης"),
    # Marks belong to the word.
    ("किताबें मेज पर", "किताब"),
    ("ค่าเช่ารายเดือน", "ค่าเช่า"),
    ("창고 열쇠", "창고"),
    # Signs that nobody sees or types.
    ("co\u00adoperation", "cooperation"),
    ("state\u2011owned", "state-owned"),
]


@pytest.mark.parametrize(("text", "question"), FOUND, ids=[question for _text, question in FOUND])
def test_a_text_is_found_in_each_spelling(text: str, question: str) -> None:
    terms = extract_query_terms(question)
    shared = set(terms) & set(extract_terms(text))

    assert shared
    # What finds a passage in the index is also seen in its text.
    assert set(locate_terms(terms, text)) == shared


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("It was late.", "IT"),
        ("Who is there?", "What does WHO say?"),
        ("The number is 16850.", "1685"),
        ("WHAT IS IT THAT I SEE THERE", "IT"),
        ("किताब", "किसान"),
    ],
)
def test_other_words_are_not_found(text: str, question: str) -> None:
    assert not set(extract_query_terms(question)) & set(extract_terms(text))


@pytest.mark.parametrize(
    ("text", "wholes"),
    [
        ("1.685,50 and 3.14 and 10,20,30", ["1685"]),
        ("192.168.1.1", ["192168"]),
        ("config/settings.py and/or well-known", []),
        ("12345678 +1 212 555 0100", ["12125550100"]),
    ],
)
def test_only_numbers_and_codes_are_joined(text: str, wholes: list[str]) -> None:
    assert [one.terms[0] for one in iter_compounds(normalise(text))] == wholes


@pytest.mark.parametrize("unit", ["a-", "1,", "1 ", "(0", "1.111", "AB12 ", "+1 ", "a1-b2_"])
def test_long_runs_of_signs_take_no_longer(unit: str) -> None:
    began = time.process_time()

    extract_terms(unit * 20_000)

    assert time.process_time() - began < 2


def test_terms_of_an_old_index_are_known_until_it_is_rebuilt() -> None:
    question = "倉庫 1,685 किताबें الإيجار plain"

    old = map_to_old_terms(question)

    known = set(extract_old_terms("倉庫 1,685 किताबें الإيجار plain"))
    assert {old.get(term, term) for term in extract_query_terms(question)} <= known


@pytest.mark.parametrize(
    ("needle", "filler", "question"),
    [
        ("창고 열쇠는 김민수가 보관합니다.", "지붕은 매년 점검해야 합니다. ", "창고 열쇠는 누가 보관합니까?"),
        ("กุญแจโกดังอยู่ที่สมชาย", "หลังคาต้องตรวจสอบทุกปี ", "ใครเก็บกุญแจโกดัง"),
        ("गोदाम की चाबी राम के पास है।", "छत की हर साल जाँच करें। ", "गोदाम की चाबी किसके पास है?"),
        ("مفتاح المخزن عند سالم.", "يجب فحص السقف كل عام. ", "من عنده مفتاح المخزن؟"),
        ("Ключ от склада у Ивана.", "Крышу проверяют каждый год. ", "У кого ключи склада?"),
        ("倉庫の鍵は田中が持っています。", "屋根は毎年点検します。", "倉庫の鍵は誰が持っていますか"),
    ],
)
def test_attached_files_in_any_script_are_ranked(needle: str, filler: str, question: str) -> None:
    paragraphs = [filler * (900 // len(filler))] * 40
    pieces = split_into_pieces(0, "\n\n".join([*paragraphs, needle]))

    assert needle in choose_pieces(pieces, question, 3_000)[0].text

"""The charset of a text: by its mark, what it declares, UTF-8 with damage, and its looks."""

from __future__ import annotations

import unicodedata

import pytest

from gpts.knowledge.extraction.charsets.decoding import detect_charset
from gpts.knowledge.extraction.types import UnreadableError
from tests.support.charset_samples import SAMPLES

# The tones of Vietnamese stand behind their letter in Windows-1258.
TONES = "\u0300\u0301\u0303\u0309\u0323"
# Texts of one sentence, two and all three, of the 19 languages in their charsets: 173 of 174 were right
# when this was written. A short Czech pangram in ISO 8859-2 reads as Windows-1250.
LEAST_RIGHT = 172
# Less than a sentence: a name, a word, a line of a table.
SHORT = {
    "cp1252": [
        "Müller",
        "café",
        "señor Núñez",
        "São Paulo",
        "Öffnungszeiten",
        "naïve résumé",
        "Straße",
        "Größe",
        "Zürich",
        "Preis: 5 €",
        "Name;Straße;Ort\nMüller;Hauptstraße 5;Köln",
        "fête",
    ],
    "cp1250": ["Žluťoučký", "Łódź", "őrség"],
    "cp1251": ["Привет", "Склад", "Имя;Город\nИван;Москва", "Цена: 5 руб.", "Москва"],
    "koi8-r": ["Привет мир", "Склад открыт"],
    "cp866": ["Привет мир", "Склад открыт"],
    "cp1253": ["Καλημέρα"],
    "cp1254": ["Şube açılışı"],
    "cp1255": ["שלום עולם"],
    "cp1256": ["السلام عليكم"],
    "cp874": ["สวัสดีครับ"],
    "cp932": [
        "名前,年齢,住所\n山本一郎,30,東京都",
        "こんにちは",
        "東京都",
        "会議室の予約",
        "ｱｲｳｴｵ",
        "氏名,部署\n佐藤,営業部",
        "商品コード,品名\nA001,鉛筆\nA002,消しゴム",
    ],
    "euc_jp": ["こんにちは", "会議室の予約", "名前,年齢,住所"],
    "euc_kr": ["안녕하세요", "이름,나이\n김철수,30", "서울특별시", "가격: 5000원", "회의실 예약"],
    "gb18030": [
        "你好",
        "北京市",
        "姓名,年龄,住址\n张三,30,北京市",
        "会议室预约",
        "价格：5元",
        "仓库",
        "联通",
        "商品编号,品名\nA001,铅笔",
    ],
    "big5": ["你好嗎", "台北市", "姓名,年齡,住址\n王小明,30,台北市", "會議室預約", "倉庫"],
}


def encode(text: str, charset: str) -> bytes:
    if charset != "cp1258":
        return text.encode(charset)
    out = ""
    for character in text:
        parts = unicodedata.normalize("NFD", character)
        base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in TONES))
        out += base + "".join(part for part in parts if part in TONES)
    return out.encode(charset)


def decode(data: bytes) -> str:
    return unicodedata.normalize("NFC", data.decode(detect_charset(data).name))


def test_texts_of_all_languages_are_read_in_their_charsets() -> None:
    wrong: list[tuple[str, str, int]] = []
    tried = 0
    for language, (charsets, sentences) in SAMPLES.items():
        for charset in charsets:
            for count in range(1, len(sentences) + 1):
                text = "\n".join(sentences[:count])
                tried += 1
                if decode(encode(text, charset)) != unicodedata.normalize("NFC", text):
                    wrong.append((language, charset, count))
    assert len(SAMPLES) >= 12
    assert tried - len(wrong) >= LEAST_RIGHT, wrong


@pytest.mark.parametrize(
    ("charset", "text"), [(charset, text) for charset, texts in SHORT.items() for text in texts]
)
def test_a_word_or_two_are_read_in_their_charset(charset: str, text: str) -> None:
    assert decode(text.encode(charset)) == text


KOREAN = "창고는 오전에 엽니다"


@pytest.mark.parametrize(
    ("head", "charset", "media_type", "name"),
    [
        ('<meta charset="euc-kr">', "euc_kr", "text/html", "cp949"),
        ("<META http-equiv=Content-Type content='a; charset=ks_c_5601-1987'>", "cp949", "text/html", "cp949"),
        ('<?xml version="1.0" encoding="EUC-KR"?><html>', "euc_kr", "text/html", "cp949"),
        ('<?xml version="1.0" encoding="EUC-KR"?><html>', "euc_kr", "application/epub+zip", "cp949"),
        ("# -*- coding: euc-kr -*-\n", "euc_kr", "text/x-code", "cp949"),
        ("#!/usr/bin/python\n# vim: set fileencoding=cp949 :\n", "cp949", "text/x-code", "cp949"),
        ('@charset "euc-kr";\n', "euc_kr", "text/x-code", "cp949"),
        ("\\usepackage[euc-kr]{inputenc}\n", "euc_kr", "text/x-tex", "cp949"),
        # Not believed: the text is valid UTF-8, another charset, or the name is none of a charset.
        ('<meta charset="euc-kr">', "utf-8", "text/html", "utf-8"),
        ('<meta charset="iso-8859-1">', "utf-8", "text/html", "utf-8"),
        ('<meta charset="utf-8">', "euc_kr", "text/html", "cp949"),
        ('<meta charset="punycode">', "euc_kr", "text/html", "cp949"),
        ('<meta charset="utf-16">', "utf-8", "text/html", "utf-8"),
    ],
)
def test_what_a_file_declares(head: str, charset: str, media_type: str, name: str) -> None:
    assert detect_charset((head + KOREAN * 3).encode(charset), media_type).name == name


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "utf-8"),
        (b"plain", "utf-8"),
        (b"\xef\xbb\xbfa", "utf-8-sig"),
        ("ab".encode("utf-16"), "utf-16"),
        ("ab".encode("utf-32"), "utf-32"),
        ("abc\n".encode("utf-32-le"), "utf-32-le"),
        ("abc\n".encode("utf-32-be"), "utf-32-be"),
        ("abc\r\ndef\r\n".encode("utf-16-le"), "utf-16-le"),
        ("仓库，七点。\n".encode("utf-16-be"), "utf-16-be"),
        ("日本".encode("iso2022_jp"), "iso2022_jp_ext"),
        ("你好".encode("hz"), "hz"),
        ("한국어".encode("iso2022_kr"), "iso2022_kr"),
        # A sequence that the file ends within.
        ("Café résumé naïve façade é".encode()[:-1], "utf-8"),
    ],
)
def test_marks_escapes_and_wide_texts(data: bytes, name: str) -> None:
    assert detect_charset(data).name == name


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 40, b"\x00" * 100, b"\x00\x01\x02\x03" * 50, b"\x7fELF" + bytes(500)]
)
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError) as problem:
        detect_charset(data)

    assert problem.value.code == "binary"

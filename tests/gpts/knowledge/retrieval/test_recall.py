"""Recall of full text over the whole corpus by language; questions without an answer."""

from __future__ import annotations

import pytest

from gpts.assistants.models import GPT
from gpts.knowledge.retrieval import FoundPassage, find_passages, is_answerable
from tests.support.factories.gpts import GPTFactory
from tests.support.retrieval import Question, add_corpus, read_corpus, read_questions

pytestmark = pytest.mark.django_db


@pytest.fixture
def gpt() -> GPT:
    gpt = GPTFactory.create()
    add_corpus(gpt)
    return gpt


def is_right(question: Question, found: list[FoundPassage]) -> bool:
    return question.answer in {f"{passage.file}#{passage.heading}" for passage in found}


def test_the_questions_match_the_corpus() -> None:
    places = {f"{name}#{heading}" for name, sections in read_corpus() for heading, _text in sections}
    answerable = [question for question in read_questions() if question.answer]

    assert {question.answer for question in answerable} <= places
    assert sum(len(sections) for _name, sections in read_corpus()) >= 400
    assert len(answerable) >= 60
    assert sum(question.language == "zh" for question in answerable) >= 25
    assert sum(not question.answer for question in read_questions()) >= 10


def test_the_right_passage_is_among_the_first_five(gpt: GPT) -> None:
    missed: dict[str, list[str]] = {"en": [], "zh": [], "mixed": []}
    total: dict[str, int] = dict.fromkeys(missed, 0)
    for question in read_questions():
        if question.answer:
            total[question.language] += 1
            found = find_passages(gpt, question.text)
            if not is_right(question, found):
                missed[question.language].append(question.text)

    for language, count in total.items():
        recall = 1 - len(missed[language]) / count
        assert recall >= 0.85, missed[language]


def test_unanswerable_questions_are_rarely_answered(gpt: GPT) -> None:
    unanswerable = [question for question in read_questions() if not question.answer]
    answered = []
    for question in unanswerable:
        found = find_passages(gpt, question.text)
        if is_answerable(found):
            answered.append((question.text, found[0].heading, found[0].score))

    assert len(answered) <= len(unanswerable) // 5, answered

"""Measurements of the benchmark of search by meaning, run in a process with the benchmark's settings."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence

import django
import numpy as np

django.setup()

from django.db import connection, transaction  # noqa: E402 - needs the apps, as all below
from django.utils import timezone  # noqa: E402

from benchmarks.knowledge_files import add_files  # noqa: E402
from benchmarks.knowledge_text import Writer  # noqa: E402
from benchmarks.second_set import read_documents, read_second_questions  # noqa: E402
from core.scope import system_scope  # noqa: E402
from gpts.assistants.models import GPT  # noqa: E402
from gpts.assistants.services.gpts import create_gpt  # noqa: E402
from gpts.knowledge.models import Document, Passage, PassageVector  # noqa: E402
from gpts.knowledge.retrieval import (  # noqa: E402
    QuestionVector,
    get_question_embedder,
    is_answerable,
    look_up,
)
from gpts.knowledge.retrieval.embedding import embed_passages  # noqa: E402
from gpts.knowledge.retrieval.vector_blocks import pack_vectors  # noqa: E402
from gpts.knowledge.retrieval.vectors import nearest_passages  # noqa: E402
from gpts.llm.runtime import builtin_embeddings  # noqa: E402
from gpts.llm.services.providers import ensure_builtin_embeddings  # noqa: E402
from tests.support.retrieval import Question, add_corpus, add_document, read_questions  # noqa: E402
from workspaces.access import personal_workspace  # noqa: E402
from workspaces.models import User  # noqa: E402
from workspaces.services.users import create_user  # noqa: E402

LIMIT = 5
TIMED_QUESTIONS = 150
DIFFERENT_VECTORS = 500


def main(megabytes: float) -> None:
    with system_scope("benchmarks.meaning"):
        ensure_builtin_embeddings(at=timezone.now())
        first, second, big = (_create_gpt(n, name) for n, name in enumerate(("First", "Second", "Big")))
        add_corpus(first)
        for name, sections in read_documents():
            add_document(second, name, sections)
    for gpt in (first, second):
        _measure_embedding(gpt)
    _measure_set("first set (tests)", first, read_questions())
    _measure_set("second set (benchmarks/second_set)", second, _keep_current(second, read_second_questions()))
    _measure_questions()
    if megabytes:
        _measure_times(big, megabytes)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of this process: {memory:.0f} MB; load {os.getloadavg()[0]:.1f} after", flush=True)


def _keep_current(gpt: GPT, questions: list[Question]) -> list[Question]:
    """Leave out questions whose section is gone: the project's documents change."""
    with system_scope("benchmarks.meaning"):
        rows = Passage.objects.filter(document__files__gpt=gpt).values_list(
            "document__files__name", "heading"
        )
        places = {(name, part) for name, heading in rows for part in heading.split(" › ")}
    kept = [q for q in questions if not q.answer or tuple(q.answer.split("#", 1)) in places]
    if gone := [q.answer for q in questions if q not in kept]:
        print(f"\nleft out, because their section is gone: {', '.join(gone)}")
    return kept


def _measure_embedding(gpt: GPT) -> None:
    with system_scope("benchmarks.meaning"):
        documents = list(Document.objects.filter(files__gpt=gpt))
        characters = sum(
            len(text)
            for text in Passage.objects.filter(document__in=documents).values_list("text", flat=True)
        )
    started, cpu = time.perf_counter(), time.process_time()
    made = sum(embed_passages(document.pk, at=timezone.now()) for document in documents)
    spent, used = time.perf_counter() - started, time.process_time() - cpu
    print(
        f"\n{gpt.name}: {made} passages, {characters / made:.0f} characters each, embedded in {spent:.0f} s:"
        f" {spent / made * 1000:.0f} ms each ({used / made * 1000:.0f} ms of one processor)",
        flush=True,
    )


def _measure_set(title: str, gpt: GPT, questions: Sequence[Question]) -> None:
    with system_scope("benchmarks.meaning"):
        embedder = get_question_embedder(gpt)
        documents = tuple(Document.objects.filter(files__gpt=gpt).values_list("pk", flat=True))
    assert embedder is not None
    vectors = {q.text: embedder.embed([q.text])[0] for q in questions}
    print(f"\n{title}: {len(questions)} questions")
    print(f"  {'recall@5':12}" + "".join(f"{name:>12}" for name in ("words", "vectors", "both")))
    with system_scope("benchmarks.meaning"):
        words = {q.text: look_up(gpt, q.text, LIMIT) for q in questions}
        both = {q.text: look_up(gpt, q.text, LIMIT, vector=vectors[q.text]) for q in questions}
        places = {q.text: _find_by_vectors(gpt, documents, vectors[q.text]) for q in questions}
    for language in ("en", "zh", "mixed"):
        asked = [q for q in questions if q.answer and q.language == language]
        if not asked:
            continue
        shares = [
            sum(_is_right(q, _list_places(words[q.text])) for q in asked) / len(asked),
            sum(_is_right(q, places[q.text]) for q in asked) / len(asked),
            sum(_is_right(q, _list_places(both[q.text])) for q in asked) / len(asked),
        ]
        print(f"  {f'{language} ({len(asked)})':12}" + "".join(f"{share:12.3f}" for share in shares))
    for name, found in (("words", words), ("both", both)):
        wrong = [q.text for q in questions if not q.answer and is_answerable(found[q.text].passages)]
        lost = [q.text for q in questions if q.answer and not is_answerable(found[q.text].passages)]
        right = sum(bool(q.answer) for q in questions)
        print(
            f"  {name}: {len(wrong)} of {len(questions) - right} without an answer would be answered,"
            f" {len(lost)} of {right} with one declined",
            flush=True,
        )
    if path := os.environ.get("MEANING_DUMP"):
        _dump(path, title, questions, words, both)


def _dump(path: str, title: str, questions: Sequence[Question], words: object, both: dict) -> None:  # type: ignore[type-arg]
    with open(path, "a") as out:
        for q in questions:
            for kind, found in (("words", words), ("both", both)):
                hits = [
                    (
                        h.text_score,
                        h.text_rank,
                        h.vector_score,
                        h.vector_rank,
                        h.passage.score,
                        _is_right(q, [(h.passage.file, h.passage.heading)]),
                    )
                    for h in found[q.text].hits  # type: ignore[index]
                ]
                out.write(
                    json.dumps([title, kind, q.language, q.text, q.answer, hits], ensure_ascii=False) + "\n"
                )


def _list_places(lookup: object) -> list[tuple[str, str]]:
    return [(passage.file, passage.heading) for passage in lookup.passages]  # type: ignore[attr-defined]


def _find_by_vectors(gpt: GPT, documents: tuple[int, ...], vector: QuestionVector) -> list[tuple[str, str]]:
    near = nearest_passages(gpt, documents, vector, LIMIT).near
    found = []
    for one in near:
        row = Passage.objects.get(document_id=one.document, position=one.position)
        name = row.document.files.filter(gpt=gpt).values_list("name", flat=True).first() or ""
        found.append((name, row.heading))
    return found


def _is_right(question: Question, places: Sequence[tuple[str, str]]) -> bool:
    name, _, heading = question.answer.partition("#")
    return any(file == name and heading in path.split(" › ") for file, path in places)


def _measure_questions() -> None:
    taken = []
    for question in read_questions():
        started = time.perf_counter()
        builtin_embeddings.embed([question.text], kind="query", timeout=5)
        taken.append((time.perf_counter() - started) * 1000)
    print("\nvector of one question, ms     p50     p99")
    print(
        f"  {'built-in model':24}" + "".join(f"{value:8.1f}" for value in _get_percentiles(taken)), flush=True
    )


def _measure_times(gpt: GPT, megabytes: float) -> None:
    passages, spent = add_files(gpt, max(1, round(megabytes / 5)), 5)
    print(f"\n{passages:,} passages of {megabytes:g} MB indexed in {spent:.0f} s")
    _add_made_up_vectors(gpt)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    writer = Writer(99)
    print(f"one retrieval over {megabytes:g} MB, ms    p50     p99    (load {os.getloadavg()[0]:.1f})")
    ways: dict[str, Callable[[str], QuestionVector | None]] = {
        "words": lambda text: None,
        "words and vectors": lambda text: _embed(gpt, text),
    }
    for language in ("English", "Chinese"):
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(TIMED_QUESTIONS + 5):
            text = writer.write_question(is_chinese=language == "Chinese")
            # In turn, so that both ways meet the same load.
            for name, embed in ways.items():
                started = time.perf_counter()
                vector = embed(text)
                with system_scope("benchmarks.meaning"):
                    look_up(gpt, text, LIMIT, vector=vector)
                if number >= 5:
                    taken[name].append((time.perf_counter() - started) * 1000)
        for name, values in taken.items():
            print(
                f"  {language + ', ' + name:28}" + "".join(f"{v:8.1f}" for v in _get_percentiles(values)),
                flush=True,
            )


def _embed(gpt: GPT, text: str) -> QuestionVector:
    with system_scope("benchmarks.meaning"):
        embedder = get_question_embedder(gpt)
    assert embedder is not None
    return embedder.embed([text])[0]


def _add_made_up_vectors(gpt: GPT) -> None:
    """Give every passage one of some random vectors: a search takes as long as with real ones."""
    random = np.random.default_rng(5)
    made = random.normal(size=(DIFFERENT_VECTORS, builtin_embeddings.DIMENSIONS))
    written = ["[" + ",".join(f"{value:.4g}" for value in row) + "]" for row in made]
    with system_scope("benchmarks.meaning"), connection.cursor() as cursor:
        model = ensure_builtin_embeddings(at=timezone.now())
        cursor.execute(
            "INSERT INTO gpts_passagevector (workspace_id, document_id, passage_id, model_id, code, vector)"
            " SELECT p.workspace_id, p.document_id, p.id, %s, binary_quantize(v.made), v.made"
            " FROM gpts_passage p"
            " JOIN gpts_knowledgefile f ON f.document_id = p.document_id AND f.gpt_id = %s"
            " JOIN unnest(%s::text[]) WITH ORDINALITY AS u(written, number)"
            " ON u.number = p.id %% %s + 1"
            " CROSS JOIN LATERAL (SELECT u.written::halfvec AS made) AS v",
            [model.pk, gpt.pk, written, DIFFERENT_VECTORS],
        )
        for document_id in Document.objects.filter(files__gpt=gpt).values_list("pk", flat=True):
            pack_vectors(document_id, model.pk, builtin_embeddings.DIMENSIONS)
        print(
            f"{PassageVector.objects.filter(document__files__gpt=gpt).count():,} vectors made up", flush=True
        )


def _get_percentiles(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]


@transaction.atomic
def _create_gpt(number: int, name: str) -> GPT:
    owner: User = create_user(
        email=f"bench{number}@example.test", password=None, display_name=f"Bench {number}",
        at=timezone.now(), is_email_verified=True,
    )  # fmt: skip
    return create_gpt(
        workspace=personal_workspace(owner), owner=owner, by=owner, at=timezone.now(), name=name,
        description="", instructions="", starters=[], category="other",
    )  # fmt: skip


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 100.0)

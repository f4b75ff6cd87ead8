"""Measurements of the knowledge benchmark, run in a process with the benchmark's settings."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 - needs the apps, as all below
from django.utils import timezone  # noqa: E402

from benchmarks.knowledge_files import add_files  # noqa: E402
from benchmarks.knowledge_text import Writer  # noqa: E402
from core.scope import system_scope  # noqa: E402
from gpts.assistants.models import GPT  # noqa: E402
from gpts.assistants.services.gpts import create_gpt  # noqa: E402
from gpts.knowledge.models import Document  # noqa: E402
from gpts.knowledge.retrieval import find_passages, get_question_embedder, is_answerable  # noqa: E402
from gpts.knowledge.retrieval.embedding import QuestionEmbedder, embed_passages  # noqa: E402
from gpts.llm.models import LanguageModel, ModelProvider  # noqa: E402
from gpts.llm.states import ModelKind, ProviderKind  # noqa: E402
from tests.support.retrieval import add_corpus, read_questions  # noqa: E402
from workspaces.access import personal_workspace  # noqa: E402
from workspaces.models import User  # noqa: E402
from workspaces.services.users import create_user  # noqa: E402

QUESTIONS = 300
DIMENSIONS = 256


def main(base_url: str, files: int, megabytes: float) -> None:
    with system_scope("benchmarks.knowledge"):
        reader, big, others = (
            _create_gpt(_create_user(n), name) for n, name in enumerate(("Reader", "Big", "Others"))
        )
        add_corpus(reader)
    _measure_recall("full text", reader)
    _measure_indexing(big, files, megabytes)
    _measure_indexing(others, max(1, files // 4), megabytes, seed=7)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    _measure_times(big)
    _measure_vectors(base_url, reader)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process, all of the above: {memory:.0f} MB")


def _measure_recall(name: str, gpt: GPT, embedder: QuestionEmbedder | None = None) -> None:
    print(f"\nrecall@5, {name}")
    asked = read_questions()
    # Before the scope is opened, because it waits for the fake server.
    vectors = {q.text: None if embedder is None else embedder.embed([q.text])[0] for q in asked}
    with system_scope("benchmarks.knowledge"):
        found = {q.text: find_passages(gpt, q.text, vector=vectors[q.text]) for q in asked}
    for language in ("en", "zh", "mixed"):
        group = [q for q in asked if q.answer and q.language == language]
        right = sum(q.answer in {f"{p.file}#{p.heading}" for p in found[q.text]} for q in group)
        print(f"  {language:6} {right / len(group):6.3f} of {len(group)}")
    lost = [q for q in asked if q.answer and not is_answerable(found[q.text])]
    none = [found[q.text] for q in asked if not q.answer]
    answered = sum(is_answerable(passages) for passages in none)
    print(f"  no answer in the corpus: {answered} of {len(none)} would be answered,", end=" ")
    print(
        f"{sum(map(bool, none))} find some passage; {len(lost)} answerable ones would be declined",
        flush=True,
    )


def _measure_indexing(gpt: GPT, files: int, megabytes: float, seed: int = 3) -> None:
    started = time.perf_counter()
    passages, spent = add_files(gpt, files, megabytes, seed=seed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\nindexing {files} files of {megabytes:g} MB, {passages:,} passages: {spent:.1f} s"
        f" ({time.perf_counter() - started:.1f} s with making them); peak memory so far {memory:.0f} MB",
        flush=True,
    )


def _measure_times(gpt: GPT) -> None:
    writer = Writer(99)
    cases: list[tuple[str, Callable[[int], str]]] = [
        ("English", lambda n: writer.write_question(is_chinese=False)),
        ("Chinese", lambda n: writer.write_question(is_chinese=True)),
    ]
    print("\ntime of one retrieval, ms     p50     p90     p99     max")
    for name, ask in cases:
        asked = [ask(number) for number in range(QUESTIONS)]
        taken = []
        for number, text in enumerate(["warm up"] * 5 + asked):
            started = time.perf_counter()
            with system_scope("benchmarks.knowledge"):
                find_passages(gpt, text)
            if number >= 5:
                taken.append((time.perf_counter() - started) * 1000)
        taken.sort()
        at = [taken[int(len(taken) * share)] for share in (0.5, 0.9, 0.99)]
        print(f"  {name:24}" + "".join(f"{value:8.1f}" for value in (*at, taken[-1])), flush=True)


def _measure_vectors(base_url: str, reader: GPT) -> None:
    with system_scope("benchmarks.knowledge"):
        provider = ModelProvider.objects.create(
            name="Fake", kind=ProviderKind.CHAT_COMPLETIONS, base_url=base_url, created_at=timezone.now()
        )
        LanguageModel.objects.create(
            provider=provider, name=f"embed-{DIMENSIONS}", label="Fake embeddings", context_window=8_000,
            max_output_tokens=1, kind=ModelKind.EMBEDDING, dimensions=DIMENSIONS,
        )  # fmt: skip
        documents = list(Document.objects.filter(files__gpt=reader).values_list("pk", flat=True))
    started = time.perf_counter()
    made = sum(embed_passages(document, at=timezone.now()) for document in documents)
    print(f"\n{made} passages embedded in {time.perf_counter() - started:.1f} s (hashes of words, no model)")
    with system_scope("benchmarks.knowledge"):
        embedder = get_question_embedder(reader)
    _measure_recall("full text and the vectors of the fake server", reader, embedder)


def _create_user(number: int) -> User:
    return create_user(
        email=f"bench{number}@example.test", password=None, display_name=f"Bench {number}", at=timezone.now(),
        is_email_verified=True,
    )  # fmt: skip


@transaction.atomic
def _create_gpt(owner: User, name: str) -> GPT:
    return create_gpt(
        workspace=personal_workspace(owner), owner=owner, by=owner, at=timezone.now(), name=name,
        description="", instructions="", starters=[], category="other",
    )  # fmt: skip


if __name__ == "__main__":
    url, *sizes = sys.argv[1:]
    main(url, int(sizes[0]) if sizes else 20, float(sizes[1]) if len(sizes) > 1 else 5.0)

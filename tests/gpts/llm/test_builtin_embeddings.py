"""The built-in embeddings model: what it finds near, what it bounds, and what it needs."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from gpts.llm.runtime import builtin_embeddings
from gpts.llm.runtime.builtin_embeddings import DIMENSIONS, Kind, embed, has_needed_instructions
from gpts.llm.runtime.embeddings import embed as embed_by
from gpts.llm.runtime.types import FailureCode, ModelAPI, ModelFailure, ModelSpec

SPEC = ModelSpec(name=builtin_embeddings.NAME, api=ModelAPI.OFFLINE)


def compare(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_a_question_is_nearest_to_its_answer_in_either_language() -> None:
    passages = embed_by(SPEC, ["Refunds are paid within 14 days.", "猫喜欢晒太阳。"], timeout=60)

    for question in ("When do I get my money back?", "多久能退款？"):
        (asked,) = embed_by(SPEC, [question], timeout=60, kind="query")
        assert compare(asked, passages[0]) > compare(asked, passages[1])

    assert {len(vector) for vector in passages} == {DIMENSIONS}
    assert all(math.isclose(compare(vector, vector), 1.0, abs_tol=1e-3) for vector in passages)


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_a_long_text_counts_by_its_beginning(kind: Kind) -> None:
    """So that a long question delays no answer, and a passage no other."""
    text = "one two three " * 400

    (cut,) = embed([text], kind=kind, timeout=60)
    (longer,) = embed([text + "and something else " * 400], kind=kind, timeout=60)

    assert compare(cut, longer) > 0.999


def test_odd_texts_have_vectors_and_threads_share_the_model() -> None:
    texts = ["", "\0", "\ud800", "🙂" * 50, "x"]
    alone = [embed([text], kind="query", timeout=60)[0] for text in texts]

    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda text: embed([text], kind="query", timeout=60)[0], texts * 3))

    assert together == alone * 3


def test_without_a_free_slot_it_is_busy() -> None:
    for _slot in range(builtin_embeddings.SLOTS):
        assert builtin_embeddings._slots.acquire(blocking=False)
    try:
        with pytest.raises(ModelFailure) as failure:
            embed(["text"], kind="query", timeout=0.01)
    finally:
        builtin_embeddings._slots.release(builtin_embeddings.SLOTS)

    assert failure.value.code is FailureCode.PROVIDER_SLOW


def test_where_it_is_missing_the_failure_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin_embeddings, "is_available", lambda: False)

    with pytest.raises(ModelFailure) as failure:
        embed(["text"], kind="query", timeout=1)

    assert (failure.value.code, failure.value.detail) == (FailureCode.PROVIDER_DOWN, "missing")


@pytest.mark.parametrize(
    ("cpu_info", "is_enough"),
    [
        ("processor : 0\nflags\t\t: fpu sse avx avx2 fma f16c\n", True),
        ("processor : 0\nflags\t\t: fpu sse avx\n", False),
        ("", True),
        ("processor : 0\nFeatures : fp asimd\n", True),
    ],
)
def test_processors_without_the_instructions_are_not_used(cpu_info: str, is_enough: bool) -> None:
    assert has_needed_instructions(cpu_info) is is_enough

"""Embeds texts, by the OpenAI embeddings protocol or the built-in model, for synchronous callers."""

from __future__ import annotations

import asyncio
import math
import os
import threading
from collections.abc import Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError

import httpx2

from core.connections import release_connection
from core.outbound_guard import OutboundRefused
from gpts.llm.runtime import builtin_embeddings
from gpts.llm.runtime.builtin_embeddings import Kind
from gpts.llm.runtime.openai_clients import get_shared_client, load_sdk, translate_sdk_error
from gpts.llm.runtime.types import FailureCode, ModelAPI, ModelFailure, ModelSpec

# What a server answers that takes fewer texts at once, or shorter ones; some fail with 500 instead.
REFUSALS = frozenset({400, 413, 422, 500})

# One event loop per process, so that calls reuse connections; by process id because of forks.
_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}


class BatchRefused(ModelFailure):  # not ...Error, like ModelFailure
    """The server refused these texts, or answered with vectors that are not theirs: fewer may work."""


def embed(
    spec: ModelSpec, texts: Sequence[str], *, timeout: float, kind: Kind = "passage"
) -> list[list[float]]:
    """Return one vector per text, in order. Raises ModelFailure, after ``timeout`` seconds at the latest.

    ``kind`` matters to models that embed questions otherwise than passages; over the network it is not sent.
    BatchRefused when fewer or shorter texts may succeed. Not inside a transaction: see
    core.connections.release_connection.
    """
    release_connection("embeddings")
    if spec.api is ModelAPI.OFFLINE:
        return builtin_embeddings.embed(texts, kind=kind, timeout=timeout)
    load_sdk()  # before the time of the call begins
    future = asyncio.run_coroutine_threadsafe(_embed(spec, list(texts), timeout), _get_loop())
    try:
        return future.result(timeout + 1.0)
    except FutureTimeoutError:
        future.cancel()
    raise ModelFailure(FailureCode.PROVIDER_SLOW, detail="timeout")


async def _embed(spec: ModelSpec, texts: list[str], timeout: float) -> list[list[float]]:
    failure: ModelFailure
    api_error, sdk_error = load_sdk()
    try:
        async with asyncio.timeout(timeout):
            answer = await get_shared_client(spec).embeddings.create(
                model=spec.name, input=texts, encoding_format="float"
            )
        rows = sorted(answer.data, key=lambda row: row.index)
        vectors = [[float(value) for value in row.embedding] for row in rows]
        if len(vectors) == len(texts) and _are_usable(vectors):
            return vectors
        failure = BatchRefused(FailureCode.MALFORMED_STREAM, detail="vectors")
    except api_error as error:
        failure = translate_sdk_error(error)
        if getattr(error, "status_code", 0) in REFUSALS and failure.code is not FailureCode.BAD_KEY:
            failure = BatchRefused(failure.code, detail=failure.detail)
    except (TimeoutError, httpx2.TimeoutException):
        failure = ModelFailure(FailureCode.PROVIDER_SLOW, detail="timeout")
    except httpx2.HTTPError:
        failure = ModelFailure(FailureCode.PROVIDER_DOWN, detail="connection")
    except OutboundRefused:
        failure = ModelFailure(FailureCode.PROVIDER_DOWN, detail="address")
    except (sdk_error, AttributeError, TypeError, ValueError):
        failure = BatchRefused(FailureCode.MALFORMED_STREAM, detail="body")
    # Raised outside the handlers: the provider's error may quote the text and would be the context.
    raise failure


def _are_usable(vectors: list[list[float]]) -> bool:
    """Whether all have one length and are numbers; a vector of zeros or with NaN is near to nothing."""
    return len({len(vector) for vector in vectors}) == 1 and all(
        any(vector) and all(map(math.isfinite, vector)) for vector in vectors
    )


def _get_loop() -> asyncio.AbstractEventLoop:
    with _lock:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="embeddings", daemon=True).start()
        return loop

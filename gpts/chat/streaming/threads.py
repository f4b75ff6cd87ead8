"""Threads for the database and rendering work of streams."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V", bound=Callable[..., Any])

# Less than the size of the connection pool, so that pages get a connection while many turns start.
THREADS = 6
_executor = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="chat")
# They only wait, for the processes of core.render_pool, where each person has one text at a time.
RENDER_THREADS = 16
_renderer = ThreadPoolExecutor(max_workers=RENDER_THREADS, thread_name_prefix="render")
_loop: contextvars.ContextVar[asyncio.AbstractEventLoop] = contextvars.ContextVar("loggia_chat_loop")


async def in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run ``work`` in a chat thread, which returns its database connection to the pool afterwards."""
    loop = asyncio.get_running_loop()
    context = contextvars.copy_context()
    context.run(_loop.set, loop)
    call = partial(context.run, _run_and_close, partial(work, *args, **kwargs))
    return await loop.run_in_executor(_executor, call)


async def in_render_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run work without database access that waits for rendered text, beside the streams."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_renderer, partial(work, *args, **kwargs))


def _run_and_close(work: Callable[[], R]) -> R:
    try:
        return work()
    finally:
        connections.close_all()


def get_chat_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop of the caller, which runs on it or in a thread of ``in_thread``."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return _loop.get()


def chat_view(view: V) -> V:
    """Mark a sync view that may answer with a stream, and that opens its scope itself.

    The handler runs it and all middleware in one call in a chat thread.
    """
    view.is_chat_view = True  # type: ignore[attr-defined]
    return view


def is_chat_view(view: Callable[..., Any]) -> bool:
    return getattr(view, "is_chat_view", False)

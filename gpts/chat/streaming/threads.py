"""Database work of streams: in few threads that return their connection after each call."""

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

# Fewer than the connection pool has, so that pages still find a connection while many turns start.
THREADS = 6
_executor = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="chat")
_renderer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="render")
_loop: contextvars.ContextVar[asyncio.AbstractEventLoop] = contextvars.ContextVar("loggia_chat_loop")


async def in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run ``work`` in a chat thread; a stream must not hold a database connection while it is open."""
    loop = asyncio.get_running_loop()
    context = contextvars.copy_context()
    context.run(_loop.set, loop)
    call = partial(context.run, _and_close, partial(work, *args, **kwargs))
    return await loop.run_in_executor(_executor, call)


async def in_render_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run CPU work without database access in a thread of its own, so that it does not delay the streams."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_renderer, partial(work, *args, **kwargs))


def _and_close(work: Callable[[], R]) -> R:
    try:
        return work()
    finally:
        connections.close_all()


def chat_loop() -> asyncio.AbstractEventLoop:
    """The event loop of the caller, which runs on it or in a thread of ``in_thread``."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return _loop.get()


def chat_view(view: V) -> V:
    """Mark a sync view that may answer with a stream: it opens its scope itself, and the handler runs it,
    with all middleware, in one hop to a chat thread."""
    view.is_chat_view = True  # type: ignore[attr-defined]
    return view


def is_chat_view(view: Callable[..., Any]) -> bool:
    return getattr(view, "is_chat_view", False)

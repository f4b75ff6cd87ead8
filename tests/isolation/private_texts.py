"""Private texts of the world, such as drafts, files, chats and bank accounts, and who may read them."""

from __future__ import annotations

from tests.isolation.worlds.chats import SECRET_ANSWER, SECRET_QUESTION
from tests.isolation.worlds.creations import SECRETS
from tests.isolation.worlds.judged import SECRET_REPORT
from tests.isolation.worlds.money import SECRET_NAME_ON_ACCOUNT

# They asked the same question in conversations of their own.
ASKERS = ("owner", "member", "admin", "stranger", "rival")
# The people who may read each secret text.
READERS: dict[str, set[str]] = (
    {word: {"owner"} for word in SECRETS}
    | {word: {*ASKERS} for word in (SECRET_QUESTION, SECRET_ANSWER)}
    | {SECRET_REPORT: {"moderator"}, SECRET_NAME_ON_ACCOUNT: {"owner", "finance"}}
)


def find_leaks(body: bytes, actor: str) -> set[str]:
    """Return the private texts in a response that its receiver may not read."""
    text = body.decode(errors="replace")
    return {word for word, readers in READERS.items() if actor not in readers and word in text}

"""Generating one listing from its number. The same number always gives the same listing."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from gpts.assistants.states import Category
from marketplace.synthetic.word_lists import WORD_LISTS

CAPABILITY_SETS: tuple[list[str], ...] = (
    [],
    ["web_search"],
    ["file_search"],
    ["file_search", "web_search"],
    ["code"],
    ["vision"],
)
# Users of the most used listing; others have fewer by the square root of their rank.
MAX_USERS = 350


@dataclass(frozen=True)
class SyntheticListing:
    """The facts of a synthetic listing; ages are in days before now."""

    number: int
    slug: str
    topic: str
    name: str
    description: str
    starters: list[str]
    category: str
    capabilities: list[str]
    is_chinese: bool
    users: int
    age_days: int
    stars: float


def generate_listing(number: int) -> SyntheticListing:
    """Generate the listing with this number."""
    rng = Random(number * 7_919)  # noqa: S311 - reproducible, not secret
    category = list(Category)[number % len(Category)]
    is_chinese = number % 3 == 2
    topic, name, description, starters = (_generate_chinese if is_chinese else _generate_english)(
        rng, category.value
    )
    # A pseudo-random rank, so that topping up adds popular and unpopular listings alike.
    rank = 1 + (number * 48_271) % 99_991
    return SyntheticListing(
        number=number,
        slug=f"catalogue-{number:06d}",
        topic=topic,
        name=name,
        description=description,
        starters=starters,
        category=category.value,
        capabilities=list(rng.choice(CAPABILITY_SETS)),
        is_chinese=is_chinese,
        users=round(MAX_USERS / rank**0.5) + (1 if rng.random() < 0.3 else 0),
        age_days=rng.randrange(1, 400),
        stars=min(5.0, max(2.0, rng.gauss(4.2, 0.5))),
    )


def _generate_english(rng: Random, category: str) -> tuple[str, str, str, list[str]]:
    topic = rng.choice(WORD_LISTS[f"topics en {category}"])
    manner = rng.choice(WORD_LISTS["manners en"])
    role = rng.choice(WORD_LISTS["roles en"])
    name = f"{topic} {role}" if rng.random() < 0.2 else f"{manner.capitalize()} {topic.lower()} {role}"
    first, second = rng.sample(WORD_LISTS["purposes en"], 2)
    audience = rng.choice(WORD_LISTS["audiences en"])
    description = f"A {manner} {role} {audience}: {topic.lower()} without the fuss. {first}. {second}."
    starters = [text.format(topic=topic.lower()) for text in rng.sample(WORD_LISTS["starters en"], 3)]
    return topic, name[:50], description[:300], starters


def _generate_chinese(rng: Random, category: str) -> tuple[str, str, str, list[str]]:
    topic = rng.choice(WORD_LISTS[f"topics zh {category}"])
    manner = rng.choice(WORD_LISTS["manners zh"])
    role = rng.choice(WORD_LISTS["roles zh"])
    first, second = rng.sample(WORD_LISTS["purposes zh"], 2)
    audience = rng.choice(WORD_LISTS["audiences zh"])
    description = f"{manner}的{topic}{role}，{audience}。{first}。{second}。"
    starters = [text.format(topic=topic) for text in rng.sample(WORD_LISTS["starters zh"], 3)]
    return topic, f"{manner}{topic}{role}", description, starters

"""Inventing one listing from its number: the same number always gives the same listing."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from gpts.assistants.states import Category
from marketplace.catalogue.words import LISTS

CAPABILITY_SETS: tuple[list[str], ...] = (
    [],
    ["web_search"],
    ["file_search"],
    ["file_search", "web_search"],
    ["code"],
    ["vision"],
)
# Of the most used listing; the next ones fall off with the square root of their place.
MOST_USERS = 350


@dataclass(frozen=True)
class Invented:
    """The facts of a synthetic listing; ages are in days before now."""

    number: int
    slug: str
    name: str
    description: str
    starters: list[str]
    category: str
    capabilities: list[str]
    is_chinese: bool
    users: int
    age_days: int
    stars: float


def invent(number: int) -> Invented:
    rng = Random(number * 7_919)  # noqa: S311 - reproducible, not secret
    category = list(Category)[number % len(Category)]
    is_chinese = number % 3 == 2
    name, description, starters = (_chinese if is_chinese else _english)(rng, category.value)
    # A place spread evenly over the catalogue, so that topping up adds popular and unpopular ones alike.
    place = 1 + (number * 48_271) % 99_991
    return Invented(
        number=number,
        slug=f"catalogue-{number:06d}",
        name=name,
        description=description,
        starters=starters,
        category=category.value,
        capabilities=list(rng.choice(CAPABILITY_SETS)),
        is_chinese=is_chinese,
        users=round(MOST_USERS / place**0.5) + (1 if rng.random() < 0.3 else 0),
        age_days=rng.randrange(1, 400),
        stars=min(5.0, max(2.0, rng.gauss(4.2, 0.5))),
    )


def _english(rng: Random, category: str) -> tuple[str, str, list[str]]:
    topic = rng.choice(LISTS[f"topics en {category}"])
    manner = rng.choice(LISTS["manners en"])
    role = rng.choice(LISTS["roles en"])
    name = f"{topic} {role}" if rng.random() < 0.2 else f"{manner.capitalize()} {topic.lower()} {role}"
    first, second = rng.sample(LISTS["purposes en"], 2)
    audience = rng.choice(LISTS["audiences en"])
    description = f"A {manner} {role} {audience}: {topic.lower()} without the fuss. {first}. {second}."
    starters = [text.format(topic=topic.lower()) for text in rng.sample(LISTS["starters en"], 3)]
    return name[:50], description[:300], starters


def _chinese(rng: Random, category: str) -> tuple[str, str, list[str]]:
    topic = rng.choice(LISTS[f"topics zh {category}"])
    manner = rng.choice(LISTS["manners zh"])
    role = rng.choice(LISTS["roles zh"])
    first, second = rng.sample(LISTS["purposes zh"], 2)
    audience = rng.choice(LISTS["audiences zh"])
    description = f"{manner}的{topic}{role}，{audience}。{first}。{second}。"
    starters = [text.format(topic=topic) for text in rng.sample(LISTS["starters zh"], 3)]
    return f"{manner}{topic}{role}", description, starters

"""The search column: what a listing can be found under, weighted name > tagline > description > starters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from marketplace.search.tokens import index_tokens, words

# PostgreSQL keeps positions up to 16383; texts here are far shorter.
NAME_MARK = "="
WEIGHTS = ("A", "B", "C", "D")


@dataclass(frozen=True)
class Searchable:
    """The texts of a listing in falling order of weight."""

    name: str
    tagline: str
    description: str
    starters: str

    @classmethod
    def of(cls, *, name: str, tagline: str, description: str, starters: Iterable[str]) -> Searchable:
        return cls(name=name, tagline=tagline, description=description, starters="\n".join(starters))

    @property
    def texts(self) -> tuple[str, str, str, str]:
        return (self.name, self.tagline, self.description, self.starters)

    def exact_vector(self) -> str:
        """Return a tsvector literal of all tokens as they were written."""
        places: dict[str, list[str]] = {}
        position = 0
        for text, weight in zip(self.texts, WEIGHTS, strict=True):
            for token in index_tokens(text):
                position = min(position + 1, 16_000)
                places.setdefault(token, []).append(f"{position}{weight}")
        # Names once more under a mark of their own: the planner then knows how rare a word is in names.
        for token in index_tokens(self.name):
            places.setdefault(NAME_MARK + token, ["1"])
        return " ".join(f"{quote(token)}:{','.join(where[:60])}" for token, where in places.items())

    def english(self) -> tuple[str, str, str, str]:
        """Return the words of each text, separated by spaces, for the English stemmer."""
        name, tagline, description, starters = (" ".join(words(text)) for text in self.texts)
        return name, tagline, description, starters


def quote(lexeme: str) -> str:
    """Return a lexeme as a literal inside a tsvector or tsquery."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


# Takes exact_vector() and the four texts of english().
VECTOR_SQL = (
    "%s::tsvector || setweight(to_tsvector('english', %s), 'A') || setweight(to_tsvector('english', %s), 'B')"
    " || setweight(to_tsvector('english', %s), 'C') || setweight(to_tsvector('english', %s), 'D')"
)

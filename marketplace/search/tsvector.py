"""Building the search column of a listing, weighted name > tagline > description > starters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from marketplace.search.tokens import list_index_tokens, list_latin_words

# Prefix of the tokens that are indexed once more because they occur in the name.
NAME_MARK = "="
# PostgreSQL stores positions up to 16383.
MAX_POSITION = 16_000
WEIGHTS = ("A", "B", "C", "D")


@dataclass(frozen=True)
class Searchable:
    """The texts of a listing in descending order of weight."""

    name: str
    tagline: str
    description: str
    starters: str

    @classmethod
    def from_texts(cls, *, name: str, tagline: str, description: str, starters: Iterable[str]) -> Searchable:
        return cls(name=name, tagline=tagline, description=description, starters="\n".join(starters))

    @property
    def texts(self) -> tuple[str, str, str, str]:
        return (self.name, self.tagline, self.description, self.starters)

    def build_exact_vector(self) -> str:
        """Return a tsvector literal of all tokens as written."""
        positions: dict[str, list[str]] = {}
        position = 0
        for text, weight in zip(self.texts, WEIGHTS, strict=True):
            for token in list_index_tokens(text):
                position = min(position + 1, MAX_POSITION)
                positions.setdefault(token, []).append(f"{position}{weight}")
        # Index names once more with a prefix: the planner then knows how rare a word is in names.
        for token in list_index_tokens(self.name):
            positions.setdefault(NAME_MARK + token, ["1"])
        return " ".join(f"{quote_lexeme(token)}:{','.join(where[:60])}" for token, where in positions.items())

    def build_english_texts(self) -> tuple[str, str, str, str]:
        """Return the words of each text, separated by spaces, for the English stemmer."""
        name, tagline, description, starters = (" ".join(list_latin_words(text)) for text in self.texts)
        return name, tagline, description, starters


def quote_lexeme(lexeme: str) -> str:
    """Return a lexeme quoted for a tsvector or tsquery literal."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


# Takes build_exact_vector() and the four texts of build_english_texts().
VECTOR_SQL = (
    "%s::tsvector || setweight(to_tsvector('english', %s), 'A') || setweight(to_tsvector('english', %s), 'B')"
    " || setweight(to_tsvector('english', %s), 'C') || setweight(to_tsvector('english', %s), 'D')"
)

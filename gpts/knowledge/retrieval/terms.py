"""Splitting text into the terms of the index: stemmed words, pairs of Chinese characters. Pure.

Chinese has no spaces between words and most of its words have two characters, so pairs of neighbours find
them without a dictionary. Single characters are indexed too: they find words of which the question has only
half, and have little weight (see ``get_kind_weight``). Chats (``gpts.chat.search_terms``) and insights
(``gpts.insights.terms``) split text by other rules.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import snowballstemmer

QUERY_LENGTH = 2_000
QUERY_TERMS = 64
WORD_LENGTH = 40
SINGLE_WEIGHT = 0.12
MAX_LOCATIONS = 20

# Han with its extensions, kana and Hangul: scripts that are split into pairs.
_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
_TOKEN = re.compile(f"[{_CJK}]+|[^\\W_{_CJK}]+")
_LETTER = f"[^\\W_{_CJK}]"
_WORD = re.compile(f"{_LETTER}+")
_IS_CJK = re.compile(f"[{_CJK}]")
# Words that are also indexed by their parts (getUserById, E4031): see _split_word.
# Of longer words only the beginning is indexed; without this limit the search is quadratic in long words.
_REST = "[A-Za-z0-9]{0,40}"
_HAS_PARTS = re.compile(
    f"[a-z][A-Z]|[A-Z]{{2}}[a-z]|[A-Za-z][0-9]{_REST}[A-Z]|[A-Z]{_REST}[0-9]|[0-9]{_REST}[A-Z]"
)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ACCENTS = re.compile("[\u0300-\u036f]")

STOP_WORDS = frozenset(
    # As a list it would be two hundred lines.
    """
    a about above after again against all also am an and any are aren as at be because been before being
    below between both but by can could couldn d did didn do does doesn doing don done down during each
    else ever few for from further get gets getting give go goes going got had has hasn have haven
    having he her here hers him his how i if in into is isn it its itself just know let like ll m many
    may me might mine more most much must my no nor not now of off on once one only or other our ours
    out over own please re s same shall she should shouldn show so some such t tell than that the their
    theirs them then there these they this those through to too under until up us ve very want was wasn
    way we were weren what when where which while who whom whose why will with won would wouldn you your
    yours
    """.split()  # noqa: SIM905
)
_STOP_CHARACTERS = frozenset(
    "的了是在我你他她它们这那吗呢吧啊呀嘛和与及或也都就很有要请把被对从到之其么什怎哪几个些"
)
# Question words and particles. They are removed before pairs are made, so that no pair joins one to the
# subject of the question.
_QUESTION_WORDS = re.compile(
    "请问|想问|问一下|告诉我|想知道|有没有|是不是|能不能|可不可以|要不要|会不会"
    "|该不该|什么时候|什么|为什么|为何|怎么样|怎么办|怎么|怎样|如何|多少|多久"
    "|多长时间|多长|多大|多远|哪里|哪儿|哪些|哪个|哪天|哪一|几天|几个|几次"
    "|几点|几年|可以|可否|能否|是否|需要|应该|应当|如果|的话|一下|我们|你们"
    "|他们|咱们|自己|这个|那个|这些|那些|吗|呢|吧|啊|呀|嘛|们"
    "|(?<!目)的(?![士确])|了(?!解)"
)


def extract_terms(text: str) -> list[str]:
    """Return the terms of a passage in reading order, repeated as often as they occur."""
    found: list[str] = []
    for token in _TOKEN.findall(normalise(text)):
        if is_cjk(token):
            found.extend(_split_cjk(token))
        else:
            found.extend(_split_word(token))
    return found


def extract_query_terms(text: str) -> list[str]:
    """Return the distinct terms of a question without question words; words and pairs come first."""
    normalised = normalise(text[:QUERY_LENGTH])
    ordered = dict.fromkeys(extract_terms(_QUESTION_WORDS.sub(" ", normalised)))
    strong = [term for term in ordered if get_kind_weight(term) == 1.0]
    weak = [term for term in ordered if get_kind_weight(term) != 1.0]
    return [*strong, *weak][:QUERY_TERMS]


def locate_terms(terms: Sequence[str], text: str) -> dict[str, list[tuple[int, int]]]:
    """Return the (start, end) of terms in a text, at most MAX_LOCATIONS each; absent terms are left out.

    Much faster than extract_terms for the few terms of a question.
    """
    normalised = normalise(text)
    found: dict[str, list[tuple[int, int]]] = {}
    words = set()
    for term in terms:
        if not is_cjk(term):
            words.add(term)
            continue
        start = normalised.find(term)
        while start >= 0 and len(held := found.setdefault(term, [])) < MAX_LOCATIONS:
            held.append((start, start + len(term)))
            start = normalised.find(term, start + 1)
    if words:
        for match in _build_word_pattern(frozenset(words), normalised).finditer(normalised):
            for term in _split_word(match[0]):
                if term in words and len(held := found.setdefault(term, [])) < MAX_LOCATIONS:
                    held.append(match.span())
    return found


def _build_word_pattern(terms: frozenset[str], text: str) -> re.Pattern[str]:
    """Return a pattern for the words of the text that may have one of the terms.

    A stem has the first two letters of its word, so most words of a text need not be stemmed.
    """
    return _WORD if _HAS_PARTS.search(text) else _build_prefix_pattern(terms)


@lru_cache(maxsize=256)
def _build_prefix_pattern(terms: frozenset[str]) -> re.Pattern[str]:
    # Both cases are written out, because IGNORECASE with these large character classes compiles in 10 ms.
    begins = sorted({_match_either_case(term[:1]) + _match_either_case(term[1:2]) for term in terms})
    return re.compile(f"(?<!{_LETTER})(?:{'|'.join(begins)}){_LETTER}*")


def _match_either_case(letter: str) -> str:
    """Return a pattern for a letter in either case; for i and y both ("dying" has the stem "die")."""
    if letter in ("i", "y"):
        return "[iIyY]"
    other = letter.upper()
    return re.escape(letter) if other == letter or len(other) > 1 else f"[{letter}{other}]"


def get_kind_weight(term: str) -> float:
    """Return the factor for the kind of a term: SINGLE_WEIGHT for a single Chinese character, else 1."""
    return SINGLE_WEIGHT if len(term) == 1 and is_cjk(term) else 1.0


def is_cjk(token: str) -> bool:
    """Return whether the token is Han, kana or Hangul, which are split into pairs."""
    return token[:1] > "\u303f" and _IS_CJK.match(token) is not None


def extract_words(text: str) -> list[str]:
    """Return the Latin words of a text from four letters on, in lower case, unstemmed."""
    found = []
    for token in _TOKEN.findall(normalise(text)):
        word = token.lower()
        if 4 <= len(word) <= WORD_LENGTH and word.isascii() and word.isalpha() and word not in STOP_WORDS:
            found.append(word)
    return found


def normalise(text: str) -> str:
    """Return ``text`` with full-width forms folded and without accents."""
    if text.isascii():
        return text
    folded = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", _ACCENTS.sub("", folded))


@lru_cache(maxsize=60_000)
def stem(word: str) -> str:
    """Return the English stem (Snowball) of a lower-case word; words of other alphabets as they are."""
    if len(word) < 3 or not (word.isascii() and word.isalpha()):
        return word
    with _lock:
        return str(_stemmer.stemWord(word))


# The stemmer is not thread-safe: it keeps the current word in an attribute.
_lock = threading.Lock()
_stemmer = snowballstemmer.stemmer("english")


def _split_cjk(run: str) -> list[str]:
    if len(run) == 1:
        return [] if run in _STOP_CHARACTERS else [run]
    found = []
    for index, character in enumerate(run):
        if character not in _STOP_CHARACTERS:
            found.append(character)
        pair = run[index : index + 2]
        if len(pair) == 2 and not (pair[0] in _STOP_CHARACTERS and pair[1] in _STOP_CHARACTERS):
            found.append(pair)
    return found


@lru_cache(maxsize=60_000)
def _split_word(token: str) -> tuple[str, ...]:
    word = token.lower()
    if word in STOP_WORDS:
        return ()
    if len(word) > WORD_LENGTH:
        word = word[:WORD_LENGTH]
    whole = stem(word)
    if token.isascii() and not (token.islower() or token.isdigit() or token.istitle() or token.isupper()):
        # getUserById is indexed as a whole and by its parts.
        parts = [stem(part.lower()) for part in _PART.findall(token) if part.lower() not in STOP_WORDS]
        return (whole, *(part for part in parts if part != whole))
    if token.isupper() and token.isascii() and not token.isalpha():
        return (whole, *(part.lower() for part in _PART.findall(token) if part.lower() != whole))
    return (whole,)

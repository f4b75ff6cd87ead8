"""Splitting text into the terms of the index: stemmed words, pairs of Chinese characters. Pure.

Chinese has no spaces between words and most of its words have two characters, so pairs of neighbours find
them without a dictionary. Single characters are indexed too: they find words of which the question has only
half, and have little weight (see ``get_kind_weight``). Thai and its neighbours become pairs of signs with
their vowels. ``folding`` makes one spelling of several, ``compounds`` joins numbers and codes. Chats
(``gpts.chat.search_terms``) and insights (``gpts.insights.terms``) split text by other rules.

Whoever changes which terms a text has raises TERMS_VERSION: a job then builds every index anew, and until it
has, ``terms_v1`` says what the old ones hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from gpts.knowledge.retrieval.compounds import TAIL_MARK, get_phone_tail, iter_compounds, join_acronyms
from gpts.knowledge.retrieval.folding import CJK, UNSPACED, list_marks
from gpts.knowledge.retrieval.folding import normalise as fold
from gpts.knowledge.retrieval.stems import may_begin_otherwise, stem

TERMS_VERSION = 2
QUERY_LENGTH = 2_000
QUERY_TERMS = 64
WORD_LENGTH = 40
SINGLE_WEIGHT = 0.12
MAX_LOCATIONS = 20

_MARKS = list_marks()
_LETTER = f"[^\\W_{CJK}{UNSPACED}]"
_WORD = re.compile(f"{_LETTER}(?:{_LETTER}|[{_MARKS}])*")
_TOKEN = re.compile(f"[{CJK}]+|[{UNSPACED}]+|{_WORD.pattern}")
_IS_PAIRED = re.compile(f"[{CJK}{UNSPACED}]")
_SIGN = re.compile(f"[^{_MARKS}][{_MARKS}]*")
# Words that are also indexed by their parts (getUserById, E4031, 20kg): see _split_word.
# Of longer words only the beginning is indexed; without this limit the search is quadratic in long words.
_HAS_PARTS = re.compile("[a-z][A-Z]|[A-Z]{2}[a-z]|[A-Za-z][0-9]|[0-9][A-Za-z]")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

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


# "WHO" in a text is no stop word; in a text of capitals alone it may be one.
_LATIN_WORD = re.compile("[A-Za-z]+")
_SHOUTED_WORDS = 3


def normalise(text: str) -> str:
    """Return ``text`` folded to the form that terms are made from (see folding), with U.S. as US."""
    return join_acronyms(fold(text))


def extract_terms(text: str) -> list[str]:
    """Return the terms of a passage, repeated as often as they occur: those of its words in reading order,
    then those of its compounds."""
    normalised = normalise(text)
    found = [term for _start, _end, terms in _iter_tokens(normalised) for term in terms]
    found.extend(term for compound in iter_compounds(normalised) for term in compound.terms)
    return found


def extract_query_terms(text: str) -> list[str]:
    """Return the distinct terms of a question without question words; words and pairs come first.

    A question of stop words alone keeps them: "who" finds WHO.
    """
    normalised = _QUESTION_WORDS.sub(" ", normalise(text[:QUERY_LENGTH]))
    compounds = list(iter_compounds(normalised))
    wholes = [(one.start, one.end) for one in compounds if one.replaces_parts]
    ordered: dict[str, None] = {}
    for start, end, terms in _iter_tokens(normalised):
        if not any(first <= start and end <= last for first, last in wholes):
            ordered.update(dict.fromkeys(terms))
    ordered.update(dict.fromkeys(term for compound in compounds for term in compound.terms))
    if not ordered:
        ordered = dict.fromkeys(word.lower() for word in _LATIN_WORD.findall(normalised))
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
    if not words:
        return found
    is_shouted = _is_shouted(normalised)
    for match in _build_word_pattern(frozenset(words), normalised).finditer(normalised):
        for term in _split_word(match[0], _keeps_stop_word(match, normalised, is_shouted=is_shouted)):
            if term in words and len(held := found.setdefault(term, [])) < MAX_LOCATIONS:
                held.append(match.span())
    for compound in iter_compounds(normalised):
        for term in compound.terms:
            if term in words and len(held := found.setdefault(term, [])) < MAX_LOCATIONS:
                held.append((compound.start, compound.end))
    return found


def _iter_tokens(normalised: str) -> Iterator[tuple[int, int, Sequence[str]]]:
    """Yield (start, end, terms) of each word or run of characters."""
    is_shouted = _is_shouted(normalised)
    for match in _TOKEN.finditer(normalised):
        token = match[0]
        if is_cjk(token):
            yield *match.span(), _split_cjk(token) if not _is_unspaced(token) else _split_signs(token)
        else:
            keeps_stop = _keeps_stop_word(match, normalised, is_shouted=is_shouted)
            yield *match.span(), _split_word(token, keeps_stop)


def _is_shouted(normalised: str) -> bool:
    """Whether a text is written in capitals throughout, so that they distinguish no word."""
    if normalised != normalised.upper() or _IS_PAIRED.search(normalised):
        return False
    return len(_LATIN_WORD.findall(normalised)) > _SHOUTED_WORDS


def _keeps_stop_word(match: re.Match[str], text: str, *, is_shouted: bool) -> bool:
    """Whether a word that would be a stop word is a name: WHO, IT, US, and the D of "vitamin D"."""
    word = match[0]
    if is_shouted or not word.isascii() or not word.isupper():
        return False
    if len(word) > 1:
        return True
    return word != "I" and text[max(0, match.start() - 2) : match.start()][:1].isalpha()


def _build_word_pattern(terms: frozenset[str], text: str) -> re.Pattern[str]:
    """Return a pattern for the words of the text that may have one of the terms.

    A stem has the first two letters of its word, so most words of a text need not be stemmed.
    """
    if _HAS_PARTS.search(text) or any(may_begin_otherwise(term) or term[0] == TAIL_MARK for term in terms):
        return _WORD
    return _build_prefix_pattern(terms)


@lru_cache(maxsize=256)
def _build_prefix_pattern(terms: frozenset[str]) -> re.Pattern[str]:
    # Both cases are written out, because IGNORECASE with these large character classes compiles in 10 ms.
    begins = sorted({_match_beginning(term) for term in terms})
    return re.compile(f"(?<!{_LETTER})(?:{'|'.join(begins)})(?:{_LETTER}|[{_MARKS}])*")


def _match_beginning(term: str) -> str:
    # "ss" may be written "ß", which the tokens are folded to one by one.
    if "ss" in term[:3]:
        return f"{_match_either_case(term[:1])}(?:{_match_either_case(term[1:2])}|ß)"
    return _match_either_case(term[:1]) + _match_either_case(term[1:2])


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
    """Return whether the token is split into pairs: Hangul, and scripts without spaces (Han, kana, Thai)."""
    return token[:1] > "\u0e00" and _IS_PAIRED.match(token) is not None


def extract_words(text: str) -> list[str]:
    """Return the Latin words of a text from four letters on, in lower case, unstemmed."""
    found = []
    for token in _TOKEN.findall(normalise(text)):
        word = token.lower()
        if 4 <= len(word) <= WORD_LENGTH and word.isascii() and word.isalpha() and word not in STOP_WORDS:
            found.append(word)
    return found


def _is_unspaced(token: str) -> bool:
    return token[:1] < "\u3000"


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


def _split_signs(run: str) -> list[str]:
    """Return the pairs of signs of a run; a sign is a letter with the vowels and tones on it."""
    signs = _SIGN.findall(run)
    return signs if len(signs) == 1 else [one + two for one, two in pairwise(signs)]


@lru_cache(maxsize=60_000)
def _split_word(token: str, keeps_stop: bool) -> tuple[str, ...]:
    word = token.casefold()
    if word in STOP_WORDS:
        return (word,) if keeps_stop else ()
    if len(word) > WORD_LENGTH:
        word = word[:WORD_LENGTH]
    whole = stem(word)
    if not token.isascii() or (token.islower() and token.isalpha()) or (token.istitle() and token.isalpha()):
        return (whole,)
    if token.isdigit():
        tail = get_phone_tail(word)
        return (whole,) if tail is None else (whole, tail)
    if token.isupper() and token.isalpha():
        return (whole,)
    # getUserById and 20kg are indexed as a whole and by their parts.
    parts = [stem(part.lower()) for part in _PART.findall(token) if part.lower() not in STOP_WORDS]
    return (whole, *(part for part in parts if part != whole))

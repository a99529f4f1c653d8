"""Words in a text, all of them in one pass over it (Aho and Corasick, 1975)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from unicodedata import category, normalize

from ahocorasick import Automaton


class Found(NamedTuple):
    """A word, and the place of its first character in the text, from 1."""

    word: str
    place: int


class Words:
    """Finds words whatever width or case they are written in, also with invisible characters between.

    A word of Latin letters or digits is found where it stands by itself, not inside a longer one.

    >>> words = Words(["限时", "VIP9", "hurry"])
    >>> list(words.found("ＶＩＰ９限\u200b时")), list(words.found("vip99, hurrying"))
    ([Found(word='VIP9', place=1), Found(word='限时', place=5)], [])
    """

    def __init__(self, words: Iterable[str]) -> None:
        folded = {"".join(folded for folded, _ in _folded(word)): word for word in words}
        self._words = Automaton()
        for key, word in folded.items():
            if key:
                self._words.add_word(key, (word, key))
        if self._words:
            self._words.make_automaton()

    def found(self, text: str) -> Iterator[Found]:
        """Every occurrence, in the order of their ends."""
        if not self._words:
            return
        folded = list(_folded(text))
        plain = "".join(each for each, _ in folded)
        for last, (word, key) in self._words.iter(plain):
            first = last - len(key) + 1
            if not _joined(plain, first) and not _joined(plain, last + 1):
                yield Found(word, folded[first][1])


def _folded(text: str) -> Iterator[tuple[str, int]]:
    """The text without differences of width and case, each character with the place it comes from.

    Decomposed (NFKD) where one would compose (NFKC): then each character stands for itself, and places can be told.
    """
    for place, character in enumerate(text, 1):
        for each in normalize("NFKD", normalize("NFKD", character).casefold()):
            if category(each) != "Cf":
                yield each, place


def _joined(text: str, place: int) -> bool:
    """Whether a word goes on over this place."""
    return 0 < place < len(text) and all(each.isascii() and each.isalnum() for each in text[place - 1 : place + 1])

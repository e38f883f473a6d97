"""Stems of words, so that "designing" answers "design"."""

from functools import lru_cache

import snowballstemmer

_LANGUAGES = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "pt": "portuguese",
    "nl": "dutch",
    "pl": "polish",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}


@lru_cache(maxsize=50_000)
def stem(word: str, language: str) -> str:
    """The stem of a folded word in a language; the word itself where the language has no stemmer.

    Remembered, because a stem takes thirty microseconds and postings share their words. A stemmer holds the word it
    works on, so each call has its own: threads share nothing.
    """
    name = _LANGUAGES.get(language)
    return str(snowballstemmer.stemmer(name).stemWord(word)) if name else word

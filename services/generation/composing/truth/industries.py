"""Industries by the words that tell them: what a resume's metadata may call an employer's trade."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from services.generation.composing.truth.evidence import flat
from services.generation.skills.tokens import Tokenizer


def proved_industries(employers: Iterable[str], told: Iterable[str]) -> frozenset[str]:
    """What jobs prove, flat: the employers' own names, which stand in where no industry is known, and the industries
    that a word of what is told of the employers (their names, their descriptions, titles held there) stands for.
    """
    tokenizer = Tokenizer()
    text = "\n".join(tokenizer.key(each) for each in told)  # no word of theirs reaches over a line's end
    named = {flat(each) for each in employers}
    known = {flat(name) for name in industries_told(text)}
    return frozenset((named | known) - {""})


def industries_told(text: str) -> Counter[str]:
    """How many of the words of each industry stand in a text given as keys with a space around each."""
    singles, phrases = _words_by_first()
    found: Counter[str] = Counter()
    for word in set(text.split()):
        found.update(singles.get(word, ()))
        for phrase, name in phrases.get(word, ()):
            if phrase in text:
                found[name] += 1
    return found


@cache
def industry_words() -> Mapping[str, tuple[str, ...]]:
    """Words by the name of their industry, folded, with a space before and after."""
    table = tomllib.loads(files(__package__).joinpath("industries.toml").read_text(encoding="utf-8"))
    return {name: tuple(f" {word} " for word in found) for name, found in table["industries"].items()}


@cache
def _words_by_first() -> tuple[Mapping[str, list[str]], Mapping[str, list[tuple[str, str]]]]:
    """The industries by single word, and (phrase, industry) by the phrase's first word: a text has far fewer words
    than the industries have.
    """
    singles: dict[str, list[str]] = {}
    phrases: dict[str, list[tuple[str, str]]] = {}
    for name, words in industry_words().items():
        for word in words:
            first, *more = word.split()
            if more:
                phrases.setdefault(first, []).append((word, name))
            else:
                singles.setdefault(first, []).append(name)
    return singles, phrases

"""Industries by the words that tell them: what a resume's metadata may call an employer's trade."""

import tomllib
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
    known = {flat(name) for name, words in industry_words().items() if any(word in text for word in words)}
    return frozenset((named | known) - {""})


@cache
def industry_words() -> Mapping[str, tuple[str, ...]]:
    """Words by the name of their industry, folded, with a space before and after."""
    table = tomllib.loads(files(__package__).joinpath("industries.toml").read_text(encoding="utf-8"))
    return {name: tuple(f" {word} " for word in found) for name, found in table["industries"].items()}

"""Texts read once: their tokens and the skills they name, kept for as long as whoever reads them again.

texts = Texts(table)
tokens, mentions = texts.read("Moved 40 services to Kubernetes")   # the second time it is only looked up
"""

from services.generation.skills.extraction import Mention, find_skills
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import Tokens

_MOST = 1_000
"""Texts kept: a long profile has some hundreds, a resume made from it repeats most of them."""


class Texts:
    """A memory of what was read. Safe between threads: two that read one text at once read the same."""

    def __init__(self, table: SkillTable) -> None:
        self.table = table
        self._read: dict[str, tuple[Tokens, tuple[Mention, ...]]] = {}
        self._keys: dict[str, str] = {}

    def read(self, text: str) -> tuple[Tokens, tuple[Mention, ...]]:
        """The tokens of a text and the skills it names, in order."""
        known = self._read.get(text)
        if known is None:
            tokens = self.table.tokens(text)
            known = tokens, tuple(find_skills(tokens, self.table))
            if len(self._read) < _MOST:
                self._read[text] = known
        return known

    def tokens(self, text: str) -> Tokens:
        """The tokens of a text."""
        return self.read(text)[0]

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """The skills a text names, in order."""
        return self.read(text)[1]

    def key(self, phrase: str) -> str:
        """A phrase as it stands in `Tokens.joined`; "" when it has no word."""
        known = self._keys.get(phrase)
        if known is None:
            known = self.table.tokenizer.key(phrase)
            if len(self._keys) < _MOST:
                self._keys[phrase] = known
        return known

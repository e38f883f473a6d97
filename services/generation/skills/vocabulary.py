"""Words that tell a trade: those of the names of few skills."""

from functools import lru_cache

from services.generation.skills.table import SkillTable

_FEW = 10
"""A word in the names of more skills than this ("management", "design") tells no trade."""


@lru_cache(maxsize=4)
def trade_words(table: SkillTable) -> frozenset[str]:
    """Folded words that stand in the names of a few skills and no more. Made once for a table, in some milliseconds."""
    skills_with: dict[str, int] = {}
    for keys in table.spellings.values():
        for word in {word for key in keys for word in key.split()}:
            skills_with[word] = skills_with.get(word, 0) + 1
    return frozenset(word for word, number in skills_with.items() if number <= _FEW)

"""Which words are written small inside a sentence, as far as profile, posting and the table of skills tell."""

import re
from collections.abc import Callable
from functools import lru_cache

from services.generation.skills.table import SkillTable
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import profile_pb2

_WORD = re.compile(r"[^\W\d_]+")


def common_words(
    profile: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting, table: SkillTable
) -> Callable[[str], bool]:
    """Whether a word, given in small letters, is an ordinary one: written small somewhere, and no name by itself."""
    texts = [posting.analysis.text, profile.summary, profile.enhanced_summary]
    for job in profile.experience:
        texts += [job.description, *(each.enhanced_text or each.text for each in job.achievements)]
    own = {word for text in texts for word in _WORD.findall(text) if word.islower()}
    known = _of_table(table)

    def is_common(word: str) -> bool:
        return word in own or word in known

    return is_common


@lru_cache(maxsize=2)
def _of_table(table: SkillTable) -> frozenset[str]:
    """Words of names such as "Wound care", the first of which begins a name and is none; not "python"."""
    found: set[str] = set()
    for name in table.skills:
        first, *rest = name.split()
        if rest and all(word.isalpha() and word.islower() for word in rest) and first.isalpha():
            found.update((first.lower(), *rest))
    return frozenset(word for word in found if word.capitalize() not in table.skills)

"""The ranking of the tuned postings when the table of skills does not know their professions, simulated."""

import random
from dataclasses import replace

from services.generation.skills.table import SkillTable
from tests.benchmarks.matching_quality import ranking_quality
from tests.support.labelled_matches import TUNED_ON

_DRAWS = 5


def thinned(table: SkillTable, kept: float, seed: int) -> SkillTable:
    """The table with a random part of its technical skills, 0 to 1, as if the others were not known."""
    drawn = random.Random(seed)
    gone = {
        name for name, skill in table.skills.items() if skill.kind == "technical" and drawn.random() >= kept
    }
    left = {
        name: replace(skill, neighbours=skill.neighbours - gone)
        for name, skill in table.skills.items()
        if name not in gone
    }
    aliases = [
        alias if alias.skill is None else alias._replace(skill=left[alias.skill.name])
        for alias in table.aliases.values()
        if alias.skill is None or alias.skill.name in left
    ]
    return SkillTable(left.values(), aliases, table.tokenizer)


def thinned_ndcg5(table: SkillTable, kept: float) -> float:
    """Mean NDCG@5 over the tuned postings with a part of the technical skills; the mean of several draws."""
    values = []
    for seed in range(_DRAWS if 0 < kept < 1 else 1):
        part = thinned(table, kept, seed)
        for half in TUNED_ON:
            values += [each["vitae"] for each in ranking_quality(half, part).by_posting.values()]
    return sum(values) / len(values)

"""Who begins: graduates, whose studies say more than their jobs, and those whose title says that they are learning."""

from services.generation.composing.context import Context
from services.generation.composing.phrases import training_words
from services.generation.matching.tenure import tenure
from services.generation.skills.tokens import fold

_GRADUATE_YEARS = 2
"""Years of work before the latest studies, and since, below which education stands first."""


def is_graduate(context: Context) -> bool:
    """Whether the studies are newer than what little work was there before them; work beside them does not count."""
    jobs, studies = context.profile.experience, context.profile.education
    if not studies:
        return False
    latest = max(studies, key=lambda each: (each.end_date.year or 9999, each.end_date.month))
    lasts = not latest.end_date.year
    if not lasts and latest.end_date.year < context.today.year - _GRADUATE_YEARS:
        return not jobs
    first = latest.start_date.year * 12 + latest.start_date.month
    before = [each for each in jobs if not first or each.start_date.year * 12 + each.start_date.month < first]
    return tenure(before, context.today).years < _GRADUATE_YEARS


def is_learning(title: str) -> bool:
    """Whether a title is that of somebody who learns the trade: intern, apprentice, "Auszubildende", "stagiaire"."""
    whole, beginnings = training_words()
    words = ["".join(filter(str.isalpha, word)) for word in fold(title).replace("-", " ").split()]
    return any(word in whole or word.startswith(beginnings) for word in words if word)

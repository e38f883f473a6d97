"""How much each component of a score weighs."""

from collections.abc import Mapping

WEIGHTS: Mapping[str, float] = {
    "must_have_skills": 0.36,
    "nice_to_have_skills": 0.14,
    "experience_years": 0.13,
    "seniority": 0.05,
    "title": 0.10,
    "education": 0.05,
    "keywords": 0.17,
}
"""Where a posting names enough skills."""

_ENOUGH = 10.0
"""Skills that a posting names when the skills alone tell whom it seeks."""
_SKILLS = ("must_have_skills", "nice_to_have_skills")
_WORDS = ("title", "keywords")


def weights(skills: float) -> Mapping[str, float]:
    """The weights for a posting that names so many skills; they add up to 1.

    Few skills tell little, mostly because the table does not know the profession: then they weigh in proportion, and
    what is left goes to the posting's own words, half to its title and half to its keywords. A posting that names none
    may still name one of a person's own naming, so that none weigh as one.
    """
    share = min(1.0, max(1.0, skills) / _ENOUGH)
    left = sum(WEIGHTS[name] for name in _SKILLS) * (1.0 - share)
    return {
        name: weight * share if name in _SKILLS else weight + left / len(_WORDS) if name in _WORDS else weight
        for name, weight in WEIGHTS.items()
    }

"""The table of skills, read once for all tests of a process: it is immutable, and reading it takes most of a second."""

from functools import cache

from services.generation.skills.table import SkillTable


@cache
def skill_table() -> SkillTable:
    """The table from the package's own data."""
    return SkillTable.load()

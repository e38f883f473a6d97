"""The curated table of skills: canonical names, other spellings, fields, neighbours."""


class SkillTable:
    """All known skills. Built once per process and passed to whatever reads text; immutable, safe between threads."""

    @classmethod
    def load(cls) -> "SkillTable":
        """The table from the package's own data files. Takes tens of milliseconds."""
        raise NotImplementedError

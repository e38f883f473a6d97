"""What skills are called in a language: data/names/<tag>.toml, merged into the entries of the skills' own files.

es.toml explains the form. Names by language stand apart from the fields because who knows the words of a language
writes them for all trades at once.
"""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

_RULES = ("aliases", "exact", "proper", "strict")


def name_files() -> Mapping[str, str]:
    """The texts of the files, by tag of their language."""
    folder = files("services.generation.skills").joinpath("data", "names")
    return {
        file.name.removesuffix(".toml"): file.read_text(encoding="utf-8")
        for file in sorted(folder.iterdir(), key=lambda f: f.name)
        if file.name.endswith(".toml")
    }


def with_names(
    fields: Iterable[dict[str, Any]], named: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The fields, whose entries hold the names of all languages given by tag.

    Raises:
        ValueError: a language names a skill or gives cues to a field that no file has.
    """
    merged = [{**field, "cues": list(field["cues"]), "skills": dict(field["skills"])} for field in fields]
    by_title = {field["field"]: field for field in merged}
    by_skill = {name: field for field in merged for name in field["skills"]}
    for tag, names in named.items():
        for title, cues in names.get("cues", {}).items():
            if title not in by_title:
                raise ValueError(f"names/{tag}.toml gives cues to {title!r}, which is no field")
            by_title[title]["cues"] += cues
        for name, entry in names["skills"].items():
            if name not in by_skill:
                raise ValueError(f"names/{tag}.toml names {name!r}, which is no skill")
            skills = by_skill[name]["skills"]
            skills[name] = _both(skills[name], entry)
    return merged


def own_endings(named: Mapping[str, Mapping[str, Any]]) -> Mapping[str, frozenset[str]]:
    """The endings that each name takes in its language, for names that are not inflected as the table does else."""
    found: dict[str, frozenset[str]] = {}
    for names in named.values():
        endings = frozenset(names["endings"])
        for entry in names["skills"].values():
            for name in entry if isinstance(entry, list) else entry.get("aliases", ()):
                found[name] = found.get(name, frozenset()) | endings
    return found


def _both(old: Any, new: Any) -> dict[str, Any]:
    """One entry of the spellings of two, each a list of aliases or a table of them by rule."""
    first, second = ({"aliases": each} if isinstance(each, list) else each for each in (old, new))
    rules = {rule: [*first.get(rule, ()), *second.get(rule, ())] for rule in _RULES}
    return {**first, **{rule: spellings for rule, spellings in rules.items() if spellings}}

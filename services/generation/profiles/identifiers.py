"""Ids of a profile's facts: every entry, achievement and skill has one, unique within the profile."""

from collections.abc import Iterator
from typing import Protocol, cast

from google.protobuf.message import Message

from vitae.resume.v1 import profile_pb2

_PREFIXES = {
    profile_pb2.SkillGroup: "skills",
    profile_pb2.Skill: "skill",
    profile_pb2.Language: "lang",
    profile_pb2.Certification: "cert",
    profile_pb2.Achievement: "a",
    profile_pb2.Experience: "exp",
    profile_pb2.Project: "proj",
    profile_pb2.Education: "edu",
    profile_pb2.Volunteer: "vol",
    profile_pb2.Award: "award",
    profile_pb2.Publication: "pub",
    profile_pb2.Interest: "int",
    profile_pb2.Reference: "ref",
    profile_pb2.CustomSection: "section",
    profile_pb2.CustomItem: "item",
}


class _Fact(Protocol):
    id: str


def assign_fact_ids(content: profile_pb2.ProfileContent) -> None:
    """Gives every fact without an id, or with an id used before it, a new one. Ids that are there stay."""
    taken: set[str] = set()
    nameless: list[_Fact] = []
    for fact in _facts(content):
        if fact.id and fact.id not in taken:
            taken.add(fact.id)
        else:
            nameless.append(fact)
    counters = dict.fromkeys(_PREFIXES.values(), 0)
    for fact in nameless:
        prefix = _PREFIXES[type(cast(Message, fact))]
        counters[prefix] += 1
        while f"{prefix}-{counters[prefix]}" in taken:
            counters[prefix] += 1
        fact.id = f"{prefix}-{counters[prefix]}"
        taken.add(fact.id)


def _facts(message: Message) -> Iterator[_Fact]:
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for child in value if field.is_repeated else [value]:
            if type(child) in _PREFIXES:
                yield cast(_Fact, child)
            yield from _facts(child)

"""Which skills a posting asks for, and how badly."""

from collections.abc import Iterable

from services.generation.postings.language import Language
from services.generation.postings.sections import Sections
from services.generation.postings.sentences import Part, clauses, sentences
from services.generation.skills.extraction import Mention
from services.generation.skills.tokens import Tokens
from vitae.generation.v1 import postings_pb2

MUST = postings_pb2.IMPORTANCE_MUST_HAVE
NICE = postings_pb2.IMPORTANCE_NICE_TO_HAVE
MENTIONED = postings_pb2.IMPORTANCE_MENTIONED
NEGATED = postings_pb2.IMPORTANCE_NEGATED

_STRENGTH = (MUST, NICE, NEGATED, MENTIONED)
"""What one mention says beats what another says, in this order."""
_NEGATION_REACH = 5
"""Tokens between "no" and what it denies: "no prior working experience with Java"."""
_DENIAL = 4
"""A denial and what it denies are short, else the comma between them parts two thoughts."""


class ImportanceReader:
    """Tells how badly a posting wants what stands at a place of its text."""

    def __init__(self, tokens: Tokens, sections: Sections, language: Language) -> None:
        self._sections = sections
        self._language = language
        self._sentences = list(sentences(tokens))
        self._starts_demand = any(self._plain(each) == MUST for each in self._sentences) or sections.has(
            "requirements"
        )

    def importance(self, start: int, end: int) -> postings_pb2.Importance.ValueType:
        """The importance of text[start:end]."""
        sentence = next((each for each in self._sentences if each.start <= start < each.end), None)
        if sentence is None:
            return MENTIONED
        clause = next(
            (
                each
                for each in clauses(sentence, self._language.cues["turns"])
                if each.start <= start < each.end
            ),
            sentence,
        )
        if self._negated(clause, start, end) or self._denied_next(sentence, clause):
            return NEGATED
        kind = self._sections.kind_at(start)
        if kind in ("company", "offer", "legal"):
            return MENTIONED
        for part in (clause, sentence):
            said = self._said(part)
            if said is not None:
                return MUST if said == MUST and kind != "nice" else NICE
        return MUST if kind == "requirements" or (kind != "nice" and not self._starts_demand) else NICE

    def _plain(self, sentence: Part) -> postings_pb2.Importance.ValueType | None:
        kind = self._sections.kind_at(sentence.start)
        return None if kind in ("company", "offer", "legal") else self._said(sentence)

    def _said(self, part: Part) -> postings_pb2.Importance.ValueType | None:
        """What the words of a part say; None when nothing or both."""
        nice, must = part.has(self._language.cues["nice"]), part.has(self._language.cues["must"])
        return None if nice == must else NICE if nice else MUST

    def _denied_next(self, sentence: Part, clause: Part) -> bool:
        """Whether the clause after this one does nothing but deny it: "Python: not required"."""
        following = next(
            (each for each in clauses(sentence, self._language.cues["turns"]) if each.first >= clause.last),
            None,
        )
        if (
            following is None
            or following.last - following.first > _DENIAL
            or clause.last - clause.first > _DENIAL
        ):
            return False
        cues = self._language.cues
        return following.tokens.keys[following.first] in _single(cues["negators"]) and following.has(
            cues["needs"]
        )

    def _negated(self, clause: Part, start: int, end: int) -> bool:
        cues = self._language.cues
        if clause.has(cues["not_negators"]):
            return False
        negators, needs = _single(cues["negators"]), _single(cues["needs"])
        tokens = clause.tokens
        before = [index for index in range(clause.first, clause.last) if tokens.ends[index] <= start]
        after = [index for index in range(clause.first, clause.last) if tokens.starts[index] >= end]
        wanted = any(tokens.keys[index] in needs for index in (*before, *after))
        for distance, index in enumerate(reversed(before)):
            if distance > _NEGATION_REACH:
                break
            if tokens.keys[index] in negators and (wanted or distance == 0):
                return True
        following = [tokens.keys[index] for index in after[:_NEGATION_REACH]]
        return any(
            key in negators and any(need in needs for need in following[at:])
            for at, key in enumerate(following)
        )


def posting_skills(
    mentions: Iterable[Mention], reader: ImportanceReader, tokens: Tokens, title_skills: Iterable[str]
) -> list[postings_pb2.PostingSkill]:
    """The skills of a posting, most wanted first, then most often named, then first named.

    A skill that the title names is a must. Mentions that deny a skill count only where nothing else is said of it.
    """
    named: dict[str, list[tuple[Mention, postings_pb2.Importance.ValueType]]] = {}
    for mention in mentions:
        said = reader.importance(mention.start, mention.end)
        named.setdefault(mention.skill.name, []).append((mention, said))
    in_title = dict.fromkeys(title_skills)
    found = []
    for name, each in named.items():
        strongest = min((said for _, said in each), key=_STRENGTH.index)
        counted = [mention for mention, said in each if said != NEGATED or strongest == NEGATED]
        found.append(
            postings_pb2.PostingSkill(
                skill=name,
                written_as=counted[0].written(tokens.text),
                importance=MUST if name in in_title else strongest,
                mentions=len(counted),
                spans=[postings_pb2.TextSpan(start=mention.start, end=mention.end) for mention in counted],
            )
        )
    found.extend(
        postings_pb2.PostingSkill(skill=name, written_as=name, importance=MUST, mentions=1)
        for name in in_title
        if name not in named
    )
    found.sort(key=lambda skill: (_STRENGTH.index(skill.importance), -skill.mentions))
    return found


def _single(phrases: frozenset[str]) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in phrases)

"""Which skills a posting asks for, and how badly."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.generation.postings.language import Language
from services.generation.postings.sections import Kind, Sections
from services.generation.postings.sentences import Part, clauses, sentences
from services.generation.skills.extraction import Mention
from services.generation.skills.tokens import Tokens
from vitae.generation.v1 import postings_pb2

MUST = postings_pb2.IMPORTANCE_MUST_HAVE
NICE = postings_pb2.IMPORTANCE_NICE_TO_HAVE
MENTIONED = postings_pb2.IMPORTANCE_MENTIONED
NEGATED = postings_pb2.IMPORTANCE_NEGATED

STRENGTH = (MUST, NICE, NEGATED, MENTIONED)
"""What one mention says beats what another says, in this order."""
_MOST_SPANS = 50
_NEGATION_REACH = 5
"""Tokens between "no" and what it denies: "no prior working experience with Java"."""
_NEED_REACH = 12
"""Tokens to either side in which a word such as "required" belongs to it."""
_BESIDE = ("company", "offer", "legal")
"""Parts of a posting that ask for nothing."""
_ASKING = ("requirements", "nice")
"""Parts of a posting that speak of the applicant and of nothing in passing."""
_ENDS = (".", "!", "?")
_DENIAL = 4
"""A denial and what it denies are short, else the comma between them parts two thoughts."""


class ImportanceReader:
    """Tells how badly a posting wants what stands at a place of its text."""

    def __init__(self, tokens: Tokens, sections: Sections, language: Language) -> None:
        self._tokens = tokens
        self._sections = sections
        self._language = language
        self._cues = language.cues
        self._negators, self._needs = _single(language.cues["negators"]), _single(language.cues["needs"])
        self._sentences = [_Sentence.of(each, language) for each in sentences(tokens)]
        self._starts = [each.part.start for each in self._sentences]
        self._tells_all = sections.has("requirements") and sections.has("responsibilities")
        self._demands = sections.has("requirements") or any(
            each.said == MUST and sections.kind_at(each.part.start) not in _BESIDE for each in self._sentences
        )

    def kind(self, start: int) -> Kind:
        """The kind of the part that holds a character, as far as it speaks of the applicant.

        Where other parts tell work and demands, the sentences of the introduction that do not speak of the applicant
        are about the company; those of an aside that speak of leave or pay are part of the offer.
        """
        kind = self._sections.kind_at(start)
        if kind not in ("intro", "aside"):
            return kind
        place = bisect_right(self._starts, start) - 1
        sentence = self._sentences[max(0, place)]
        if kind == "intro" and self._tells_all and _is_about_company(sentence.part, self._language):
            return "company"
        # "You must be free to drive" offers nothing.
        demands = MUST in (sentence.said, *sentence.clauses_said)
        if kind == "aside" and not demands and sentence.part.has(self._language.whom["offers"]):
            return "offer"
        return kind

    def importance(self, start: int, end: int) -> postings_pb2.Importance.ValueType:
        """The importance of text[start:end]."""
        place = bisect_right(self._starts, start) - 1
        if place < 0:
            return MENTIONED
        sentence = self._sentences[place]
        number = max(0, bisect_right(sentence.clause_starts, start) - 1)
        clause = sentence.clauses[number]
        if self._negated(clause, start, end) or (
            # "Nice to see, but not a must" is a wish.
            sentence.clauses_said[number] != NICE and self._denied_next(sentence, number)
        ):
            return NEGATED
        kind = self.kind(start)
        if kind in _BESIDE or (kind not in _ASKING and sentence.in_passing):
            return MENTIONED
        said = sentence.clauses_said[number] or sentence.said
        if said is not None:
            return MUST if said == MUST and kind != "nice" else NICE
        if kind == "aside":
            return NICE if sentence.tells_work else MENTIONED
        return MUST if kind == "requirements" or (kind != "nice" and not self._demands) else NICE

    def _denied_next(self, sentence: "_Sentence", number: int) -> bool:
        """Whether the clause after this one does nothing but deny it: "Python: not required"."""
        if number + 1 >= len(sentence.clauses):
            return False
        clause, following = sentence.clauses[number : number + 2]
        if following.last - following.first > _DENIAL or clause.last - clause.first > _DENIAL:
            return False
        return self._tokens.keys[following.first] in self._negators and following.has(self._cues["needs"])

    def _negated(self, clause: Part, start: int, end: int) -> bool:
        keys, starts = self._tokens.keys, self._tokens.starts
        first = bisect_left(starts, start)
        after = bisect_left(starts, end)
        before = keys[max(clause.first, first - _NEED_REACH) : first]
        following = keys[after : min(clause.last, after + _NEED_REACH)]
        reach = Part(
            self._tokens, max(clause.first, first - _NEED_REACH), min(clause.last, after + _NEED_REACH)
        )
        if reach.has(self._cues["refusals"]):
            return True
        denials = self._negators.intersection((*before, *following))
        if not denials or Part(self._tokens, max(clause.first, first - _NEED_REACH), after).has(
            self._cues["not_negators"]
        ):
            return False
        wanted = not self._needs.isdisjoint((*before, *following))
        for distance, key in enumerate(reversed(before[-_NEGATION_REACH - 1 :])):
            if key in self._negators and (wanted or distance == 0):
                return True
        near = following[:_NEGATION_REACH]
        return any(
            key in self._negators and not self._needs.isdisjoint(near[place:])
            for place, key in enumerate(near)
        )


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence with what its words and those of its clauses say; None where they say nothing, or both."""

    part: Part
    said: postings_pb2.Importance.ValueType | None
    clauses: tuple[Part, ...]
    clause_starts: tuple[int, ...]
    clauses_said: tuple[postings_pb2.Importance.ValueType | None, ...]
    in_passing: bool
    """Whether it speaks of what others use."""
    tells_work: bool
    """Whether it begins with "you", as duties do in prose, and denies nothing."""

    @classmethod
    def of(cls, part: Part, language: Language) -> "_Sentence":
        found = tuple(clauses(part, language.cues["turns"])) or (part,)
        said = tuple(_said(each, language) for each in found)
        spread = {
            how
            for each, how in zip(found, said, strict=True)
            if how is not None and not _is_aside(each) and not _looks_forward(each, how, language)
        }
        whole = said[0] if len(found) == 1 else next(iter(spread)) if len(spread) == 1 else None
        starts, passing = tuple(each.start for each in found), part.has(language.cues["passing"])
        onward = _onward(found, said, language)
        work = part.keys.startswith(tuple(language.whom["you"])) and not part.has(language.cues["negators"])
        return cls(part, whole, found, starts, onward, passing, work)


def _is_about_company(sentence: Part, language: Language) -> bool:
    """Whether it is a whole sentence, unlike a title, and does not speak of the applicant."""
    ends = sentence.tokens.text[sentence.end : sentence.end + 1] in _ENDS
    return ends and not sentence.has(language.whom["applicant"])


def _said(part: Part, language: Language) -> postings_pb2.Importance.ValueType | None:
    # A wish that uses the words of a demand is a wish: "a bonus if you have", "not essential".
    return NICE if part.has(language.cues["nice"]) else MUST if part.has(language.cues["must"]) else None


def _is_aside(clause: Part) -> bool:
    """Whether a clause stands in brackets, and so speaks only of itself."""
    text = clause.tokens.text
    return text[: clause.start].rstrip().endswith(("(", "[")) and text[clause.end :].lstrip()[:1] in (
        ")",
        "]",
    )


def _looks_forward(clause: Part, how: postings_pb2.Importance.ValueType, language: Language) -> bool:
    """Whether a wish is said by nothing but words like "ideally", which speak of what follows them."""
    return (
        how == NICE
        and clause.has(language.cues["forward"])
        and not clause.has(language.cues["nice"] - language.cues["forward"])
    )


def _onward(
    found: Sequence[Part],
    said: Sequence[postings_pb2.Importance.ValueType | None],
    language: Language,
) -> tuple[postings_pb2.Importance.ValueType | None, ...]:
    """What clauses say, where "ideally" goes on to the clauses after it that say nothing of their own."""
    spread: list[postings_pb2.Importance.ValueType | None] = []
    goes_on = False
    for clause, how in zip(found, said, strict=True):
        if how is not None:
            goes_on = _looks_forward(clause, how, language)
        spread.append(NICE if how is None and goes_on else how)
    return tuple(spread)


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
    for name, pairs in named.items():
        strongest = min((said for _, said in pairs), key=STRENGTH.index)
        counted = [mention for mention, said in pairs if said != NEGATED or strongest == NEGATED]
        found.append(
            postings_pb2.PostingSkill(
                skill=name,
                written_as=counted[0].written(tokens.text),
                importance=MUST if name in in_title else strongest,
                mentions=len(counted),
                spans=[
                    postings_pb2.TextSpan(start=each.start, end=each.end) for each in counted[:_MOST_SPANS]
                ],
            )
        )
    found.extend(
        postings_pb2.PostingSkill(skill=name, written_as=name, importance=MUST, mentions=1)
        for name in in_title
        if name not in named
    )
    found.sort(key=lambda skill: (STRENGTH.index(skill.importance), -skill.mentions))
    return found


def _single(phrases: frozenset[str]) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in phrases)

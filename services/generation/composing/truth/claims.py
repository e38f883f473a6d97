"""The statements of one text, each looked for in the sentences of its sources."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

from services.generation.composing.truth.dates import Date
from services.generation.composing.truth.evidence import Evidence, Said, keys_of
from services.generation.composing.truth.quantities import Quantity, is_currency
from services.generation.composing.truth.reading import read
from services.generation.composing.truth.statements import Part, Word
from services.generation.composing.truth.tokens import CJK
from services.generation.skills.tokens import fold

_SHARED_WORK = frozenset({"help", "part"})
"""What weakens a deed and not the mention of a tool: who helped with Kubernetes used Kubernetes."""
_HAN = re.compile(r"[\u30a0-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_PHRASE_EDGE = r"(?<![^\W_]){}(?![^\W_])"
_BARE = 2
"""Words of a statement that has room for a rank and no deed."""
_LABEL = r"(?<![^\W_]){}\s*[:：]"
_STATEMENT = r"(?:(?<=[,:;.(，、：；。（،])|^)\s*{}\s*(?=[,;.)，、；。）،]|$)"
_DEED = ("ing", "ung", "tion", "ment", "cion", "sion", "anza", "encia", "zione")
"""Endings of skills that are deeds: "selling" is borne out by "sold"."""
_FREE_CASE = ("de", "lb")
"""Languages that write every noun with a capital, so that it tells no name."""


class Checker:
    """Looks for the statements of one text in the sentences of its sources."""

    def __init__(
        self,
        evidence: Evidence,
        held: Sequence[Said] | None,
        sources: Sequence[str],
        *,
        exact: bool,
        names: bool,
    ) -> None:
        self.exact = exact
        self._evidence = evidence
        self._language = evidence.language
        self._held = held
        self._sources = sources
        self._names = names

    @cached_property
    def _dates(self) -> Sequence[Date]:
        return self._evidence.dates(self._sources)

    @cached_property
    def _said(self) -> Sequence[Said]:
        """The sentences to look in: all of the sources, where it is not told which."""
        if self._held is not None:
            return self._held
        return [each for source in self._sources for each in self._evidence.said(source)]

    def weakened(self, text: str) -> Iterator[str]:
        """What a part of a source says more strongly than the whole."""
        for part in self._parts(text):
            found = [(each, [(word, self._find(word, each)) for word in part.words]) for each in self._said]
            reasons = [
                [
                    *self._flags(part, words),
                    *(reason for number in part.quantities for reason in self._number(number, each)),
                ]
                for each, words in found
                if all(proofs for _, proofs in words)
            ]
            if reasons and all(reasons):
                yield reasons[0][0]

    def unproved(self, text: str) -> Iterator[str]:
        """What no sentence of the sources says."""
        for part in self._parts(self._without_heads(text)):
            if self._is_tenure(part) or any(self._bears_out(each, part) for each in self._said):
                continue
            yield self._reason(part)

    def _bears_out(self, said: Said, part: Part) -> bool:
        return next(self._missing(part, said), None) is None

    def _parts(self, text: str) -> list[Part]:
        evidence = self._evidence
        found = read(text, self._language, evidence.locale, evidence.read, spell_out=False)
        return [part for sentence in found for part in sentence.parts]

    def _without_heads(self, text: str) -> str:
        """The text without labels and without the titles, employers and places of the entries it is about."""
        for phrase in self._language.phrases if ":" in text or "：" in text else ():
            text = re.sub(_LABEL.format(re.escape(phrase)), " ", text, flags=re.IGNORECASE)
        for copy in self._copies(text):
            text = re.sub(_STATEMENT.format(re.escape(copy)), " ", text)
        if self.exact:
            return text
        # Only those that stand there: making a pattern of all takes longer than reading the line.
        heads = [re.escape(each) for each in self._evidence.head(self._sources) if each in text]
        if not heads:
            return text
        found: list[str] = []

        def mark(match: re.Match[str]) -> str:
            found.append(match.group())
            return f"\ue002{len(found) - 1}\ue003"

        marked = re.sub(_PHRASE_EDGE.format(f"(?:{'|'.join(heads)})"), mark, text)
        return re.sub(
            "\ue002(\\d+)\ue003",
            lambda match: found[int(match.group(1))] if self._is_widened(match) else " ",
            marked,
        )

    def _is_widened(self, match: re.Match[str]) -> bool:
        """Whether a word beside a title makes another of it: "Lead Engineer" for "Engineer"."""
        neutral = self._language.neutral
        before = re.search(r"([^\W_]+)\s*$", match.string[: match.start()])
        after = re.match(r"\s*([^\W_]+)", match.string[match.end() :])
        return (before is not None and fold(before.group(1)) not in neutral) or (
            after is not None and after.group(1)[0].isupper() and fold(after.group(1)) not in neutral
        )

    def _copies(self, text: str) -> list[str]:
        """The sources' texts that the text may hold whole, longest first: the skills of "Key skills: A, B"."""
        texts = (" ".join(each.split()) for source in self._sources for each in self._evidence.texts(source))
        held = {each for each in texts if each and each in text}
        return sorted(held, key=lambda each: (-len(each), each))

    def _reason(self, part: Part) -> str:
        """Why no sentence bears a statement out."""
        for word in part.words:
            if not any(self._find(word, each) for each in self._said):
                kind = "the skill " if word.kind == "skill" else ""
                return f"{kind}“{word.written}” is not in its source"
        for quantity in part.quantities:
            if not any(self._proofs(quantity, each) for each in self._said):
                return f"the number {quantity.text} is not in its source"
        reasons = (list(self._missing(part, each)) for each in self._said)
        return min(reasons, key=len, default=["it is not in its source"])[0]

    def _missing(self, part: Part, said: Said) -> Iterator[str]:
        """What one sentence does not bear out of a statement."""
        found = []
        for word in part.words:
            proofs = self._find(word, said)
            if not proofs:
                yield f"“{word.written}” is not said there"
            found.append((word, proofs))
        yield from self._flags(part, found)
        if len(part.words) <= _BARE < len(said.part.words) and any(
            fold(each.written) in self._language.ranks for each in part.words
        ):
            yield f"“{part.words[0].written}” is not what the person was there"
        for quantity in part.quantities:
            yield from self._number(quantity, said)
        yield from self._order(part.quantities, said.part.quantities)
        for date in part.dates:
            if not any(date.proved_by(each) for each in (*said.part.dates, *self._dates)):
                yield "its date is not in its source"

    def _flags(self, part: Part, found: Iterable[tuple[Word, Sequence[Word]]]) -> Iterator[str]:
        """What a sentence denies or weakens and the statement does not; `found` are the statement's words with those of
        the sentence that prove them.
        """
        for word, proofs in found:
            if not proofs:
                continue
            if not any(each.denied == word.denied for each in proofs):
                yield f"“{word.written}” is denied in only one of the two"
            elif not any(self._hedges(each) <= word.hedges | self._own(part) for each in proofs):
                yield f"“{word.written}” is weaker in its source"
            elif word.role and not any(each.role for each in proofs):
                yield f"“{word.written}” is not what the person was there"

    def _hedges(self, word: Word) -> frozenset[str]:
        return word.hedges - _SHARED_WORK if self._names else word.hedges

    def _own(self, part: Part) -> frozenset[str]:
        """The ways in which a statement weakens itself anywhere: "migration support"."""
        said = (self._language.hedges.get(word.form, "") for word in part.words)
        return part.own | frozenset(each for each in said if each)

    def _find(self, word: Word, said: Said) -> Sequence[Word]:
        if word.kind == "run":
            return self._find_run(word, said)
        if word.kind == "skill":
            known = [each for each in said.by_key.get(word.form, ()) if each.kind == "skill"]
            return known or self._find_spelled(word, said)
        if self.exact or word.kind == "code":
            same = said.by_key.get(word.form, ())
            return (
                [each for each in same if each.written[:1].isupper()] if self._names_something(word) else same
            )
        found = self._find_alike(word.form, said) or self._find_parted(word.form, said)
        if self._names_something(word):
            return [each for each in found if each.form == word.form and each.written[:1].isupper()]
        return found

    def _find_alike(self, form: str, said: Said) -> list[Word]:
        near = {id(each): each for key in keys_of(form, self._language) for each in said.by_key.get(key, ())}
        return [
            each for each in near.values() if each.kind != "skill" and self._language.alike(form, each.form)
        ]

    def _find_parted(self, form: str, said: Said) -> list[Word]:
        """A German verb whose first part stands apart in the source: "zubereitet" for "bereitete zu"."""
        prefix = next((each for each in self._language.prefixes if form.startswith(each)), "")
        return self._find_alike(form[len(prefix) :], said) if prefix and prefix in said.part.small else []

    def _find_spelled(self, word: Word, said: Said) -> Sequence[Word]:
        """A skill whose name stands in the source without being told for one there: its words."""
        forms = [fold(each) for each in re.findall(r"[^\W_]+", word.written)]
        if not self.exact and forms:
            # Deeds are told in ordinary words: "leading a team" is borne out by "led a team", "selling" by "sold".
            telling = [each for each in forms if each not in self._language.neutral]
            deed = len(telling) > 1 or (telling == forms and forms[0].endswith(_DEED))
            if deed and (told := self._find_run_of(telling, said)):
                return told
        found = [said.by_key.get(each, ()) for each in forms]
        same_case = all(any(each.written in word.written for each in some) for some in found)
        return [each for some in found for each in some] if forms and all(found) and same_case else ()

    def _find_run_of(self, forms: Sequence[str], said: Said) -> list[Word]:
        """Words of a sentence, one after the other, that are alike to these."""
        small = self._language.neutral
        words = [each for each in said.part.words if each.kind == "word" and each.form not in small]
        for first in range(len(words) - len(forms) + 1):
            run = words[first : first + len(forms)]
            if all(self._language.alike(form, each.form) for form, each in zip(forms, run, strict=True)):
                return run
        return []

    def _names_something(self, word: Word) -> bool:
        return (
            word.written[:1].isupper()
            and not word.starts
            and not self._evidence.locale.lower().startswith(_FREE_CASE)
        )

    def _find_run(self, word: Word, said: Said) -> Sequence[Word]:
        """The source's runs of a script without spaces that hold every piece of this one, but for grammar."""
        rest, at = word.form, 0
        used: list[Word] = []
        while at < len(rest):
            length = next(
                (size for size in range(len(rest) - at, 0, -1) if rest[at : at + size] in said.runs), 0
            )
            piece = rest[at : at + length]
            if length >= 2 or (length == 1 and len(rest) == 1):
                used.extend(
                    each for each in said.part.words if each.kind == "run" and _shares(each.form, piece)
                )
                at += length
            elif neutral := self._neutral_run(rest[at:]):
                at += neutral
            else:
                return ()
        return used or [Word(word.form, word.written, starts=False, denied=word.denied, kind="run")]

    def _neutral_run(self, text: str) -> int:
        """How many characters at the beginning claim nothing: listed words, and the kana of grammar."""
        listed = max((len(each) for each in self._language.neutral if text.startswith(each)), default=0)
        return listed or (0 if _HAN.match(text) or not re.match(f"[{CJK}]", text) else 1)

    def _proofs(self, quantity: Quantity, said: Said) -> list[Quantity]:
        return [each for each in said.part.quantities if quantity.proved_by(each)]

    def _number(self, quantity: Quantity, said: Said) -> Iterator[str]:
        if quantity.year and any(each.year == quantity.year for each in (*said.part.dates, *self._dates)):
            return
        proofs = self._proofs(quantity, said)
        if not proofs:
            yield f"the number {quantity.text} is not said there"
        elif self._counts_something_else(quantity, proofs, said.part.quantities):
            yield f"the number {quantity.text} counts something else there"

    def _counts_something_else(
        self, quantity: Quantity, proofs: Sequence[Quantity], quantities: Sequence[Quantity]
    ) -> bool:
        """Whether the word beside a number stands beside another number in the source, and not beside this one."""
        others = [each for each in quantities if not each.values & quantity.values]
        measured = quantity.unit == "percent" or is_currency(quantity.unit)
        if quantity.after and not measured:
            counted = quantity.after[0]
            return self._beside(counted, others, after=True) and not (
                self._beside(counted, proofs, after=True) or self._beside(counted, proofs, after=False)
            )
        same_unit = [each for each in others if each.unit == quantity.unit]
        return (
            bool(quantity.before)
            and self._beside(quantity.before, same_unit, after=False)
            and not (
                self._beside(quantity.before, proofs, after=False)
                or self._beside(quantity.before, proofs, after=True)
            )
        )

    def _beside(self, form: str, quantities: Iterable[Quantity], *, after: bool) -> bool:
        return any(
            self._language.alike(form, word)
            for each in quantities
            for word in (each.after if after else (each.before,))
            if word
        )

    def _order(self, ours: Sequence[Quantity], theirs: Sequence[Quantity]) -> Iterator[str]:
        """Two numbers side by side the other way round, or one twice: "from 6 to 50", "20 of 20"."""
        for first, second in _joined_pairs(ours):
            pairs = list(_joined_pairs(theirs))
            same = any(first.values & a.values and second.values & b.values for a, b in pairs)
            turned = any(first.values & b.values and second.values & a.values for a, b in pairs)
            if (turned or first.values & second.values) and not same:
                yield f"{first.text} and {second.text} do not stand like that there"

    def _is_tenure(self, part: Part) -> bool:
        """Whether it says nothing but how long the jobs it comes from lasted together."""
        if part.words or part.dates or len(part.quantities) != 1 or part.quantities[0].unit != "year":
            return False
        jobs = self._evidence.jobs(self._sources)
        if not jobs:
            return False
        years = range(
            max(1, int(self._evidence.years(jobs, least=True))), int(self._evidence.years(jobs)) + 1
        )
        quantity = part.quantities[0]
        return quantity.modifier in ("", ">") and bool(quantity.values & {Decimal(each) for each in years})


def _joined_pairs(quantities: Sequence[Quantity]) -> Iterator[tuple[Quantity, Quantity]]:
    for first, second in pairwise(quantities):
        if second.joined:
            yield first, second


def _shares(run: str, piece: str) -> bool:
    return piece in run or any(part in run for part in (piece[:2], piece[-2:]) if len(part) == 2)

"""A text taken apart into what it claims: words with what denies or weakens them, quantities, dates, skills."""

import re
from decimal import Decimal

from services.generation.composing.truth.building import Statements
from services.generation.composing.truth.dates import take_dates
from services.generation.composing.truth.language import Language
from services.generation.composing.truth.quantities import (
    Quantity,
    is_currency,
    plain,
    readings,
    scale_of,
    unit_of,
)
from services.generation.composing.truth.statements import Part, Sentence, Word
from services.generation.composing.truth.tokens import TOKEN, kanji_numbers, mark_skills
from services.generation.skills.remembered import Texts
from services.generation.skills.tokens import fold

_ORDINAL = frozenset("st nd rd th er ere eme º ª o a".split())
_ABBREVIATIONS = frozenset(
    "approx ca bzw inkl incl etc dr mr mrs ms prof nr no st z b u a e g i d h env vs".split()
)
_ELIDED = frozenset("l d qu n s c j m t".split())


def read(text: str, language: Language, tag: str, texts: Texts, *, spell_out: bool) -> list[Sentence]:
    """The sentences of a text. `tag` says how its numbers are written; `spell_out` has the words inside the names of
    skills and units listed too, as sources need it.
    """
    names: list[tuple[str, str]] = []
    shown = mark_skills(text, texts, names)
    shown, dates = take_dates(kanji_numbers(plain(shown)))
    reader = _Reader(language, tag, names, spell_out=spell_out)
    sentences = reader.read(shown)
    if dates:
        if not sentences:
            sentences.append(Sentence([Part()]))
        sentences[0].parts[0].dates.extend(dates)
    return sentences


class _Reader:
    """Reads one text."""

    def __init__(
        self, language: Language, tag: str, names: list[tuple[str, str]], *, spell_out: bool
    ) -> None:
        self._language = language
        self._tag = tag
        self._names = names
        self._last: re.Match[str] | None = None
        self._spell_out = spell_out
        self._building = Statements(language, spell_out=spell_out)

    def read(self, text: str) -> list[Sentence]:
        tokens = list(TOKEN.finditer(text))
        skipped = 0
        for number, token in enumerate(tokens):
            if skipped:
                skipped -= 1
                continue
            kind = token.lastgroup
            if token.group("number"):
                skipped = self._number(token, tokens, number)
            elif kind == "word":
                skipped = self._words_at(tokens, number)
            elif kind == "skill":
                self._building.skill(*self._names[int(token.group()[1:-1])])
            elif kind == "code":
                self._building.add(
                    Word(fold(token.group()), token.group(), self._building.starts, kind="code")
                )
            elif kind == "cjk":
                self._building.run(token.group())
            elif kind == "end" and not self._abbreviates(token):
                self._building.begin_sentence()
            elif kind == "pause":
                self._building.pause()
            elif kind == "sign":
                self._building.sign(token.group())
            self._last = token
        return self._building.finished()

    def _abbreviates(self, token: re.Match[str]) -> bool:
        if token.group() != "." or self._last is None:
            return False
        word = fold(self._last.group())
        return (
            word in _ABBREVIATIONS or bool(unit_of(word)) or scale_of(word, touches=True, money=True) > 0
        ) and (token.end() < len(token.string))

    def _words_at(self, tokens: list[re.Match[str]], number: int) -> int:
        """Takes in a word, or the number that it and the words after it spell; how many more tokens it took."""
        written = tokens[number].group()
        head, mark, tail = written.partition("'")
        if mark and fold(head) in _ELIDED:
            self._building.word(head)
            self._building.word(tail)
            return 0
        if mark and fold(tail) == "s":
            written = head
        if number + 1 < len(tokens) and tokens[number + 1].group("number"):
            money = unit_of(written)
            if is_currency(money):
                self._building.money = money
                return 0
        value, used = self._spelled(tokens, number)
        if value is not None and not (
            used == 1 and fold(written) in self._language.neutral and not self._spell_out
        ):
            literal = " ".join(each.group() for each in tokens[number : number + used])
            more = self._quantity(Quantity(literal, frozenset([Decimal(value)])), tokens, number + used)
            self._building.spell(written)
            return used - 1 + more
        self._building.word(written)
        return 0

    def _spelled(self, tokens: list[re.Match[str]], number: int) -> tuple[int | None, int]:
        """The number that words spell ("two hundred and five"), and how many tokens they are."""
        language = self._language
        total, current, used, at = 0, 0, 0, number
        started = False
        while at < len(tokens):
            word = fold(tokens[at].group())
            if word in language.numbers:
                value = language.numbers[word]
                if started and not (
                    current == 0 or (current % 100 >= 20 and value < 10) or (current % 100 == 0)
                ):
                    break
                current += value
            elif word in language.scales and (started or language.scales[word] <= 1000):
                scale = language.scales[word]
                current = max(1, current) * scale
                if scale >= 1000:
                    total, current = total + current, 0
            elif started and word in ("and", "und", "y", "et", "-", "e") and at + 1 < len(tokens):
                following = fold(tokens[at + 1].group())
                small = language.numbers.get(following, 100)
                fits = current % 100 == 0 and current > 0 and small < 100
                hyphen = word == "-" and current % 100 >= 20 and small < 10
                if not (fits or hyphen):
                    break
                at += 1
                continue
            else:
                break
            started = True
            at += 1
            used = at - number
        return (total + current if started else None), used

    def _number(self, token: re.Match[str], tokens: list[re.Match[str]], number: int) -> int:
        literal, suffix = token.group("number"), token.group("suffix") or ""
        values = readings(literal, self._tag)
        if not values:
            self._building.add(Word(literal, literal, self._building.starts, kind="code"))
            return 0
        quantity = Quantity(literal, values)
        if suffix:
            scale = scale_of(
                suffix, touches=True, money=bool(self._building.money)
            ) or self._language.scales.get(fold(suffix), 0)
            if scale:
                quantity = quantity.scaled(scale)
            elif unit := unit_of(suffix):
                quantity = quantity._replace(unit=unit)
            elif fold(suffix) not in _ORDINAL:
                self._building.add(
                    Word(fold(literal + suffix), literal + suffix, self._building.starts, kind="code")
                )
                return 0
        if token.group("more"):
            quantity = quantity._replace(modifier=">")
        return self._quantity(quantity, tokens, number + 1)

    def _quantity(self, quantity: Quantity, tokens: list[re.Match[str]], at: int) -> int:
        """Takes in a number with the multiplier, sign or unit after it; how many tokens those are."""
        used = 0
        while at + used < len(tokens) and used < 3:
            token = tokens[at + used]
            if token.lastgroup == "cjk":
                quantity, taken = self._east_asian_unit(quantity, token.group())
                if not taken:
                    break
                self._building.store(quantity)
                if token.group()[taken:]:
                    self._building.run(token.group()[taken:])
                return used + 1
            if not self._is_joint(tokens, at + used, used):
                grown = self._measured(quantity, tokens, at + used)
                if grown is None:
                    break
                quantity = grown
            used += 1
        self._building.store(quantity)
        return used

    def _is_joint(self, tokens: list[re.Match[str]], at: int, used: int) -> bool:
        """Whether a token only joins a number to its unit: the dash of "6-month", the stop of "5 Mio. Euro"."""
        written = tokens[at].group()
        if written == "-":
            following = tokens[at + 1] if at + 1 < len(tokens) else None
            return (
                following is not None and following.lastgroup == "word" and bool(unit_of(following.group()))
            )
        return written == "." and used > 0 and self._is_scale_or_unit(tokens[at - 1].group())

    def _measured(self, quantity: Quantity, tokens: list[re.Match[str]], at: int) -> Quantity | None:
        """The number with the multiplier, unit or sign that the next token is; None when that is something else."""
        token = tokens[at]
        written = token.group()
        head, mark, tail = written.partition("'")
        if mark and fold(head) == "d":
            written = tail
        touches = at > 0 and token.start() == tokens[at - 1].end()
        money = bool(self._building.money) or (
            at + 1 < len(tokens) and is_currency(unit_of(tokens[at + 1].group()))
        )
        spelled = self._language.scales.get(fold(written), 0) if token.lastgroup == "word" else 0
        scale = scale_of(written, touches=touches, money=money) or spelled
        if scale and not quantity.unit:
            return quantity.scaled(scale)
        if not quantity.unit and (unit := unit_of(written)):
            if token.lastgroup == "word":
                self._building.spell(written)
            return quantity._replace(unit=unit)
        if written == "+":
            return quantity._replace(modifier=">")
        of = fold(written) in ("de", "d", "of") and max(quantity.values) >= 1_000_000
        return quantity if of else None

    def _is_scale_or_unit(self, written: str) -> bool:
        return bool(scale_of(written, touches=True, money=True) or unit_of(written))

    def _east_asian_unit(self, quantity: Quantity, run: str) -> tuple[Quantity, int]:
        taken = 0
        scale = scale_of(run[:1], touches=True, money=False)
        if scale:
            quantity, taken = quantity.scaled(scale), 1
        for length in (3, 2, 1):
            if unit := unit_of(run[taken : taken + length]):
                return quantity._replace(unit=unit), taken + length
        return quantity, taken

"""A text taken apart into what it claims: words with what denies or weakens them, quantities, dates, skills."""

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal

from services.generation.composing.truth.dates import Date, take_dates
from services.generation.composing.truth.language import Language
from services.generation.composing.truth.quantities import (
    Quantity,
    is_currency,
    plain,
    readings,
    scale_of,
    unit_of,
)
from services.generation.skills.extraction import find_skills
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import fold

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0955-\u0957\u0962\u0963"
    "\u0981-\u0983\u09bc-\u09d7\u0b82\u0bbe-\u0bd7\u200c\u200d"
)
"""Vowel signs and joiners, which are part of words."""
_TOKEN = re.compile(
    r"(?P<skill>\ue000\d+\ue001)"
    rf"|(?P<code>[^\W\d_{CJK}]+(?:-?\d[^\W{CJK}]*)+)"
    r"|(?P<number>\d{1,3}(?:[ '’]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,:/]\d+)*)"
    rf"(?P<suffix>[^\W\d_{CJK}]{{1,12}}(?![^\W{CJK}]))?(?P<more>\+)?"
    rf"|(?P<cjk>[{CJK}]+)"
    rf"|(?P<word>[^\W\d_](?:[^\W\d_]|[{_MARKS}])*(?:'[^\W\d_]+)*)"
    r"|(?P<end>\.(?=\s|$)|[!?。！？;；\n•▪●]+)"
    r"|(?P<pause>[,，:()\[\]]|\s-\s)"
    r"|(?P<sign>[^\s\w])"
)
_GRAMMAR = re.compile("[\u3041-\u309f]{1,4}")
"""A few hiragana alone: "から" between two numbers."""
_KANJI = {each: number for number, each in enumerate("〇一二三四五六七八九")}
_KANJI_NUMBER = re.compile(
    r"[一二三四五六七八九十][〇一二三四五六七八九十百千]*"
    r"(?=[人名年件台社万億亿%倍店ヶか個个家项次月日時小分秒歳回位种篇套校組班つ])"
)
_ORDINAL = frozenset("st nd rd th er ere eme º ª o a".split())
_ABBREVIATIONS = frozenset(
    "approx ca bzw inkl incl etc dr mr mrs ms prof nr no st z b u a e g i d h env vs".split()
)
_ELIDED = frozenset("l d qu n s c j m t".split())
_DENY_REACH = 6
"""Words that "not" covers where no pause comes first."""
_RANGES = frozenset("to or and bis auf und oder zu à a et ou y o e hasta до и naar tot en - ~".split())
"""Words between two numbers of one unit."""
_LACK_REACH = 2
"""Words that "without" and "no" cover."""
_FOLLOWING = 3
"""Words after a number that may be what it counts."""


@dataclass(slots=True)
class Word:
    """A word that claims something."""

    form: str
    """Folded; the canonical name for a skill."""
    written: str
    starts: bool
    """Whether it begins a statement, so that its capital tells nothing."""
    denied: bool = False
    hedges: frozenset[str] = frozenset()
    role: bool = False
    """Whether it is what somebody worked as."""
    kind: str = "word"
    """word, skill, code or run (of a script without spaces)."""


@dataclass(slots=True)
class Part:
    """A statement: what has to be said by one sentence of a source."""

    words: list[Word] = field(default_factory=list)
    quantities: list[Quantity] = field(default_factory=list)
    dates: list[Date] = field(default_factory=list)
    small: set[str] = field(default_factory=set)
    """Its words that claim nothing."""
    own: frozenset[str] = frozenset()
    """The ways in which small words of it weaken it."""

    @property
    def is_empty(self) -> bool:
        """Whether it claims nothing."""
        return not (self.words or self.quantities or self.dates)


@dataclass(slots=True)
class Sentence:
    """A sentence in its parts."""

    parts: list[Part] = field(default_factory=list)

    @property
    def whole(self) -> Part:
        """All of it as one statement."""
        return Part(
            [each for part in self.parts for each in part.words],
            [each for part in self.parts for each in part.quantities],
            [each for part in self.parts for each in part.dates],
            {each for part in self.parts for each in part.small},
        )


def read(text: str, language: Language, tag: str, table: SkillTable, *, spell_out: bool) -> list[Sentence]:
    """The sentences of a text. `tag` says how its numbers are written; `spell_out` has the words inside the names of
    skills and units listed too, as sources need it.
    """
    names: list[tuple[str, str]] = []
    shown = _mark_skills(text, table, names)
    shown, dates = take_dates(_kanji_numbers(plain(shown)))
    reader = _Reader(language, tag, names, spell_out=spell_out)
    sentences = reader.read(shown)
    if dates:
        if not sentences:
            sentences.append(Sentence([Part()]))
        sentences[0].parts[0].dates.extend(dates)
    return sentences


def _mark_skills(text: str, table: SkillTable, names: list[tuple[str, str]]) -> str:
    """The text with marks in the place of the skills it names."""
    if "\ue000" in text or "\ue001" in text:
        text = text.translate({0xE000: None, 0xE001: None})
    for mention in reversed(find_skills(table.tokens(text), table)):
        names.append((mention.skill.name, mention.written(text)))
        text = f"{text[: mention.start]}\ue000{len(names) - 1}\ue001{text[mention.end :]}"
    return text


def _kanji_numbers(text: str) -> str:
    return _KANJI_NUMBER.sub(lambda match: str(_kanji_value(match.group())), text)


def _kanji_value(text: str) -> int:
    total, current = 0, 0
    for each in text:
        if each in _KANJI:
            current = current * 10 + _KANJI[each]
        else:
            total += (current or 1) * {"十": 10, "百": 100, "千": 1000}[each]
            current = 0
    return total + current


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
        self._sentences: list[Sentence] = []
        self._begin_sentence()

    def read(self, text: str) -> list[Sentence]:
        tokens = list(_TOKEN.finditer(text))
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
                self._skill(*self._names[int(token.group()[1:-1])])
            elif kind == "code":
                self._add(Word(fold(token.group()), token.group(), self._starts, kind="code"))
            elif kind == "cjk":
                self._run(token.group())
            elif kind == "end" and not self._abbreviates(token):
                self._begin_sentence()
            elif kind == "pause":
                self._pause()
            elif kind == "sign":
                self._sign(token.group())
            self._last = token
        for sentence in self._sentences:
            sentence.parts = [each for each in sentence.parts if not each.is_empty]
        return [each for each in self._sentences if each.parts]

    def _begin_sentence(self) -> None:
        self._sentences.append(Sentence([Part()]))
        self._starts = True
        self._paused = False
        self._deny_left = 0
        self._lacking = False
        self._hedges: frozenset[str] = frozenset()
        self._pending: list[str] = []
        """Small words since the last word that claims something: perhaps "more than" before a number."""
        self._money = ""
        self._sequence: list[Word | Quantity | None] = []

    @property
    def _part(self) -> Part:
        return self._sentences[-1].parts[-1]

    def _pause(self) -> None:
        self._paused = True
        self._deny_left = 0
        self._pending = []
        self._sequence.append(None)

    def _break(self) -> None:
        """Begins another statement of the sentence."""
        self._sentences[-1].parts.append(Part())
        self._paused = False
        self._starts = True

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
            self._word(head)
            self._word(tail)
            return 0
        if mark and fold(tail) == "s":
            written = head
        money = unit_of(written)
        if is_currency(money) and number + 1 < len(tokens) and tokens[number + 1].group("number"):
            self._money = money
            return 0
        value, used = self._spelled(tokens, number)
        if value is not None and not (
            used == 1 and fold(written) in self._language.neutral and not self._spell_out
        ):
            literal = " ".join(each.group() for each in tokens[number : number + used])
            more = self._quantity(Quantity(literal, frozenset([Decimal(value)])), tokens, number + used)
            if self._spell_out:
                self._part.words.append(self._flagged(Word(fold(written), written, self._starts)))
            return used - 1 + more
        self._word(written)
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
            self._add(Word(literal, literal, self._starts, kind="code"))
            return 0
        quantity = Quantity(literal, values)
        if suffix:
            scale = scale_of(suffix, touches=True, money=bool(self._money)) or self._language.scales.get(
                fold(suffix), 0
            )
            if scale:
                quantity = quantity.scaled(scale)
            elif unit := unit_of(suffix):
                quantity = replace(quantity, unit=unit)
            elif fold(suffix) not in _ORDINAL:
                self._add(Word(fold(literal + suffix), literal + suffix, self._starts, kind="code"))
                return 0
        if token.group("more"):
            quantity = replace(quantity, modifier=">")
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
                self._store(quantity)
                if token.group()[taken:]:
                    self._run(token.group()[taken:])
                return used + 1
            if not self._is_joint(tokens, at + used, used):
                grown = self._measured(quantity, tokens, at + used)
                if grown is None:
                    break
                quantity = grown
            used += 1
        self._store(quantity)
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
        money = bool(self._money) or (at + 1 < len(tokens) and is_currency(unit_of(tokens[at + 1].group())))
        spelled = self._language.scales.get(fold(written), 0) if token.lastgroup == "word" else 0
        scale = scale_of(written, touches=touches, money=money) or spelled
        if scale and not quantity.unit:
            return quantity.scaled(scale)
        if not quantity.unit and (unit := unit_of(written)):
            if self._spell_out and token.lastgroup == "word":
                self._part.words.append(self._flagged(Word(fold(written), written, starts=False)))
            return replace(quantity, unit=unit)
        if written == "+":
            return replace(quantity, modifier=">")
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
                return replace(quantity, unit=unit), taken + length
        return quantity, taken

    def _store(self, quantity: Quantity) -> None:
        if self._money and not quantity.unit:
            quantity = replace(quantity, unit=self._money)
        self._money = ""
        if not quantity.modifier:
            quantity = replace(quantity, modifier=self._modifier())
        between, self._pending = self._pending, []
        if set(between) <= _RANGES:
            self._pass_on_unit(quantity)
        before = self._sequence[-1] if self._sequence else None
        quantity = replace(
            quantity,
            before=before.form if isinstance(before, Word) else before.before if before else "",
            joined=isinstance(before, Quantity),
        )
        if self._paused:
            self._break_unless_led("")
        self._part.quantities.append(quantity)
        self._sequence.append(quantity)
        self._starts = False

    def _pass_on_unit(self, quantity: Quantity) -> None:
        """In "from 50 to 6 minutes" the 50 are minutes too."""
        before = self._sequence[-1] if self._sequence else None
        if quantity.unit and isinstance(before, Quantity) and not before.unit and self._part.quantities:
            whole = replace(before, unit=quantity.unit)
            self._part.quantities[-1] = whole
            self._sequence[-1] = whole

    def _modifier(self) -> str:
        for length in (4, 3, 2, 1):
            phrase = " ".join(self._pending[-length:])
            if len(self._pending) >= length and phrase in self._language.modifiers:
                words = self._part.words
                for _ in range(length):
                    if words and words[-1].kind == "word" and words[-1].form == self._pending[-1]:
                        words.pop()
                        self._sequence.pop()
                        self._hedges -= {self._language.hedges.get(self._pending[-1], "")}
                    self._pending.pop()
                return self._language.modifiers[phrase]
        return ""

    def _sign(self, sign: str) -> None:
        if sign in "~<>≈≥≤":
            self._pending = [sign]
        elif is_currency(unit_of(sign)):
            self._money = unit_of(sign)
        elif sign in "/&":
            self._pending = []

    def _word(self, written: str) -> None:
        language, form = self._language, fold(written)
        if form in language.turns:
            self._deny_left, self._hedges = 0, frozenset()
            self._break()
        elif form in language.joins:
            self._paused = True
            self._pending = []
        elif form in language.denies_backwards:
            for word in self._part.words if not self._paused else ():
                word.denied = True
            self._deny_left = _DENY_REACH
        elif form in language.denies or form.endswith("n't"):
            self._deny(form, _DENY_REACH)
        elif form in language.lacks:
            self._deny(form, _LACK_REACH)
        elif form in language.neutral and not _is_acronym(written):
            self._small(form)
        else:
            if self._paused and form in language.past:
                self._hedges = frozenset()
            self._add(Word(form, written, self._starts, role=self._is_role()))
            self._pending.append(form)
            self._hedges |= {language.hedges[form]} if form in language.hedges else frozenset()

    def _deny(self, form: str, reach: int) -> None:
        self._lacking = reach == _LACK_REACH
        self._deny_left = reach
        self._pending.append(form)

    def _small(self, form: str) -> None:
        """Takes in a word that claims nothing by itself."""
        hedge = self._language.hedges.get(form)
        if hedge:
            self._hedges |= {hedge}
            self._part.own |= {hedge}
        self._pending.append(form)
        if self._lacking and self._deny_left < _LACK_REACH and form in self._language.leads:
            self._deny_left = 0
        if self._paused:
            if form in self._language.relatives:
                self._hedges |= {"other"}
            self._break_unless_led(form)
        self._part.small.add(form)

    def _is_role(self) -> bool:
        """Whether what comes is what somebody worked as: "as the manager"."""
        small = [each for each in self._pending[-2:] if each in self._language.neutral]
        return any(each in self._language.roles for each in small)

    def _skill(self, name: str, written: str) -> None:
        self._add(Word(name, written, self._starts, role=self._is_role(), kind="skill"))
        if self._spell_out:
            added = self._part.words[-1]
            for each in re.findall(r"[^\W_]+", written):
                spelled = Word(fold(each), each, added.starts, added.denied, added.hedges, role=added.role)
                self._part.words.append(spelled)

    def _run(self, run: str) -> None:
        language = self._language
        denied = any(each in run for each in language.denies_inside)
        ending = max((each for each in language.modifiers if run.endswith(each)), key=len, default="")
        if not ending and not denied and _GRAMMAR.fullmatch(run):
            return
        word = Word(run, run, starts=False, kind="run")
        self._add(word)
        word.denied = word.denied or denied
        word.hedges |= {kind for each, kind in language.hedges_inside.items() if each in run}
        if ending:
            self._pending = [ending]
            word.form = word.form[: -len(ending)]
            if not word.form:
                self._part.words.remove(word)
                self._sequence.pop()

    def _add(self, word: Word) -> None:
        if self._paused:
            self._break_unless_led("")
        self._part.words.append(self._flagged(word))
        self._sequence.append(word)
        self._note_following(word)
        if self._deny_left:
            self._deny_left -= 1
        self._starts = False
        if word.kind != "word":
            self._pending = []

    def _flagged(self, word: Word) -> Word:
        word.denied = self._deny_left > 0
        word.hedges = self._hedges
        return word

    def _break_unless_led(self, form: str) -> None:
        self._paused = False
        if form in self._language.leads and not self._part.is_empty:
            return
        self._break()

    def _note_following(self, word: Word) -> None:
        """Tells the last number what it counts."""
        for back in range(len(self._sequence) - 2, max(-1, len(self._sequence) - 2 - _FOLLOWING), -1):
            item = self._sequence[back]
            if item is None:
                return
            if isinstance(item, Quantity):
                for part in reversed(self._sentences[-1].parts):
                    for index, each in enumerate(part.quantities):
                        if each is item:
                            grown = replace(item, after=(*item.after, word.form))
                            part.quantities[index] = grown
                            self._sequence[back] = grown
                return


def _is_acronym(written: str) -> bool:
    """Whether a word is written in capitals alone: "IT" is no pronoun."""
    return len(written) > 1 and written.isupper() and written.isascii()

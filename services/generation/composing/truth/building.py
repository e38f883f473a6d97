"""Builds the statements of a text from its words and numbers: what is denied or weakened, what a number counts."""

import re

from services.generation.composing.truth.language import Language
from services.generation.composing.truth.quantities import Quantity, is_currency, unit_of
from services.generation.composing.truth.statements import Part, Sentence, Word
from services.generation.composing.truth.tokens import GRAMMAR
from services.generation.skills.tokens import fold

_DENY_REACH = 6
"""Words that "not" covers where no pause comes first."""
_RANGES = frozenset("to or and bis auf und oder zu à a et ou y o e hasta до и naar tot en - ~".split())
"""Words between two numbers of one unit."""
_LACK_REACH = 2
"""Words that "without" and "no" cover."""
_FOLLOWING = 3
"""Words after a number that may be what it counts."""


class Statements:
    """The sentences of one text, as far as it is read."""

    def __init__(self, language: Language, *, spell_out: bool) -> None:
        self._language = language
        self._spell_out = spell_out
        self._sentences: list[Sentence] = []
        self.begin_sentence()

    def finished(self) -> list[Sentence]:
        """The sentences that claim something."""
        for sentence in self._sentences:
            sentence.parts = [each for each in sentence.parts if not each.is_empty]
        return [each for each in self._sentences if each.parts]

    def begin_sentence(self) -> None:
        """Begins another sentence."""
        self._sentences.append(Sentence([Part()]))
        self.starts = True
        self._paused = False
        self._deny_left = 0
        self._lacking = False
        self._hedges: frozenset[str] = frozenset()
        self._pending: list[str] = []
        """Small words since the last word that claims something: perhaps "more than" before a number."""
        self.money = ""
        self._sequence: list[Word | Quantity | None] = []

    @property
    def part(self) -> Part:
        """The statement that is being built."""
        return self._sentences[-1].parts[-1]

    def pause(self) -> None:
        """Takes in a mark between two parts of a sentence."""
        self._paused = True
        self._deny_left = 0
        self._pending = []
        self._sequence.append(None)

    def _break(self) -> None:
        """Begins another statement of the sentence."""
        self._sentences[-1].parts.append(Part())
        self._paused = False
        self.starts = True

    def store(self, quantity: Quantity) -> None:
        """Takes in a number with its unit."""
        if self.money and not quantity.unit:
            quantity = quantity._replace(unit=self.money)
        self.money = ""
        if not quantity.modifier:
            quantity = quantity._replace(modifier=self._modifier())
        between, self._pending = self._pending, []
        if set(between) <= _RANGES:
            self._pass_on_unit(quantity)
        before = self._sequence[-1] if self._sequence else None
        quantity = quantity._replace(
            before=before.form if isinstance(before, Word) else before.before if before else "",
            joined=isinstance(before, Quantity),
        )
        if self._paused:
            self._break_unless_led("")
        self.part.quantities.append(quantity)
        self._sequence.append(quantity)
        self.starts = False

    def _pass_on_unit(self, quantity: Quantity) -> None:
        """In "from 50 to 6 minutes" the 50 are minutes too."""
        before = self._sequence[-1] if self._sequence else None
        if quantity.unit and isinstance(before, Quantity) and not before.unit and self.part.quantities:
            whole = before._replace(unit=quantity.unit)
            self.part.quantities[-1] = whole
            self._sequence[-1] = whole

    def _modifier(self) -> str:
        for length in (4, 3, 2, 1):
            phrase = " ".join(self._pending[-length:])
            if len(self._pending) >= length and phrase in self._language.modifiers:
                words = self.part.words
                for _ in range(length):
                    if words and words[-1].kind == "word" and words[-1].form == self._pending[-1]:
                        words.pop()
                        self._sequence.pop()
                        self._hedges -= {self._language.hedges.get(self._pending[-1], "")}
                    self._pending.pop()
                return self._language.modifiers[phrase]
        return ""

    def sign(self, sign: str) -> None:
        """Takes in a sign."""
        if sign in "~<>≈≥≤":
            self._pending = [sign]
        elif is_currency(unit_of(sign)):
            self.money = unit_of(sign)
        elif sign in "/&":
            self._pending = []

    def word(self, written: str) -> None:
        """Takes in a word."""
        language, form = self._language, fold(written)
        if form in language.turns:
            self._deny_left, self._hedges = 0, frozenset()
            self._break()
        elif form in language.joins:
            self._paused = True
            self._pending = []
        elif form in language.denies_backwards:
            for word in self.part.words if not self._paused else ():
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
            self.add(Word(form, written, self.starts, role=self._is_role()))
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
            self.part.own |= {hedge}
        self._pending.append(form)
        if self._lacking and self._deny_left < _LACK_REACH and form in self._language.leads:
            self._deny_left = 0
        if self._paused:
            if form in self._language.relatives:
                self._hedges |= {"other"}
            self._break_unless_led(form)
        self.part.small.add(form)

    def _is_role(self) -> bool:
        """Whether what comes is what somebody worked as: "as the manager"."""
        language = self._language
        return any(each in language.roles and each in language.neutral for each in self._pending[-2:])

    def skill(self, name: str, written: str) -> None:
        """Takes in a skill by its canonical name."""
        self.add(Word(name, written, self.starts, role=self._is_role(), kind="skill"))
        if self._spell_out:
            added = self.part.words[-1]
            for each in re.findall(r"[^\W_]+", written):
                spelled = Word(fold(each), each, added.starts, added.denied, added.hedges, role=added.role)
                self.part.words.append(spelled)

    def run(self, run: str) -> None:
        """Takes in a run of a script without spaces."""
        language = self._language
        denied = any(each in run for each in language.denies_inside)
        ending = max((each for each in language.modifiers if run.endswith(each)), key=len, default="")
        if not ending and not denied and GRAMMAR.fullmatch(run):
            return
        word = Word(run, run, starts=False, kind="run")
        self.add(word)
        word.denied = word.denied or denied
        word.hedges |= {kind for each, kind in language.hedges_inside.items() if each in run}
        if ending:
            self._pending = [ending]
            word.form = word.form[: -len(ending)]
            if not word.form:
                self.part.words.remove(word)
                self._sequence.pop()

    def add(self, word: Word) -> None:
        """Takes in a word that claims something."""
        if self._paused:
            self._break_unless_led("")
        self.part.words.append(self._flagged(word))
        self._sequence.append(word)
        self._note_following(word)
        if self._deny_left:
            self._deny_left -= 1
        self.starts = False
        if word.kind != "word":
            self._pending = []

    def spell(self, written: str) -> None:
        """Lists a word that is part of a number or a unit, where those are spelled out."""
        if self._spell_out:
            self.part.words.append(self._flagged(Word(fold(written), written, starts=False)))

    def _flagged(self, word: Word) -> Word:
        """The word with what denies or weakens it here."""
        word.denied = self._deny_left > 0
        word.hedges = self._hedges
        return word

    def _break_unless_led(self, form: str) -> None:
        self._paused = False
        if form in self._language.leads and not self.part.is_empty:
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
                            grown = item._replace(after=(*item.after, word.form))
                            part.quantities[index] = grown
                            self._sequence[back] = grown
                return


def _is_acronym(written: str) -> bool:
    """Whether a word is written in capitals alone: "IT" is no pronoun."""
    return len(written) > 1 and written.isupper() and written.isascii()

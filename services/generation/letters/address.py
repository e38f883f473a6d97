"""To whom a letter goes and how they are greeted: the person the caller or the posting names, else the team."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from services.generation.composing.context import squeeze
from services.generation.letters.language import Language, letter_language, letter_languages
from services.generation.letters.pen import POSTING_ID, Pen, Told
from vitae.resume.v1 import common_pb2

_TITLES = r"(?:Dr|Prof|Professor|Dipl\.-Ing|Ing|Mag|Docteur)\b\.?"
_PARTICLES = frozenset("van von de der den del della di da la le zu zur ten ter al el af av dos du".split())
_NAME = r"[A-ZÀ-ÖØ-Þ][\w'’-]+(?:[ ](?:(?:van|von|de|der|den|di|la|le|zu|al|el|du)[ ]){0,2}[A-ZÀ-ÖØ-Þ][\w'’-]+){0,2}"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone to write to."""

    form: str
    """ "female" or "male" where the form of address tells; "" where it does not."""
    titles: str
    """ "Prof. Dr."; empty for most."""
    full_name: str
    """Without form of address and titles."""

    @property
    def family(self) -> str:
        """The family name with its particles."""
        words = self.full_name.split()
        start = len(words) - 1
        while start > 1 and words[start - 1].lower() in _PARTICLES:
            start -= 1
        return " ".join(words[start:])


def parse_person(text: str) -> Person | None:
    """A person from a name as people write it, "Frau Dr. Anna Müller"; None where there is no name."""
    words = squeeze(text).split()
    form = ""
    titles = []
    while words:
        bare = words[0].rstrip(".").lower()
        found = next((name for name, known in _forms().items() if bare in known), "")
        if found:
            form = found
        elif re.fullmatch(_TITLES, words[0]):
            titles.append(words[0])
        else:
            break
        words.pop(0)
    return Person(form, " ".join(titles), " ".join(words)) if words else None


def named_contact(text: str, company: str, languages: Iterable[Language]) -> Person | None:
    """The person a posting names as its contact; None where it names none, or only an office."""
    languages = list(languages)
    labels = "|".join(re.escape(label) for each in languages for label in each.contact_labels)
    forms = "|".join(
        sorted((re.escape(word) for known in _forms().values() for word in known), key=len, reverse=True)
    )
    pattern = (
        rf"(?<!\w)(?i:{labels})(?:[ ]*[:–-][ \n]*|[ ]+(?:(?:is|ist|est)[ ]+)?)"
        rf"(?P<who>(?P<form>(?i:(?:{forms})\b\.?)[ ]+)?(?:{_TITLES}[ ]*)*{_NAME})"
    )
    no_names = {word for each in languages for word in each.no_names}
    no_names |= {word.lower() for word in re.findall(r"\w+", company)}
    for match in re.finditer(pattern, text):
        person = parse_person(match.group("who"))
        if person is None:
            continue
        words = re.findall(r"[^\W\d_]+", person.full_name.lower())
        alone = len(words) < 2 and not person.form and not person.titles
        if not alone and not no_names & set(words):
            return person
    return None


def address_line(person: Person | None, language: Language) -> str:
    """The person as the first line of the address; empty for nobody."""
    if person is None:
        return ""
    name = " ".join(filter(None, (person.titles, person.full_name)))
    forms = dict(zip(("female", "male"), language.address, strict=True))
    return forms.get(person.form, "{person}").format(person=name)


def without_form(name: str) -> str:
    """A name without a form of address before it."""
    person = parse_person(name)
    return "" if person is None else " ".join(filter(None, (person.titles, person.full_name)))


def salutation(person: Person | None, company: Told, pen: Pen) -> common_pb2.Line:
    """The line that greets: by name where the language can, else the team."""
    base = f"salutation.{pen.tone}."
    values: dict[str, Told] = {"company": _short(company)}
    names: list[str] = []
    if person is not None:
        family = person.family
        values |= {
            "person": Told(" ".join(filter(None, (person.titles, person.full_name))), (POSTING_ID,)),
            "family": Told(family, (POSTING_ID,)),
            "titles": Told(person.titles, (POSTING_ID,)),
            "titled_family": Told(" ".join(filter(None, (person.titles, family))), (POSTING_ID,)),
        }
        names = [*(["titled"] if person.titles else []), *([person.form] if person.form else []), "named"]
    for name in (*names, "unknown"):
        made = pen.say(f"{base}{name}", values)
        if made is not None:
            made.text = made.text.rstrip(",") + pen.language.salutation_mark
            if made.provenance.source_ids[0] != POSTING_ID:
                del made.provenance.source_ids[:]
                made.provenance.source_ids.append(POSTING_ID)
            return made
    raise LookupError(f"{base}unknown has no variant without fields")


def _short(company: Told) -> Told:
    """The company where its name is short enough to greet it by; nothing else."""
    fits = company.text and len(company.text) <= 30 and not re.search(r"[,&.()]", company.text)
    return company if fits else Told("", ())


@cache
def _forms() -> Mapping[str, frozenset[str]]:
    """Forms of address of all languages: a German letter may go to "Ms Ng"."""
    known = [each for tag in letter_languages() if (each := letter_language(tag)) is not None]
    return {
        "female": frozenset(word.rstrip(".") for each in known for word in each.female),
        "male": frozenset(word.rstrip(".") for each in known for word in each.male),
    }

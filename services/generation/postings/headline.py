"""Title, company and place of a posting, guessed from its text; empty where it does not tell."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.generation.postings.language import Language
from services.generation.postings.sections import Sections
from services.generation.skills.tokens import fold

_LONGEST_TITLE = 90
_TITLE_WORDS = 10
_FIRST_LINES = 6
_BEGINNING = 6_000
"""Characters in which a posting has said whose it is."""
_CAPITAL = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĻŁŃŅŇŌŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽ"
_LINKS = "(?:of|and|und|et|de|der|di|do|van|y)"
_NAME = rf"(?:(?:St|Dr|Mt)\. )?[{_CAPITAL}][\w&'’-]*(?:\.\w+)?(?:[ ](?:{_LINKS}[ ])?[{_CAPITAL}0-9&][\w&'’-]*){{0,4}}"
_PLACE = (
    rf"[{_CAPITAL}][\w'’.-]+(?:[ -](?:am|an|der|upon|sur|de|la|del)?[ -]?[{_CAPITAL}][\w'’-]+){{0,3}}"
    rf"(?:, ?[{_CAPITAL}][\w'’-]+(?: [{_CAPITAL}][\w'’-]+)?)?"
)
_LEGAL = re.compile(
    rf"(?P<name>{_NAME}),? (?:GmbH(?: & Co\. KG(?:aA)?)?|AG|SE|KG|OHG|e\.V\.|gGmbH|Inc\.?|LLC|L\.L\.C\.|Ltd\.?"
    r"|PLC|plc|Corp\.?|Corporation|S\.?A\.?S?\.?|SARL|SL|S\.L\.|S\.p\.A\.|SpA|S\.r\.l\.|Srl|B\.?V\.?|N\.?V\.?|AB|AS|A/S|Oy|Oyj"
    r"|sp\. z o\.o\.|Pty|Lda)(?![\w])"
)
_MARKER = re.compile(
    r"\s*[(\[|,–-]*\s*\b(?:[mwfdxihg](?:\s*[/|*.,]\s*[mwfdxihg]){1,3}|all genders?|gn|h/f|f/h|m/f/d|remote|hybrid"
    r"|full[- ]time|part[- ]time|vollzeit|teilzeit|voll- oder teilzeit|cdi|cdd|temps plein"
    r"|100\s*%|80\s*[-–]\s*100\s*%)\b"
    # "remote within the EU", "remote in Germany": the place is no part of the title.
    r"(?:(?<=remote)\s+(?:within|in|from|inside|anywhere in)\s+[^)\]|,–\n]{2,40}(?=[)\]|,–\n]|$))?"
    r"\s*[)\]]?",
    re.IGNORECASE,
)
_INNER_GENDER = re.compile(
    r"(?<=\w)(?:[:*_]in(?:nen)?|/-?in(?:nen)?|\(in\)|\(e\)|·e|\(a\)|/a|/o|\(n\))\b(?:\))?", re.IGNORECASE
)
_GENDERS = re.compile(r"(?:\(|\b)[mwfdxh]\s*[/|]\s*[mwfdxh](?:\)|\b)", re.IGNORECASE)
_WANTED = re.compile(r"\s+(?:gesucht|wanted|gezocht|cercasi)\s*!*(?=\s*(?:\(|$))", re.IGNORECASE)
_COMPANY_AND_PLACE = re.compile(rf"(?P<name>{_NAME})\s*[,·|–—-]\s*(?P<place>{_PLACE})")
_ADDRESS = re.compile(r"https?://|www\.|@\w")
_AT = re.compile(rf"\s(?:at|bei|bei der|chez|@)\s(?P<name>{_NAME})(?:,? (?:in|à|en) (?P<place>{_PLACE}))?")


@dataclass(frozen=True, slots=True)
class Headline:
    """What a posting is about."""

    title: str = ""
    company: str = ""
    location: str = ""


def read_headline(text: str, headline: str, sections: Sections, language: Language) -> Headline:
    """Guesses title, company and place; `headline` is the main heading of a page, "" without one."""
    labelled = {name: _labelled(text, words) for name, words in language.labels.items()}
    title_line = headline or _first_title_line(text, sections, language)
    title = labelled["title"] or title_line or _sought(text, language)
    beside_company, beside_location = _beside(title_line, language)
    beneath_company, beneath_location = _beneath(text[:_BEGINNING], title_line, language)
    company = labelled["company"] or beside_company or _company(text, title_line, beneath_company, language)
    at = _AT.search(title_line)
    beside_location = beside_location or (at.group("place") if at and at.group("place") else beneath_location)
    location = labelled["location"] or beside_location or _location(text, language)
    return Headline(_clean_title(title, company), _trim(company), _trim(location))


def _labelled(text: str, words: tuple[str, ...]) -> str:
    """What stands after a label at the beginning of a line: "Location: Porto"."""
    names = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    label = rf"^[^\w\n]{{0,4}}(?:{names})\**\s*[:：]\s*\**[ ]*(?P<value>[^\n]{{2,120}})$"
    match = re.search(label, text, re.IGNORECASE | re.MULTILINE)
    return match.group("value").strip(" *_") if match else ""


def _first_title_line(text: str, sections: Sections, language: Language) -> str:
    """The first line that reads like the title of a job."""
    seen = 0
    at = 0
    for line in text.split("\n"):
        start, at = at, at + len(line) + 1
        stripped = line.strip(" #*_•-–=")
        if not stripped:
            continue
        seen += 1
        if seen > _FIRST_LINES:
            return ""
        if any(first <= start < last for first, last in sections.headings):
            continue
        words = _before_place(stripped).split()
        if (
            len(stripped) > _LONGEST_TITLE
            or len(words) > _TITLE_WORDS
            or stripped[-1] in ".!?:;"
            or _ADDRESS.search(stripped)
        ):
            continue
        if _names_job(stripped, language):
            return stripped
    return ""


def _before_place(line: str) -> str:
    """A line up to the first dash or bar, where company and place follow a title."""
    return next((piece for piece in _pieces(line) if piece), line)


def _names_job(line: str, language: Language) -> bool:
    """Whether a line holds a word for a job, alone or at the end of a compound ("Pflegefachkraft")."""
    if _GENDERS.search(line) or _WANTED.search(line):
        return True
    for word in re.findall(r"[^\W\d_]+", _INNER_GENDER.sub("", line)):
        key = fold(word)
        singular = key.removesuffix("s")
        if key in language.title_nouns or singular in language.title_nouns:
            return True
        if len(key) > 7 and any(key.endswith(noun) and len(noun) > 3 for noun in language.title_nouns):
            return True
    return False


def _sought(text: str, language: Language) -> str:
    """The title in a sentence such as "we are looking for a Senior Nurse to join ..."."""
    for pattern in language.seeking["title"]:
        for match in re.finditer(
            rf"(?<!\w)(?:{pattern})\s+(?P<title>[^\n.!?;:,]{{3,120}})", text, re.IGNORECASE
        ):
            title = _until_end(match.group("title"), language)
            if _names_job(title, language):
                return title
    return ""


def _beside(title_line: str, language: Language) -> tuple[str, str]:
    """Company and place where a title line reads "Title - Company - Place"; empty otherwise."""
    parts = [part for part in _pieces(_MARKER.sub(" ", title_line)) if part]
    if len(parts) != 3 or not _names_job(parts[0], language) or _names_job(parts[1], language):
        return "", ""
    return parts[1], parts[2]


def _until_end(words: str, language: Language) -> str:
    """The words of a title out of a sentence: up to "to", "who", "for", from the first that is no mere praise."""
    kept: list[str] = []
    for word in words.replace("\n", " ").split()[:_TITLE_WORDS]:
        key = fold(word)
        if kept and (
            f" {key} " in language.title_ends or key in language.stop_words - {"of", "de", "und", "and"}
        ):
            break
        kept.append(word)
    capitals = [index for index, word in enumerate(kept) if word[0].isupper()]
    if capitals:
        kept = kept[capitals[0] :]
    return " ".join(kept)


def _company(text: str, title_line: str, beneath: str, language: Language) -> str:
    at = _AT.search(title_line)
    if at:
        return at.group("name")
    beginning = text[:_BEGINNING]
    legal = _LEGAL.search(beginning)
    if legal:
        words = legal.group().split()
        while words and fold(words[0]) in language.stop_words:
            del words[0]
        if len(words) > 1:
            return " ".join(words)
    if beneath:
        return beneath
    for pattern in language.seeking["company"]:
        named = pattern.replace("{name}", _NAME)
        for match in re.finditer(rf"(?<!\w){named}(?!\w)", beginning):
            if not _is_common(match.group("name"), language):
                return match.group("name")
    return ""


def _beneath(text: str, title_line: str, language: Language) -> tuple[str, str]:
    """Company and place of the line under the title: postings open with title, company, place.

    A name alone has to be used again in the text. Before a place ("Elm Hospital, Cork") it may be that of a town as
    well, so it has to be used again or hold a word for an organisation.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    position = next((index for index, line in enumerate(lines) if title_line and title_line in line), None)
    if position is None or position + 1 >= len(lines):
        return "", ""
    line = lines[position + 1]
    found = _COMPANY_AND_PLACE.fullmatch(line)
    name, place = (found.group("name"), found.group("place")) if found else (line, "")
    if not re.fullmatch(_NAME, name) or _is_common(name, language) or _names_job(name, language):
        return "", ""
    after = text[text.find(line) + len(line) :]
    again = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", after)
    known = place and any(fold(word) in language.organisations for word in re.findall(r"[^\W\d_]+", name))
    return (name, place) if again or known else ("", "")


def _is_common(name: str, language: Language) -> bool:
    """Whether a capitalised run is no company's name: "We", "The Candidate", a job's title."""
    words = [fold(word) for word in re.findall(r"[^\W\d_]+", name)]
    common = language.stop_words | language.generic_words | language.title_nouns
    if not words or words[0] in language.stop_words or words[-1] in language.title_nouns:
        return True
    return all(word in common for word in words)


def _location(text: str, language: Language) -> str:
    for pattern in language.seeking["location"]:
        for match in re.finditer(rf"(?<!\w){pattern.replace('{place}', _PLACE)}", text[:20_000]):
            if not _is_common(match.group("place"), language):
                return match.group("place")
    return ""


def _clean_title(title: str, company: str) -> str:
    """A title without gender marks, working time, place and company around it."""
    title = _WANTED.sub("", _INNER_GENDER.sub("", title))
    if company:
        title = re.sub(rf"\s*(?:\bat\b|\bbei\b|\bchez\b|@|[|–—-])\s*{re.escape(company)}.*$", "", title)
    parts = [part for part in _pieces(_MARKER.sub(" ", title)) if part]
    return _trim(parts[0]) if parts else ""


def _pieces(title: str) -> Iterator[str]:
    for part in re.split(r"\s+[|–—•]\s+|\s+-\s+", title):
        yield part.strip(" ,;:|–—-()[]*#_")


def _trim(value: str) -> str:
    if "(" in value and ")" not in value:
        value = value.partition("(")[0]
    return " ".join(value.split()).strip(" ,;:|–—-*#_").removesuffix(".")[:300]

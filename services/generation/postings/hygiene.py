"""What a posting hides from its reader or whispers to a model: found, reported and taken out of the text."""

import re
import unicodedata
from dataclasses import dataclass

from vitae.generation.v1 import postings_pb2

_EXCERPT = 200

_MESSAGES = {
    "ZERO_WIDTH": "Characters that nobody sees stood inside words; they were taken out.",
    "HOMOGLYPH": "Letters of another alphabet stood in for look-alikes; they were written as what they look like.",
    "BIDI_CONTROL": "Control characters changed the order in which the text is shown; they were taken out.",
    "HIDDEN_TEXT": "Text that the page hides from its reader was left out.",
    "COMMENT": "A comment that the page does not show was left out.",
    "MODEL_INSTRUCTION": "A sentence is aimed at a language model and not at a person; it was left out.",
}

_INVISIBLE = re.compile(
    "[\u200b\u2060-\u2064\u206a-\u206f\ufeff\u180e\u034f\u115f\u1160\u3164\uffa0\U000e0000-\U000e007f]+"
)
_JOINERS = re.compile("[\u200c\u200d]")
_MARKS = re.compile("[\u200e\u200f\u061c]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]+")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\ufffe\uffff]")
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_WORD = re.compile(r"[^\W\d_]{2,}")

# Letters that look like a Latin one in most fonts: Unicode's confusables, those of Cyrillic and Greek.
_CYRILLIC = dict(
    zip("аеорсухіјѕԁһԛԝмтнкАВЕКМНОРСТУХІЈЅѴԌ", "aeopcyxijsdhqwmthkABEKMHOPCTYXIJSVG", strict=True)
)
_GREEK = dict(zip("οανρικυτΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "oavpikutABEZHIKMNOPTYX", strict=True))
_TO_LATIN = {**_CYRILLIC, **_GREEK}
_TO_CYRILLIC = {latin: letter for letter, latin in reversed(_CYRILLIC.items())}

_MODEL = r"(?:ai|llms?|(?:large )?language models?|chatbots?|chatgpt|gpt-?\d?|bots?|artificial intelligence)"
_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,40}"
    r"\b(?:previous|prior|above|earlier|all|any|the|your|these)\b[^.!?\n]{0,30}"
    r"\b(?:instructions?|prompts?|rules|guidelines|directions|context)\b"
    r"|\b(?:ignorier\w*|vergiss|missachte)\b[^.!?\n]{0,60}\b(?:anweisung\w*|instruktion\w*|regeln|prompts?)\b"
    r"|\b(?:ignore[rz]?|oublie[rz]?)\b[^.!?\n]{0,60}\b(?:instructions?|consignes|règles)\b"
    r"|\b(?:ignora|olvida|ignore)\b[^.!?\n]{0,60}\b(?:instrucciones|instruções|istruzioni|reglas)\b"
    rf"|\b(?:if|when) you(?: are|['’]re) (?:an? )?(?:\w+ )?{_MODEL}\b"
    r"|\b(?:wenn|falls) du (?:eine? )?(?:ki|ai|sprachmodell|llm)\b"
    r"|\bsi (?:tu es|vous êtes) une? (?:ia|intelligence artificielle|modèle de langage)\b"
    r"|\b(?:attention|note to|message to|instructions? (?:to|for)|dear|hey|hello)[ ,:]+(?:all )?(?:the )?"
    rf"(?:{_MODEL}|ai (?:assistants?|models?|agents?|systems?))\b"
    rf"|\byou are (?:now )?(?:an? )?(?:{_MODEL}|helpful assistant|ai assistant)\b"
    r"|\bas an? (?:ai|large) (?:language )?model\b|\b(?:system|developer) prompt\b|\bprompt injection\b"
    r"|<\|(?:im_start|im_end|system|user|assistant|endoftext)[^>]{0,20}\|?>|\[/?INST\]|<<SYS>>"
    r"|\b(?:score|rate|rank|mark) (?:this|the) (?:candidate|applicant|resume|cv|profile)\b[^.!?\n]{0,40}"
    r"\b(?:highest|perfect|100|10/10|top|best|maximum)\b"
    r"|\b(?:reveal|print|repeat|output|show) (?:your|the) (?:system |hidden |initial )?(?:prompt|instructions)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n")


@dataclass(frozen=True, slots=True)
class CleanText:
    """A text fit for reading, and what was taken out of it."""

    text: str
    findings: tuple[postings_pb2.HygieneFinding, ...]


def finding(code: str, excerpt: str) -> postings_pb2.HygieneFinding:
    """A finding with its sentence for people; invisible characters of the excerpt are written as U+XXXX."""
    return postings_pb2.HygieneFinding(code=code, excerpt=_shown(excerpt)[:_EXCERPT], message=_MESSAGES[code])


def clean(text: str) -> CleanText:
    """The text without what a reader does not see and without sentences aimed at a model.

    What a script needs stays: joiners in emoji and in Persian or Indic words, direction marks beside right-to-left
    text.
    """
    findings: list[postings_pb2.HygieneFinding] = []
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff"))
    text = re.sub(r"[\u2028\u2029\x0b\x0c\x85]", "\n", text).replace("\t", " ").replace("\u00a0", " ")
    text = _CONTROL.sub("", text)
    text = _without(_BIDI, "BIDI_CONTROL", text, findings)
    if not _RTL.search(text):
        text = _without(_MARKS, "BIDI_CONTROL", text, findings)
    text = _without(_INVISIBLE, "ZERO_WIDTH", text, findings)
    text = _without_idle_joiners(text, findings)
    text = _in_one_script(text, findings)
    text = _without_instructions(text, findings)
    return CleanText(re.sub(r"\n{3,}", "\n\n", text).strip(), tuple(findings))


def _without(
    pattern: re.Pattern[str], code: str, text: str, findings: list[postings_pb2.HygieneFinding]
) -> str:
    match = pattern.search(text)
    if match is None:
        return text
    findings.append(finding(code, _near(text, match.start(), match.end())))
    return pattern.sub("", text)


def _without_idle_joiners(text: str, findings: list[postings_pb2.HygieneFinding]) -> str:
    """Takes out joiners between letters that never join: Latin, Cyrillic, Greek, digits, spaces."""
    idle = [match.start() for match in _JOINERS.finditer(text) if _joins_nothing(text, match.start())]
    if not idle:
        return text
    findings.append(finding("ZERO_WIDTH", _near(text, idle[0], idle[0] + 1)))
    gone = set(idle)
    return "".join(letter for place, letter in enumerate(text) if place not in gone)


def _joins_nothing(text: str, place: int) -> bool:
    beside = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
    return all(ord(each) < 0x0530 or each.isspace() for each in beside)


def _in_one_script(text: str, findings: list[postings_pb2.HygieneFinding]) -> str:
    """Writes words that mix look-alike alphabets in the one most of their letters belong to."""
    if text.isascii():
        return text
    mixed: list[str] = []

    def mend(match: re.Match[str]) -> str:
        word = match.group()
        if word.isascii():
            return word
        foreign = [each for each in word if each in _TO_LATIN]
        latin = [each for each in word if each.isascii()]
        if not foreign or not latin:
            return word
        others = [
            each for each in word if not each.isascii() and each not in _TO_LATIN and not _is_latin(each)
        ]
        mixed.append(word)
        if others or len(foreign) > len(latin):
            return "".join(_TO_CYRILLIC.get(each, each) for each in word)
        return "".join(_TO_LATIN.get(each, each) for each in word)

    text = _WORD.sub(mend, text)
    if mixed:
        findings.append(finding("HOMOGLYPH", ", ".join(dict.fromkeys(mixed))))
    return text


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


def _without_instructions(text: str, findings: list[postings_pb2.HygieneFinding]) -> str:
    if not _INSTRUCTION.search(text):
        return text
    kept, at = [], 0
    for gap in [*_SENTENCE_END.finditer(text), None]:
        end = gap.end() if gap else len(text)
        sentence = text[at:end]
        if _INSTRUCTION.search(sentence):
            findings.append(finding("MODEL_INSTRUCTION", sentence.strip()))
            kept.append("\n" if sentence.endswith("\n") else " ")
        else:
            kept.append(sentence)
        at = end
    return re.sub(r"[^\S\n]{2,}", " ", "".join(kept))


def _near(text: str, start: int, end: int) -> str:
    """What stands around a place."""
    return text[max(0, start - 40) : end + 40].strip()


def _shown(text: str) -> str:
    return "".join(
        f"U+{ord(each):04X}"
        if unicodedata.category(each) in ("Cf", "Cc", "Co", "Cn") and each != "\n"
        else each
        for each in " ".join(text.split())
    )

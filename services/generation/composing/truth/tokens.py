"""A text cut into tokens: marks in the place of skills, words, numbers, signs, and runs of scripts without spaces."""

import re

from services.generation.skills.remembered import Texts

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0955-\u0957\u0962\u0963"
    "\u0981-\u0983\u09bc-\u09d7\u0b82\u0bbe-\u0bd7\u200c\u200d"
)
"""Vowel signs and joiners, which are part of words."""
TOKEN = re.compile(
    r"(?P<skill>\ue000\d+\ue001)"
    rf"|(?P<code>[^\W\d_{CJK}]++(?:-?\d[^\W{CJK}]*)+)"
    r"|(?P<number>\d{1,3}(?:[ '’]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,:/]\d+)*)"
    rf"(?P<suffix>[^\W\d_{CJK}]{{1,12}}(?![^\W{CJK}]))?(?P<more>\+)?"
    rf"|(?P<cjk>[{CJK}]+)"
    rf"|(?P<word>[^\W\d_](?:[^\W\d_]|[{_MARKS}])*(?:'[^\W\d_]+)*)"
    r"|(?P<end>\.(?=\s|$)|[!?。！？;；\n•▪●]+)"
    r"|(?P<pause>[,，:()\[\]]|\s-\s)"
    r"|(?P<sign>[^\s\w])"
)
GRAMMAR = re.compile("[\u3041-\u309f]{1,4}")
"""A few hiragana alone: "から" between two numbers."""
_KANJI = {each: number for number, each in enumerate("〇一二三四五六七八九")}
_KANJI_NUMBER = re.compile(
    r"[一二三四五六七八九十][〇一二三四五六七八九十百千]*"
    r"(?=[人名年件台社万億亿%倍店ヶか個个家项次月日時小分秒歳回位种篇套校組班つ])"
)


def mark_skills(text: str, texts: Texts, names: list[tuple[str, str]]) -> str:
    """The text with marks in the place of the skills it names."""
    if "\ue000" in text or "\ue001" in text:
        text = text.translate({0xE000: None, 0xE001: None})
    for mention in reversed(texts.mentions(text)):
        names.append((mention.skill.name, mention.written(text)))
        text = f"{text[: mention.start]}\ue000{len(names) - 1}\ue001{text[mention.end :]}"
    return text


def kanji_numbers(text: str) -> str:
    """The text with numbers in kanji written in digits, where something follows that they count."""
    return text if text.isascii() else _KANJI_NUMBER.sub(lambda match: str(_kanji_value(match.group())), text)


def _kanji_value(text: str) -> int:
    total, current = 0, 0
    for each in text:
        if each in _KANJI:
            current = current * 10 + _KANJI[each]
        else:
            total += (current or 1) * {"十": 10, "百": 100, "千": 1000}[each]
            current = 0
    return total + current

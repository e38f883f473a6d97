"""Words of a posting that matter and are no skills."""

from collections.abc import Iterable

from services.generation.postings.language import Language
from services.generation.postings.requirements import NEGATED, ImportanceReader
from services.generation.postings.sections import Sections
from services.generation.skills.extraction import Mention
from services.generation.skills.stems import stem
from services.generation.skills.tokens import PAUSE, STOP, Tokens
from vitae.generation.v1 import postings_pb2

_MOST = 40
_MOST_SPANS = 50
_SHORTEST = 4


def keywords(
    tokens: Tokens,
    sections: Sections,
    mentions: Iterable[Mention | postings_pb2.TextSpan],
    apart: Iterable[str],
    reader: ImportanceReader,
    language: Language,
) -> list[postings_pb2.Keyword]:
    """The words, most frequent first, then first named; words of one stem count together, as first written.

    Args:
        tokens: The posting.
        sections: Its parts; those on the company, the offer and the law are left out, the introduction where
            other parts tell the work, and what stands behind a list that asks.
        mentions: Skills, whose words are left out.
        apart: Folded words left out besides: the company's name, the place.
        reader: Tells what the posting does without ("no surgical experience required"), which is left out, too.
        language: Stop words and words of every posting.
    """
    taken = {index for each in mentions for index in range(each.start, each.end)}
    ignored = {*apart, *language.furniture, *language.stop_words, *language.generic_words}
    places: dict[str, list[tuple[int, int]]] = {}
    beside = ("company", "offer", "legal", "aside", *(("intro",) if _tells_work(sections) else ()))
    names = _names(tokens, language)
    for key, start, end in zip(tokens.keys, tokens.starts, tokens.ends, strict=True):
        if (
            key in (PAUSE, STOP)
            or len(key) < _SHORTEST
            or not key.isalpha()
            or start in taken
            or key in ignored
            or key in names
        ):
            continue
        if sections.kind_at(start) in beside or _in_any(start, sections.headings):
            continue
        if reader.importance(start, end) == NEGATED:
            continue
        root = stem(key, language.tag)
        places.setdefault(root, []).append((start, end))
    ordered = sorted(places.values(), key=lambda found: -len(found))
    return [
        postings_pb2.Keyword(
            text=_as_word(tokens.text[found[0][0] : found[0][1]]),
            mentions=len(found),
            spans=[postings_pb2.TextSpan(start=start, end=end) for start, end in found[:_MOST_SPANS]],
        )
        for found in ordered[:_MOST]
    ]


def _tells_work(sections: Sections) -> bool:
    return sections.has("requirements") or sections.has("responsibilities")


def _names(tokens: Tokens, language: Language) -> frozenset[str]:
    """Words that are always capitalised inside sentences: places and people. German capitalises every noun."""
    if language.tag == "de":
        return frozenset()
    capital: dict[str, bool] = {}
    before = STOP
    for key, start in zip(tokens.keys, tokens.starts, strict=True):
        if before != STOP:
            written = tokens.text[start : start + 2]
            capital[key] = capital.get(key, True) and written[:1].isupper() and not written.isupper()
        before = key
    return frozenset(key for key, always in capital.items() if always)


def _in_any(place: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)


def _as_word(written: str) -> str:
    """Lower case, but for names in capitals."""
    return written if written.isupper() else written.lower()

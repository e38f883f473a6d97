"""How good matching and reading are on the labelled data of tests/data/matching, beside the field's usual baselines."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from rank_bm25 import BM25Okapi
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from services.generation.matching.scoring import score
from services.generation.postings.language import language
from services.generation.skills.table import SkillTable
from tests.support.labelled_matches import (
    Half,
    LabelledPosting,
    NamedSkill,
    load_postings,
    load_profiles,
    profile_text,
)
from vitae.generation.v1 import postings_pb2

TODAY = date(2026, 11, 20)
_LANGUAGES = ("en", "de", "fr")
_CLASSES = {
    postings_pb2.IMPORTANCE_MUST_HAVE: "must",
    postings_pb2.IMPORTANCE_NICE_TO_HAVE: "nice",
    postings_pb2.IMPORTANCE_MENTIONED: "mentioned",
    postings_pb2.IMPORTANCE_NEGATED: "negated",
}


@dataclass(slots=True)
class RankingQuality:
    """Mean NDCG@5 of each method over the postings of a half, and the values it is the mean of."""

    pairs: int
    mean: dict[str, float]
    by_posting: dict[str, dict[str, float]]


@dataclass(slots=True)
class ExtractionQuality:
    """What of the labelled skills is found, and what else is."""

    found: int = 0
    labelled: int = 0
    right: int = 0
    extracted: int = 0
    classed: int = 0
    classed_right: int = 0
    missed: dict[str, list[str]] = field(default_factory=dict)
    extra: dict[str, list[str]] = field(default_factory=dict)
    misclassed: dict[str, list[str]] = field(default_factory=dict)

    @property
    def precision(self) -> float:
        """Part of the skills found that are labelled."""
        return self.right / self.extracted

    @property
    def recall(self) -> float:
        """Part of the labelled skills that are found."""
        return self.found / self.labelled

    @property
    def class_accuracy(self) -> float:
        """Part of the skills found whose importance is the labelled one; those of the duties are either."""
        return self.classed_right / self.classed


def ranking_quality(half: Half, table: SkillTable) -> RankingQuality:
    """NDCG@5 with gains of 2 ** grade - 1 (Burges et al. 2005), ranking every profile of the half for each posting."""
    profiles = load_profiles(half)
    postings = [each for each in load_postings(half) if each.judgements]
    texts = {name: profile_text(profile) for name, profile in profiles.items()}
    methods: dict[str, Callable[[LabelledPosting], Mapping[str, float]]] = {
        "vitae": lambda posting: _ours(posting, profiles, table),
        "bm25": lambda posting: _bm25(posting.text, texts),
        "tfidf": lambda posting: _tfidf(posting.text, texts),
    }
    by_posting = {
        posting.name: {
            method: ndcg(
                {name: each.grade for name, each in posting.judgements.items()}, scores(posting), top=5
            )
            for method, scores in methods.items()
        }
        for posting in postings
    }
    mean = {
        method: sum(values[method] for values in by_posting.values()) / len(by_posting) for method in methods
    }
    return RankingQuality(len(profiles) * len(postings), mean, by_posting)


def ndcg(grades: Mapping[str, int], scores: Mapping[str, float], *, top: int) -> float:
    """Normalised discounted cumulative gain; equal scores share the mean gain of their places (McSherry 2008)."""
    ordered = sorted(grades, key=lambda name: -scores[name])
    gains = [2.0 ** grades[name] - 1 for name in ordered]
    begin = 0
    while begin < len(ordered):
        end = begin
        while end < len(ordered) and scores[ordered[end]] == scores[ordered[begin]]:
            end += 1
        gains[begin:end] = [sum(gains[begin:end]) / (end - begin)] * (end - begin)
        begin = end
    best = sorted((2.0**grade - 1 for grade in grades.values()), reverse=True)
    return _discounted(gains[:top]) / _discounted(best[:top])


def extraction_quality(half: Half, table: SkillTable) -> ExtractionQuality:
    """Compares by place: a labelled skill is found where a skill is found that covers half of the shorter one."""
    quality = ExtractionQuality()
    for posting in load_postings(half):
        read = posting.read(table)
        found = [each for each in read.analysis.skills if each.spans]
        text = read.analysis.text
        if text != posting.text:
            raise ValueError(f"{posting.name}: reading changes the text, so places cannot be compared")
        pairs = [(each, label) for each in found for label in posting.skills if _meets(each, label)]
        hit = {label.phrase for _, label in pairs}
        right = {each.skill for each, _ in pairs}
        quality.labelled += len(posting.skills)
        quality.extracted += len(found)
        quality.found += sum(label.phrase in hit for label in posting.skills)
        quality.right += sum(each.skill in right for each in found)
        quality.missed[posting.name] = [label.phrase for label in posting.skills if label.phrase not in hit]
        quality.extra[posting.name] = [
            f"{each.skill} ({each.written_as})" for each in found if each.skill not in right
        ]
        for each in found:
            wishes = {label.wish for other, label in pairs if other is each}
            if wishes and "duties" not in wishes:
                quality.classed += 1
                quality.classed_right += _CLASSES[each.importance] in wishes
                if _CLASSES[each.importance] not in wishes:
                    quality.misclassed.setdefault(posting.name, []).append(
                        f"{each.skill}: {_CLASSES[each.importance]}, labelled {' or '.join(sorted(wishes))}"
                    )
    return quality


def _meets(skill: postings_pb2.PostingSkill, label: NamedSkill) -> bool:
    return any(
        2 * (min(span.end, end) - max(span.start, start)) >= min(end - start, span.end - span.start)
        for span in skill.spans
        for start, end in label.places
    )


def _ours(posting: LabelledPosting, profiles: Mapping[str, object], table: SkillTable) -> Mapping[str, float]:
    read = posting.read(table)
    return {
        name: score(profile, read, TODAY, table).original_score  # type: ignore[arg-type]
        for name, profile in profiles.items()
    }


def _words(text: str) -> list[str]:
    """Lower-case words without the stop words of the data's languages."""
    stop = frozenset().union(*(language(tag).stop_words for tag in _LANGUAGES))
    return [word for word in re.findall(r"\w[\w+#]*", text.casefold()) if word not in stop]


def _bm25(query: str, texts: Mapping[str, str]) -> Mapping[str, float]:
    index = BM25Okapi([_words(text) for text in texts.values()])
    return dict(zip(texts, map(float, index.get_scores(_words(query))), strict=True))


def _tfidf(query: str, texts: Mapping[str, str]) -> Mapping[str, float]:
    vectors = TfidfVectorizer(analyzer=_words)
    matrix = vectors.fit_transform(texts.values())
    similar = cosine_similarity(vectors.transform([query]), matrix)[0]
    return dict(zip(texts, map(float, similar), strict=True))


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))

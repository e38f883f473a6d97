"""How fast and how good matching is on this machine: one profile, ten thousand, and the labelled data.

    python tests/benchmarks/bench_match.py [--rounds 200] [--profiles 10000] [--json out/bench/match.json] [--seen-only]

Prints a table of figures with their targets, the quality on both halves of tests/data/matching and on its development
material beside BM25 and TF-IDF, what is found of the skills of its second and its fresh postings, and the ranking of
the tuned postings with parts of the table of skills. Exits with 1 when a target is missed.
`--seen-only` is for tuning: it neither computes nor shows anything of the unseen half and the fresh postings, and
starts no system.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "protos" / "gen")]

from services.document.jsonresume import import_json_resume  # noqa: E402 - the path comes first
from services.generation.composing.compose import compose  # noqa: E402
from services.generation.composing.memory import Memory  # noqa: E402
from services.generation.matching.asked import answered, asked  # noqa: E402
from services.generation.matching.batch import BatchScorer  # noqa: E402
from services.generation.matching.facts import profile_facts  # noqa: E402
from services.generation.matching.kept import read_for_matching  # noqa: E402
from services.generation.matching.ranking import rank, rank_reading, ranking_key  # noqa: E402
from services.generation.matching.reading import Reading  # noqa: E402
from services.generation.matching.scoring import score_reading  # noqa: E402
from services.generation.postings.analysis import analyze  # noqa: E402
from services.generation.skills.table import SkillTable  # noqa: E402
from tests.benchmarks.matching_quality import TODAY, extraction_quality, ranking_quality  # noqa: E402
from tests.benchmarks.matching_service import service_figures  # noqa: E402
from tests.benchmarks.matching_thinned import thinned_ndcg5  # noqa: E402
from tests.support.labelled_matches import HALVES, TUNED_ON, Half, load_postings, load_profiles  # noqa: E402
from vitae.generation.v1 import match_readings_pb2, postings_pb2, resumes_pb2  # noqa: E402
from vitae.resume.v1 import profile_pb2  # noqa: E402

T = TypeVar("T")

DATA = ROOT / "tests" / "data"

MOST = {
    "match_and_rank_ms": 5.0,
    "compose_verified_ms": 15.0,
    "generate_resume_rpc_ms": 50.0,
    "service_memory_mb": 300.0,
}
"""What a figure stays under."""
LEAST = {
    "batch_per_core_second": 2000.0,
    "batch_rpc_per_cpu_second": 2000.0,
    "unseen_ndcg5": 0.90,
    "unseen_ahead_of_bm25": 0.10,
    "unseen_ahead_of_tfidf": 0.10,
    "unseen_skill_precision": 0.97,
    "unseen_skill_recall": 0.92,
}
"""What a figure reaches."""


@dataclass(frozen=True)
class Figure:
    """A measured figure and its target."""

    name: str
    value: float
    target: float | None
    met: bool

    @classmethod
    def of(cls, name: str, value: float) -> "Figure":
        target = MOST.get(name, LEAST.get(name))
        met = value < MOST[name] if name in MOST else value >= LEAST[name] if name in LEAST else True
        return cls(name, value, target, met)


def one_profile(rounds: int, skills: SkillTable) -> dict[str, float]:
    """Medians of one five-job profile against one posting, warm, one thread."""
    profile, _ = import_json_resume((DATA / "profiles" / "platform_engineer_en.json").read_bytes())
    posting = postings_pb2.JobPosting(
        source_text=(DATA / "postings" / "platform_engineer_en.txt").read_text("utf-8")
    )
    reading = analyze(posting, skills)
    posting.title = reading.title
    posting.analysis.CopyFrom(reading.analysis)
    ranking = rank(profile, posting.analysis, TODAY, skills)
    options = resumes_pb2.TailoringOptions()

    steps: dict[str, Callable[[], object]] = {
        "read_posting_ms": lambda: analyze(posting, skills),
        "ranking_key_ms": lambda: ranking_key(profile, posting.analysis, TODAY, skills),
        "read_for_batch_ms": lambda: read_for_matching(profile, skills),
        "match_and_rank_ms": lambda: _match_and_rank(profile, posting, skills),
        # Composing checks every line against the profile and scores profile and resume.
        "compose_verified_ms": lambda: compose(profile, posting, ranking, options, TODAY, skills),
    }
    return {name: median(step, rounds) for name, step in steps.items()}


def first_times(skills: SkillTable) -> dict[str, float]:
    """Medians over the seen half of what is done for the first time: a profile nobody asked about before for a posting
    that is known, and a posting nobody asked about before for a profile that is known.
    """
    people = list(load_profiles("seen").values())
    postings = [each.read(skills) for each in load_postings("seen")]
    options, taken = resumes_pb2.TailoringOptions(), dict[str, list[float]]()

    def timed(name: str, step: Callable[[], T]) -> T:
        began = time.thread_time()
        made = step()
        taken.setdefault(name, []).append((time.thread_time() - began) * 1000)
        return made

    for number, profile in enumerate(people):
        known, other = (postings[(number + each) % len(postings)] for each in (0, 1))
        memory = Memory()
        match = partial(_match_and_rank, profile, skills=skills)
        ranking = rank(profile, known.analysis, TODAY, skills)
        again = rank(profile, other.analysis, TODAY, skills)
        if number == 0:  # makes the posting known
            match(known)
            compose(profile, known, ranking, options, TODAY, skills)
            continue
        timed("match_new_profile_ms", partial(match, known))
        timed("match_new_posting_ms", partial(match, other))
        first = partial(compose, profile, known, ranking, options, TODAY, skills, memory)
        then = partial(compose, profile, other, again, options, TODAY, skills, memory)
        timed("compose_new_profile_ms", first)
        timed("compose_new_posting_ms", then)
    return {name: statistics.median(values) for name, values in taken.items()}


def _match_and_rank(
    profile: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting, skills: SkillTable
) -> None:
    """Reads a profile, scores it for a posting and orders its parts."""
    read = Reading(profile_facts(profile), skills)
    wanted = asked(posting.analysis, read.own, skills, posting.locale)
    read = answered(read, wanted)
    rank_reading(profile, read, wanted, TODAY)
    score_reading(profile, read, wanted, posting.title, TODAY)


def batch_per_core_second(profiles: int, skills: SkillTable) -> float:
    """Profile-posting matches a second of one thread, from serialised readings to scores; the best of three runs."""
    kept = [read_for_matching(each, skills) for half in HALVES for each in load_profiles(half).values()]
    readings = [kept[number % len(kept)] for number in range(profiles)]
    posting = load_postings("seen")[0].read(skills)
    best = 0.0
    for _ in range(3):
        began = time.thread_time()
        scorer = BatchScorer(posting, skills, TODAY)
        for each in readings:
            scorer.score(match_readings_pb2.MatchReading.FromString(each))
        best = max(best, profiles / (time.thread_time() - began))
    return best


def quality(half: Half, skills: SkillTable) -> dict[str, float]:
    """Ranking and extraction on a part of the data; prints the methods side by side, unseen the mean alone."""
    ranked, extracted = ranking_quality(half, skills), extraction_quality(half, skills)
    print(f"\nNDCG@5, {half}: {ranked.pairs} judged pairs")
    print(f"  {'posting':28}" + "".join(f"{method:>8}" for method in ranked.mean))
    shown = ranked.by_posting if half in TUNED_ON else {}
    for name, values in (*shown.items(), ("mean", ranked.mean)):
        print(f"  {name:28}" + "".join(f"{value:8.3f}" for value in values.values()))
    ours = ranked.mean["vitae"]
    return {
        f"{half}_ndcg5": ours,
        f"{half}_ahead_of_bm25": ours - ranked.mean["bm25"],
        f"{half}_ahead_of_tfidf": ours - ranked.mean["tfidf"],
        f"{half}_skill_precision": extracted.precision,
        f"{half}_skill_recall": extracted.recall,
        f"{half}_must_or_nice_accuracy": extracted.class_accuracy,
    }


def extraction(part: Half, skills: SkillTable) -> dict[str, float]:
    """What is found of the skills of a part without people; a report, not a target."""
    extracted = extraction_quality(part, skills)
    return {
        f"{part}_skill_precision": extracted.precision,
        f"{part}_skill_recall": extracted.recall,
        f"{part}_must_or_nice_accuracy": extracted.class_accuracy,
    }


def median(step: Callable[[], object], rounds: int) -> float:
    """Median processor milliseconds of a step on one core, after a tenth of the rounds to warm up.

    Not by the wall clock: nothing here waits, and what else the machine does is not part of the step.
    """
    for _ in range(max(1, rounds // 10)):
        step()
    taken = []
    for _ in range(rounds):
        began = time.thread_time()
        step()
        taken.append(time.thread_time() - began)
    return statistics.median(taken) * 1000


def report(figures: list[Figure]) -> bool:
    """Prints the table; whether every target is met."""
    print(f"\n{'figure':28}{'value':>12}{'target':>12}")
    for each in figures:
        bound = "" if each.target is None else f"{'<' if each.name in MOST else '>='} {each.target:g}"
        print(f"{each.name:28}{each.value:12.3f}{bound:>12}{'' if each.met else '  MISSED'}")
    return all(each.met for each in figures)


def main() -> int:
    """Measures, prints, writes; 1 when a target is missed."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--rounds", type=int, default=200)
    arguments.add_argument("--profiles", type=int, default=10_000)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--seen-only", action="store_true")
    chosen = arguments.parse_args()

    began = time.perf_counter()
    skills = SkillTable.load()
    values = {"load_skills_ms": (time.perf_counter() - began) * 1000, "skills": float(len(skills.skills))}
    values |= first_times(skills)
    values |= one_profile(chosen.rounds, skills)
    values["batch_per_core_second"] = batch_per_core_second(chosen.profiles, skills)
    for half in TUNED_ON if chosen.seen_only else HALVES:
        values |= quality(half, skills)
    values |= extraction("second", skills)
    for kept in (1.0, 0.75, 0.5, 0.25, 0.0):
        values[f"tuned_ndcg5_{kept:.0%}_of_skills"] = thinned_ndcg5(skills, kept)
    if not chosen.seen_only:
        values |= extraction("fresh", skills)
        with tempfile.TemporaryDirectory(prefix="vitae-bench-") as folder:
            values |= asyncio.run(service_figures(Path(folder), chosen.profiles))
    figures = [Figure.of(name, value) for name, value in values.items()]
    met = report(figures)
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps({each.name: asdict(each) for each in figures}, indent=2) + "\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())

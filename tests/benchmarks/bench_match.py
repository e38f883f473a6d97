"""The speed of matching and composing on this machine: one five-job profile against one posting, warm, one thread.

    python tests/benchmarks/bench_match.py [--rounds 200] [--json out/bench/match.json]

Prints medians in milliseconds. The goal is `rank_match_compose_ms` under 15.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "protos" / "gen")]

from services.document.jsonresume import import_json_resume  # noqa: E402 - the path comes first
from services.generation.composing.compose import compose  # noqa: E402
from services.generation.matching.ranking import rank, ranking_key  # noqa: E402
from services.generation.matching.scoring import score  # noqa: E402
from services.generation.postings.analysis import analyze  # noqa: E402
from services.generation.skills.table import SkillTable  # noqa: E402
from vitae.generation.v1 import postings_pb2, resumes_pb2  # noqa: E402

DATA = ROOT / "tests" / "data"


def main() -> None:
    """Measures and prints."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--rounds", type=int, default=200)
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()

    began = time.perf_counter()
    skills = SkillTable.load()
    figures = {"load_skills_ms": (time.perf_counter() - began) * 1000}

    today = date(2026, 11, 20)
    profile, _ = import_json_resume((DATA / "profiles" / "platform_engineer_en.json").read_bytes())
    posting = postings_pb2.JobPosting(
        source_text=(DATA / "postings" / "platform_engineer_en.txt").read_text("utf-8")
    )
    reading = analyze(posting, skills)
    posting.title = reading.title
    posting.analysis.CopyFrom(reading.analysis)
    ranking = rank(profile, posting.analysis, today, skills)
    options = resumes_pb2.TailoringOptions()

    def whole() -> None:
        # Composing scores the profile and the resume on the way: this is all that generating a resume computes.
        compose(profile, posting, rank(profile, posting.analysis, today, skills), options, today, skills)

    steps: dict[str, Callable[[], object]] = {
        "read_posting_ms": lambda: analyze(posting, skills),
        "ranking_key_ms": lambda: ranking_key(profile, posting.analysis, today, skills),
        "rank_ms": lambda: rank(profile, posting.analysis, today, skills),
        "match_ms": lambda: score(profile, posting, today, skills),
        "compose_ms": lambda: compose(profile, posting, ranking, options, today, skills),
        "rank_match_compose_ms": whole,
    }
    figures.update({name: median(step, chosen.rounds) for name, step in steps.items()})
    for name, value in figures.items():
        print(f"{name:24}{value:9.2f}")
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(
            json.dumps({name: round(value, 3) for name, value in figures.items()}, indent=2) + "\n"
        )


def median(step: Callable[[], object], rounds: int) -> float:
    """Median milliseconds of a step, after a tenth of the rounds to warm up."""
    for _ in range(max(1, rounds // 10)):
        step()
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        step()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


if __name__ == "__main__":
    main()
